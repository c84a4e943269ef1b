export const JwtScope = {
  Userbasic: 'user:basic',
  RequiresAdditionalAuth: 'requiresAdditionalAuth',
  UserDataForm: 'userDataForm',
  WaasBackupToken: 'waasBackupToken',
  Deviceregister: 'device:register',
} as const;

export type JwtScope = (typeof JwtScope)[keyof typeof JwtScope];
