export const MFASettingsActionsTokenBehaviorEnum = {
  SingleUse: 'single_use',
  TimeBound: 'time_bound',
} as const;

export type MFASettingsActionsTokenBehaviorEnum = (typeof MFASettingsActionsTokenBehaviorEnum)[keyof typeof MFASettingsActionsTokenBehaviorEnum];
