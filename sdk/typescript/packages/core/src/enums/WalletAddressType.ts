export const WalletAddressType = {
  Ordinals: 'ordinals',
  Payment: 'payment',
  Cosmos: 'cosmos',
  Evm: 'evm',
  Stellar: 'stellar',
  Ton: 'ton',
  MidnightUnshielded: 'midnight_unshielded',
  MidnightDust: 'midnight_dust',
  MidnightShielded: 'midnight_shielded',
} as const;

export type WalletAddressType = (typeof WalletAddressType)[keyof typeof WalletAddressType];
