import type { Core } from './core.js';
import { usesCookies } from './settings.js';

/** The calls on which a device signs for itself. */
const signed = new RegExp(
  '^(POST /(externalAuth/signin|refresh|providers/[^/]+/signIn|verify|verify/link|verify/transfer|wallets/verify|wallets/signin' +
    '|users/passkeys/signin|(email|sms)Verifications/(verify|signin)|deviceRegistration)|(GET|DELETE) /deviceRegistrations(/[^/]+)?)$',
);

/** The signature of this device over a fresh nonce, where the environment registers devices or the session was opened with one. */
export const deviceHeaders = async (core: Core, call: string, nonceOf: () => Promise<string>): Promise<Record<string, string>> => {
  const minds = core.settings?.security['deviceRegistrationRequired'] === true && !usesCookies(core.settings);
  if (!(minds || core.signs) || !signed.test(call)) return {};
  const deviceKey = (core.deviceKey ??= core.config.deviceKey ?? (await import('./deviceKey.js')).deviceKeyOf(core.config.issuer));
  const nonce = await nonceOf();
  return {
    'x-dynamic-device-nonce': nonce,
    'x-dynamic-device-publickey': await deviceKey.publicKey(),
    'x-dynamic-device-signed-nonce': await deviceKey.sign(nonce),
  };
};

/** Whether a user as the server wrote it, or its model, waits for the device to be registered. */
export const waits = (user: unknown): boolean => {
  const scope = (user as { scope?: unknown } | null)?.scope;
  return typeof scope === 'string' && scope.split(' ').includes('device:register');
};
