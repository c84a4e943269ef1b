export const JwtVerifiedCredentialFormatEnum = {
  Blockchain: 'blockchain',
  Email: 'email',
  Oauth: 'oauth',
  Passkey: 'passkey',
  PhoneNumber: 'phoneNumber',
  ExternalUser: 'externalUser',
  Totp: 'totp',
} as const;

export type JwtVerifiedCredentialFormatEnum = (typeof JwtVerifiedCredentialFormatEnum)[keyof typeof JwtVerifiedCredentialFormatEnum];
