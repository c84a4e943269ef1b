import type { Shown } from '@stepup-auth/client/prompt/headless';
import type { AppTexts } from './appTexts.js';
import type { PromptColors, Styles } from './look.js';

/** What every view gets. */
export interface Ui extends Shown {
  readonly app: AppTexts;
  readonly colors: PromptColors;
  readonly styles: Styles;
  readonly rtl: boolean;
  /** Puts a text where the user can paste it; missing: they select it. */
  readonly copy: ((text: string) => void) | undefined;
}
