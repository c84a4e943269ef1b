export const WaasChainEnum = {
  Evm: 'EVM',
  Midnight: 'MIDNIGHT',
  Svm: 'SVM',
  Sui: 'SUI',
  Btc: 'BTC',
  Ton: 'TON',
  Stellar: 'STELLAR',
  Tempo: 'TEMPO',
  Aleo: 'ALEO',
  Tron: 'TRON',
} as const;

export type WaasChainEnum = (typeof WaasChainEnum)[keyof typeof WaasChainEnum];
