import type { VNode } from 'preact';
import { type IconName, iconPaths } from '../icons.js';

export const Icon = ({ name }: { name: IconName }): VNode => (
  <svg class={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d={iconPaths[name]} />
  </svg>
);
