export const SwapQuoteRequestOrderEnum = {
  Cheapest: 'CHEAPEST',
  Fastest: 'FASTEST',
} as const;

export type SwapQuoteRequestOrderEnum = (typeof SwapQuoteRequestOrderEnum)[keyof typeof SwapQuoteRequestOrderEnum];
