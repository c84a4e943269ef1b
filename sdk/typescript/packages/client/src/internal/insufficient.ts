import { memberOf, parseJSON, textOf } from './json.js';

/**
 * Why a `Response` of anybody's API refuses, if it asks for a step-up for this scope: our own 403, the `insufficient_scope` of RFC 6750,
 * or the `insufficient_user_authentication` of RFC 9470. One that names another scope asks for what the caller never meant to hand to
 * that API, so it is no such request. The body stays unread for its caller.
 */
export const refusalIn = async (result: unknown, scope: string): Promise<string | undefined> => {
  if (typeof Response === 'undefined' || !(result instanceof Response) || (result.status !== 401 && result.status !== 403)) return undefined;
  const challenge = result.headers.get('www-authenticate') ?? '';
  const asked = /^\s*(Bearer|DPoP)\b/i.test(challenge) && /\berror="?(insufficient_scope|insufficient_user_authentication)\b/.test(challenge);
  const body = await peek(result);
  const ours = textOf(body, 'code') === 'elevated_access_token_required';
  if (!asked && !ours) return undefined;
  const payload = memberOf(body, 'payload');
  const named = [textOf(payload, 'scope'), /\bscope="([^"]*)"/.exec(challenge)?.[1]].filter((scopes) => scopes);
  if (!named.every((scopes) => scopes?.split(' ').includes(scope))) return undefined;
  return textOf(payload, 'reason') ?? 'spent';
};

/** The beginning of a JSON body, if it is a small one. */
const peek = async (response: Response): Promise<unknown> => {
  if (response.bodyUsed || !/^application\/(\w+\+)?json\b/.test(response.headers.get('content-type') ?? '')) return undefined;
  try {
    const reader = response.clone().body?.getReader();
    if (!reader) return undefined;
    const decoder = new TextDecoder();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return parseJSON(text + decoder.decode());
      text += decoder.decode(value, { stream: true });
      if (text.length > 65_536) {
        await reader.cancel();
        return undefined;
      }
    }
  } catch {
    return undefined;
  }
};
