export const EmbeddedWalletChainEnum = {
  Evm: 'EVM',
  Midnight: 'MIDNIGHT',
  Sol: 'SOL',
  Sui: 'SUI',
  Btc: 'BTC',
  Ton: 'TON',
  Stellar: 'STELLAR',
  Tempo: 'TEMPO',
  Aleo: 'ALEO',
  Tron: 'TRON',
} as const;

export type EmbeddedWalletChainEnum = (typeof EmbeddedWalletChainEnum)[keyof typeof EmbeddedWalletChainEnum];
