export const KycFieldType = {
  Standard: 'standard',
  Custom: 'custom',
} as const;

export type KycFieldType = (typeof KycFieldType)[keyof typeof KycFieldType];
