export const SdkViewType = {
  Login: 'login',
} as const;

export type SdkViewType = (typeof SdkViewType)[keyof typeof SdkViewType];
