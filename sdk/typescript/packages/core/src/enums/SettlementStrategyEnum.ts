export const SettlementStrategyEnum = {
  Cheapest: 'cheapest',
  Fastest: 'fastest',
  PreferredOrder: 'preferred_order',
} as const;

export type SettlementStrategyEnum = (typeof SettlementStrategyEnum)[keyof typeof SettlementStrategyEnum];
