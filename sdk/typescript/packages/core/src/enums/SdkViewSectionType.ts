export const SdkViewSectionType = {
  Email: 'email',
  EmailAndPhone: 'emailAndPhone',
  Phone: 'phone',
  Separator: 'separator',
  Social: 'social',
  Text: 'text',
  Wallet: 'wallet',
  Passkey: 'passkey',
} as const;

export type SdkViewSectionType = (typeof SdkViewSectionType)[keyof typeof SdkViewSectionType];
