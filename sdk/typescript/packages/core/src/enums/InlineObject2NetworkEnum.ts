export const InlineObject2NetworkEnum = {
  Testnet: 'testnet',
  Mainnet: 'mainnet',
} as const;

export type InlineObject2NetworkEnum = (typeof InlineObject2NetworkEnum)[keyof typeof InlineObject2NetworkEnum];
