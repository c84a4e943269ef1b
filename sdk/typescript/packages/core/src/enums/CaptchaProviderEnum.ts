export const CaptchaProviderEnum = {
  Hcaptcha: 'hcaptcha',
  CloudflareTurnstile: 'cloudflareTurnstile',
} as const;

export type CaptchaProviderEnum = (typeof CaptchaProviderEnum)[keyof typeof CaptchaProviderEnum];
