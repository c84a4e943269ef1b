export const InlineObject1NetworkEnum = {
  Testnet: 'testnet',
  Mainnet: 'mainnet',
} as const;

export type InlineObject1NetworkEnum = (typeof InlineObject1NetworkEnum)[keyof typeof InlineObject1NetworkEnum];
