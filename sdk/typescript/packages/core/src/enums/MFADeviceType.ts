export const MFADeviceType = {
  Totp: 'totp',
  Passkey: 'passkey',
  Email: 'email',
} as const;

export type MFADeviceType = (typeof MFADeviceType)[keyof typeof MFADeviceType];
