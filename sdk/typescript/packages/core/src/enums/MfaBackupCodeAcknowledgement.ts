export const MfaBackupCodeAcknowledgement = {
  Pending: 'pending',
  Complete: 'complete',
} as const;

export type MfaBackupCodeAcknowledgement = (typeof MfaBackupCodeAcknowledgement)[keyof typeof MfaBackupCodeAcknowledgement];
