export const TimeUnitEnum = {
  Days: 'days',
  Hours: 'hours',
  Minutes: 'minutes',
} as const;

export type TimeUnitEnum = (typeof TimeUnitEnum)[keyof typeof TimeUnitEnum];
