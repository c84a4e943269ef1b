export const EnvironmentEnum = {
  Sandbox: 'sandbox',
  Live: 'live',
} as const;

export type EnvironmentEnum = (typeof EnvironmentEnum)[keyof typeof EnvironmentEnum];
