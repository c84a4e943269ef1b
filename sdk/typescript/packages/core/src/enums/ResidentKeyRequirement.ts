export const ResidentKeyRequirement = {
  Discouraged: 'discouraged',
  Preferred: 'preferred',
  Required: 'required',
} as const;

export type ResidentKeyRequirement = (typeof ResidentKeyRequirement)[keyof typeof ResidentKeyRequirement];
