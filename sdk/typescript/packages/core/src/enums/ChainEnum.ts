export const ChainEnum = {
  Eth: 'ETH',
  Evm: 'EVM',
  Flow: 'FLOW',
  Sol: 'SOL',
  Algo: 'ALGO',
  Stark: 'STARK',
  Cosmos: 'COSMOS',
  Btc: 'BTC',
  Eclipse: 'ECLIPSE',
  Sui: 'SUI',
  Spark: 'SPARK',
  Tron: 'TRON',
  Aptos: 'APTOS',
  Ton: 'TON',
  Stellar: 'STELLAR',
  Aleo: 'ALEO',
  Tempo: 'TEMPO',
  Midnight: 'MIDNIGHT',
} as const;

export type ChainEnum = (typeof ChainEnum)[keyof typeof ChainEnum];
