export const ThresholdSignatureScheme = {
  TwoOfTwo: 'TWO_OF_TWO',
  TwoOfThree: 'TWO_OF_THREE',
  ThreeOfFive: 'THREE_OF_FIVE',
} as const;

export type ThresholdSignatureScheme = (typeof ThresholdSignatureScheme)[keyof typeof ThresholdSignatureScheme];
