export const MinApiVersionEnum = {
  Api20260101: '2026_01_01',
  Api20260401: '2026_04_01',
} as const;

export type MinApiVersionEnum = (typeof MinApiVersionEnum)[keyof typeof MinApiVersionEnum];
