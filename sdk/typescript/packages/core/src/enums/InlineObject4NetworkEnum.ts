export const InlineObject4NetworkEnum = {
  Testnet: 'testnet',
  Mainnet: 'mainnet',
} as const;

export type InlineObject4NetworkEnum = (typeof InlineObject4NetworkEnum)[keyof typeof InlineObject4NetworkEnum];
