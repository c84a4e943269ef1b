export const HealthcheckStatus = {
  Healthy: 'healthy',
  Unhealthy: 'unhealthy',
} as const;

export type HealthcheckStatus = (typeof HealthcheckStatus)[keyof typeof HealthcheckStatus];
