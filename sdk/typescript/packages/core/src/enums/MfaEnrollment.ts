export const MfaEnrollment = {
  None: 'none',
  Signup: 'signup',
  Action: 'action',
} as const;

export type MfaEnrollment = (typeof MfaEnrollment)[keyof typeof MfaEnrollment];
