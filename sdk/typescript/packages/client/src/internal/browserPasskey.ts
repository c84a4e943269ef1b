import { PasskeyCancelledError } from '../errors/PasskeyCancelledError.js';
import type { PasskeyAdapter, RegistrationJSON } from './passkey.js';
import { base64url, fromBase64url } from './random.js';

let open: AbortController | undefined;

/** A browser takes one prompt at a time: a new one ends the one before. */
const anew = (): AbortSignal => {
  open?.abort();
  open = new AbortController();
  return open.signal;
};

/** Passkeys of the browser, in WebAuthn's own JSON forms. */
export const browserPasskey: PasskeyAdapter = {
  isSupported: () => typeof PublicKeyCredential !== 'undefined' && typeof navigator?.credentials?.create === 'function',
  register: async ({ optionsJSON }) => {
    const { challenge, user, excludeCredentials = [], ...rest } = optionsJSON;
    const publicKey = {
      ...rest,
      challenge: fromBase64url(challenge),
      user: { ...user, id: fromBase64url(user.id) },
      excludeCredentials: excludeCredentials.map((entry) => ({ ...entry, id: fromBase64url(entry.id) })),
    } as unknown as PublicKeyCredentialCreationOptions;
    const made = (await navigator.credentials.create({ publicKey, signal: anew() })) as PublicKeyCredential | null;
    if (!made) throw new PasskeyCancelledError();
    const response = made.response as AuthenticatorAttestationResponse;
    return {
      ...identity(made),
      response: {
        attestationObject: base64url(response.attestationObject),
        clientDataJSON: base64url(response.clientDataJSON),
        transports: response.getTransports?.() ?? [],
      },
    };
  },
  authenticate: async ({ optionsJSON }) => {
    const { challenge, allowCredentials = [], ...rest } = optionsJSON;
    const publicKey = {
      ...rest,
      challenge: fromBase64url(challenge),
      allowCredentials: allowCredentials.map((entry) => ({ ...entry, id: fromBase64url(entry.id) })),
    } as unknown as PublicKeyCredentialRequestOptions;
    const made = (await navigator.credentials.get({ publicKey, signal: anew() })) as PublicKeyCredential | null;
    if (!made) throw new PasskeyCancelledError();
    const response = made.response as AuthenticatorAssertionResponse;
    return {
      ...identity(made),
      response: {
        authenticatorData: base64url(response.authenticatorData),
        clientDataJSON: base64url(response.clientDataJSON),
        signature: base64url(response.signature),
        userHandle: response.userHandle ? base64url(response.userHandle) : null,
      },
    };
  },
};

const identity = (made: PublicKeyCredential): Pick<RegistrationJSON, 'id' | 'rawId' | 'type' | 'authenticatorAttachment'> => ({
  id: made.id,
  rawId: base64url(made.rawId),
  type: made.type,
  authenticatorAttachment: made.authenticatorAttachment,
});
