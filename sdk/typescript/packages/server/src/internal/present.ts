/** The members that are not undefined. */
export const present = <T extends object>(members: { [K in keyof T]-?: T[K] | undefined } | { [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
