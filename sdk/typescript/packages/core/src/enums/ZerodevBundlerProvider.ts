export const ZerodevBundlerProvider = {
  Stackup: 'STACKUP',
  Pimlico: 'PIMLICO',
  Alchemy: 'ALCHEMY',
  Gelato: 'GELATO',
  UltraRelay: 'ULTRA_RELAY',
} as const;

export type ZerodevBundlerProvider = (typeof ZerodevBundlerProvider)[keyof typeof ZerodevBundlerProvider];
