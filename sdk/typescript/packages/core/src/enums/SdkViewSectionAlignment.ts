export const SdkViewSectionAlignment = {
  Center: 'center',
  Left: 'left',
  Right: 'right',
} as const;

export type SdkViewSectionAlignment = (typeof SdkViewSectionAlignment)[keyof typeof SdkViewSectionAlignment];
