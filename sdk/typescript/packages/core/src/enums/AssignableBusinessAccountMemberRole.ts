export const AssignableBusinessAccountMemberRole = {
  Admin: 'admin',
  Viewer: 'viewer',
} as const;

export type AssignableBusinessAccountMemberRole = (typeof AssignableBusinessAccountMemberRole)[keyof typeof AssignableBusinessAccountMemberRole];
