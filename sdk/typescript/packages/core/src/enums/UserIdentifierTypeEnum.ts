export const UserIdentifierTypeEnum = {
  Email: 'email',
  Id: 'id',
  ExternalUserId: 'externalUserId',
  PhoneNumber: 'phoneNumber',
  SocialUsername: 'socialUsername',
  SocialAccountId: 'socialAccountId',
} as const;

export type UserIdentifierTypeEnum = (typeof UserIdentifierTypeEnum)[keyof typeof UserIdentifierTypeEnum];
