export const InlineObject3NetworkEnum = {
  Testnet: 'testnet',
  Mainnet: 'mainnet',
} as const;

export type InlineObject3NetworkEnum = (typeof InlineObject3NetworkEnum)[keyof typeof InlineObject3NetworkEnum];
