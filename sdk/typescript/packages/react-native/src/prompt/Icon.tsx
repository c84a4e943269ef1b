import type { IconName } from '@stepup-auth/client/prompt/headless';
import type { ReactNode } from 'react';
import { Image } from 'react-native';
import { iconImages } from './iconImages.js';

/** A drawing that says nothing by itself: words stand beside it. */
export const Icon = ({ name, color, size = 20, turned = false }: {
  name: IconName;
  color: string;
  size?: number;
  /** It points along the lines, which begin at the right. */
  turned?: boolean;
}): ReactNode => (
  <Image
    source={{ uri: `data:image/png;base64,${iconImages[name]}` }}
    style={{ width: size, height: size, tintColor: color, transform: [{ scaleX: turned ? -1 : 1 }] }}
    accessible={false}
    aria-hidden
    importantForAccessibility="no"
  />
);
