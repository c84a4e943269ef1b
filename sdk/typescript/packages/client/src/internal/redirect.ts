import type { Core } from './core.js';
import { objectOf, parseJSON } from './json.js';
import type { SocialLogin } from './social.js';

const keyOf = (core: Core): string => `stepup:${core.config.issuer}:redirect`;

/** Remembers a login while the browser is away. A later one takes its place. */
export const keepRedirect = async (core: Core, login: SocialLogin): Promise<void> => {
  await core.config.redirectStorage.setItem(keyOf(core), JSON.stringify(login));
};

/** The login that is remembered, if it is the one that came back under this state. */
export const keptRedirect = async (core: Core, state: string): Promise<SocialLogin | undefined> => {
  const text = await core.config.redirectStorage.getItem(keyOf(core));
  if (text === null) return undefined;
  const login = objectOf(parseJSON(text)) as unknown as SocialLogin;
  return login.state === state ? login : undefined;
};

export const forgetRedirect = async (core: Core): Promise<void> => {
  await core.config.redirectStorage.removeItem(keyOf(core));
};

/** What the address of the page says of a login that came back. */
export const returned = (url: URL | string): { state: string; code: string | null; error: string | null } | undefined => {
  const { searchParams } = new URL(String(url));
  const state = searchParams.get('dynamicOauthState');
  return state === null ? undefined : { state, code: searchParams.get('dynamicOauthCode'), error: searchParams.get('error') };
};
