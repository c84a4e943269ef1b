export const BusinessAccountSignerType = {
  EndUser: 'endUser',
  Server: 'server',
} as const;

export type BusinessAccountSignerType = (typeof BusinessAccountSignerType)[keyof typeof BusinessAccountSignerType];
