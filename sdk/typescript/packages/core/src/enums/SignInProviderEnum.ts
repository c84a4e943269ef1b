export const SignInProviderEnum = {
  Dynamic: 'dynamic',
  MagicLink: 'magicLink',
  Blocto: 'blocto',
  Turnkey: 'turnkey',
  CoinbaseWaas: 'coinbaseWaas',
} as const;

export type SignInProviderEnum = (typeof SignInProviderEnum)[keyof typeof SignInProviderEnum];
