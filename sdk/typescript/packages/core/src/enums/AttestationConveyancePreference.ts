export const AttestationConveyancePreference = {
  Direct: 'direct',
  Enterprise: 'enterprise',
  Indirect: 'indirect',
  None: 'none',
} as const;

export type AttestationConveyancePreference = (typeof AttestationConveyancePreference)[keyof typeof AttestationConveyancePreference];
