import type { VerifyResponse } from '@stepup-auth/core';
import { InvalidParamError } from '../errors/InvalidParamError.js';
import type { Core } from './core.js';
import { path } from './path.js';
import { base64url, randomText } from './random.js';
import { send } from './send.js';
import type { Session } from './state.js';
import { verified } from './verified.js';

/** A login elsewhere that has begun. */
export interface SocialLogin {
  readonly provider: string;
  readonly state: string;
  /** Proof Key for Code Exchange: who began is who finishes. */
  readonly codeVerifier: string;
  readonly requestedScopes: readonly string[];
  readonly bindingId?: string | undefined;
  /** The session it began in. */
  readonly sessionId: string | null;
}

interface Wish {
  readonly provider: string;
  readonly requestedScopes?: readonly string[] | undefined;
  readonly bindingId?: string | undefined;
  /** Where to come back to; without it the app polls. */
  readonly redirectUrl?: string;
}

/** Begins a login, and answers it with the address that the browser goes to. */
export const beginSocial = async (core: Core, within: Session | null, wish: Wish): Promise<{ login: SocialLogin; url: string }> => {
  const entry = core.settings?.providers?.find(({ provider }) => provider === wish.provider);
  if (!entry?.baseAuthUrl || !/^https?:\/\//.test(entry.baseAuthUrl)) throw new InvalidParamError(`The environment has no provider ${wish.provider}.`);
  const login: SocialLogin = {
    provider: wish.provider,
    state: randomText(),
    codeVerifier: randomText() + randomText(),
    requestedScopes: wish.requestedScopes ?? [],
    bindingId: wish.bindingId,
    sessionId: within?.sessionId ?? null,
  };
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(login.codeVerifier));
  const query = new URLSearchParams({
    client_id: entry.clientId ?? '',
    response_type: 'code',
    redirect_uri: entry.redirectUrl ?? '',
    ...(entry.scopes ? { scope: entry.scopes } : {}),
    state: login.state,
    code_challenge: base64url(digest),
    code_challenge_method: 'S256',
  });
  await send(core, {
    method: 'POST',
    path: path`/providers/${wish.provider}/initAuth`,
    session: within,
    body: { state: login.state, redirectUrl: wish.redirectUrl, bindingId: wish.bindingId },
  });
  return { login, url: `${entry.baseAuthUrl}${entry.baseAuthUrl.includes('?') ? '&' : '?'}${query}` };
};

/** Finishes a login with the code that came back: signs in, links, or with scopes proves. */
export const finishSocial = async (core: Core, within: Session | null, login: SocialLogin, code: string): Promise<VerifyResponse> => {
  const scopes = within && login.requestedScopes.length ? { requestedScopes: login.requestedScopes } : {};
  const json = await send(core, {
    method: 'POST',
    path: within ? path`/providers/${login.provider}/verify` : path`/providers/${login.provider}/signIn`,
    session: within ?? 'none',
    body: { code, state: login.state, codeVerifier: login.codeVerifier, ...scopes },
    ...(within && !login.requestedScopes.length ? { gate: { scopes: ['credential:link'] } } : {}),
  });
  return verified(core, json, { within, requestedScopes: within ? login.requestedScopes : [] });
};
