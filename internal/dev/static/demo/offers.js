// What an environment offers, read from its settings document.

/** The ways to sign in and the second factors that are switched on. */
export function readOffers(settings) {
  const factors = settings.security.mfa.methods.filter((m) => m.enabled)
  return {
    sms: settings.providers.some((p) => p.provider === 'sms'),
    socials: settings.providers.filter((p) => p.baseAuthUrl),
    evm: settings.chains.some((c) => c.name === 'evm' && c.enabled),
    solana: settings.chains.some((c) => c.name === 'solana' && c.enabled),
    app: factors.some((m) => m.type === 'totp'),
    passkey: factors.some((m) => m.type === 'passkey'),
    recovery: factors.some((m) => m.allowBackupCodes),
  }
}
