export const UserVerificationRequirement = {
  Discouraged: 'discouraged',
  Preferred: 'preferred',
  Required: 'required',
} as const;

export type UserVerificationRequirement = (typeof UserVerificationRequirement)[keyof typeof UserVerificationRequirement];
