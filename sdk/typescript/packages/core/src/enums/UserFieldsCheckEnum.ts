export const UserFieldsCheckEnum = {
  Email: 'email',
  Username: 'username',
  NameServiceSubdomainHandle: 'name-service-subdomain-handle',
} as const;

export type UserFieldsCheckEnum = (typeof UserFieldsCheckEnum)[keyof typeof UserFieldsCheckEnum];
