import { NoWebAuthNSupportError } from '../errors/NoWebAuthNSupportError.js';
import { PasskeyCancelledError } from '../errors/PasskeyCancelledError.js';
import { PasskeyFailedError } from '../errors/PasskeyFailedError.js';
import { StepUpError } from '../errors/StepUpError.js';
import { browserPasskey } from './browserPasskey.js';
import type { Core } from './core.js';
import { objectOf } from './json.js';
import type { AuthenticationJSON, PasskeyAdapter, RegistrationJSON } from './passkey.js';

/** Makes a passkey of the server's options, and answers what to send back. */
export const makePasskey = async (core: Core, options: unknown): Promise<object> => {
  const optionsJSON = objectOf(options) as unknown as PublicKeyCredentialCreationOptionsJSON;
  const made = await prompting(adapterOf(core), (adapter) => adapter.register({ optionsJSON }));
  return plain(made, ['attestationObject', 'clientDataJSON', 'transports']);
};

/** Answers the server's options with a passkey. */
export const answerWithPasskey = async (core: Core, options: unknown): Promise<object> => {
  const json = objectOf(options);
  const allowed = Array.isArray(json['allowCredentials']) ? json['allowCredentials'] : [];
  const allowCredentials = allowed.map((entry: unknown) => ({ type: 'public-key', ...objectOf(entry) }));
  const optionsJSON = { ...json, allowCredentials } as unknown as PublicKeyCredentialRequestOptionsJSON;
  const made = await prompting(adapterOf(core), (adapter) => adapter.authenticate({ optionsJSON }));
  return plain(made, ['authenticatorData', 'clientDataJSON', 'signature', 'userHandle']);
};

const adapterOf = (core: Core): PasskeyAdapter => core.config.passkey ?? browserPasskey;

/** Whether passkeys can be used here: by the client's own adapter, else by the browser. */
export const usesPasskeys = (core: Core): boolean => adapterOf(core).isSupported?.() !== false;

const prompting = async <T>(adapter: PasskeyAdapter, run: (adapter: PasskeyAdapter) => Promise<T>): Promise<T> => {
  if (adapter.isSupported?.() === false) throw new NoWebAuthNSupportError();
  try {
    return await run(adapter);
  } catch (cause) {
    if (cause instanceof StepUpError) throw cause;
    const name = (cause as { name?: string } | null)?.name;
    if (name === 'NotAllowedError' || name === 'AbortError') throw new PasskeyCancelledError(undefined, cause);
    throw new PasskeyFailedError(sentences[name ?? ''] ?? undefined, cause);
  }
};

const sentences: Readonly<Record<string, string>> = {
  InvalidStateError: 'This device has a passkey of the account already.',
  SecurityError: 'This page may not use passkeys of the environment: passkeys.rpId and passkeys.origins say which may.',
  NotSupportedError: 'The device knows none of the algorithms that are taken.',
};

/** What the API takes of an answer, and nothing else of it. */
const plain = (made: RegistrationJSON | AuthenticationJSON, members: readonly string[]): object => {
  const { id, rawId, type, authenticatorAttachment, response } = made;
  const entries = Object.entries(response).filter(([name, value]) => members.includes(name) && value !== null && value !== undefined);
  return { id, rawId, type, ...(authenticatorAttachment ? { authenticatorAttachment } : {}), response: Object.fromEntries(entries) };
};
