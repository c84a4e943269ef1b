export const PasskeyCredentialHint = {
  Hybrid: 'hybrid',
  SecurityKey: 'security-key',
  ClientDevice: 'client-device',
} as const;

export type PasskeyCredentialHint = (typeof PasskeyCredentialHint)[keyof typeof PasskeyCredentialHint];
