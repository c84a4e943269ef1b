export const BusinessAccountMemberRole = {
  Owner: 'owner',
  Admin: 'admin',
  Viewer: 'viewer',
} as const;

export type BusinessAccountMemberRole = (typeof BusinessAccountMemberRole)[keyof typeof BusinessAccountMemberRole];
