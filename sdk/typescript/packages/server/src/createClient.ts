import { DeniedError } from './errors/DeniedError.js';
import { checkAddress, checkTransport } from './internal/address.js';
import { type Answer, refused } from './internal/answers.js';
import { checkConsume, consumeBody, type Consumption, type ConsumeRequest, readConsumption } from './internal/consume.js';
import { type Fetch, readAtMost, timeout, why } from './internal/http.js';
import { type Introspection, readIntrospection } from './internal/introspect.js';
import { printable } from './internal/printable.js';

export interface ClientConfig {
  /** The base address of the environment, as in the verifier's configuration. */
  issuer: string;
  /** Sent with every call; it needs the scope tokens.consume. `stepup token create` makes one. */
  serviceToken: string;
  /** Lets the service token and tokens be sent in clear to another machine. Set it only for a network that nobody else is on. */
  plainHttp?: boolean | undefined;
  /** Else the `fetch` of the platform. Redirects are never followed: the service token is for the issuer. */
  fetch?: Fetch | undefined;
}

/** Asks the issuer about tokens. */
export interface Client {
  /**
   * Spends a token for one operation: of any number of calls with one single-use token, exactly one operation id is ever let through, and
   * of any number of calls with one operation id exactly one is told `first`. A time-bound token may serve many operations. A call that
   * gets no answer is repeated once under the same operation id, which is safe.
   *
   * It rejects with a `DeniedError`: one with a reason when the token is refused, `conflict`, `service_token`, or `unavailable` when the
   * outcome is not known; after the latter the token may be spent.
   */
  consume(request: ConsumeRequest): Promise<Consumption>;
  /**
   * Asks whether a token, elevated or session, is good right now (RFC 7662). It spends nothing, so it is no permission to act. It rejects
   * with a `DeniedError` of the kind `service_token` or `unavailable`.
   */
  introspect(token: string): Promise<Introspection>;
}

const maxAnswerLength = 64 * 1024;

/**
 * Makes a client of an issuer.
 *
 * @throws Error if the issuer is no https address (http on this machine, see `plainHttp`), or the service token is missing or cannot be a
 * header.
 * @example
 * ```ts
 * import { createClient } from '@stepup-auth/server';
 *
 * const client = createClient({
 *   issuer: 'https://auth.example.com/api/v0/sdk/11111111-2222-4333-8444-555555555555',
 *   serviceToken: 'stp_…',
 * });
 * ```
 */
export const createClient = ({ issuer, serviceToken, plainHttp = false, fetch = globalThis.fetch }: ClientConfig): Client => {
  try {
    checkAddress(issuer);
    if (!plainHttp) checkTransport(issuer);
  } catch (error) {
    throw new Error(`making client: issuer: ${(error as Error).message}`);
  }
  if (typeof serviceToken !== 'string' || serviceToken === '' || !printable(serviceToken, 1024)) {
    throw new Error('making client: the service token is empty or not a token; `stepup token create` makes one');
  }

  /** Sends one request and reads the whole answer. If it rejects nothing is known about what the issuer did. */
  const post = async (path: string, contentType: string, body: string): Promise<Answer> => {
    const answer = await fetch(`${issuer}${path}`, {
      method: 'POST',
      headers: { 'content-type': contentType, accept: 'application/json', authorization: `Bearer ${serviceToken}` },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    });
    return { status: answer.status, body: await readAtMost(answer.body, maxAnswerLength) };
  };
  const unavailable = (error: unknown) => new DeniedError({ kind: 'unavailable', message: why(error) });

  return {
    consume: async (request) => {
      checkConsume(request);
      const body = consumeBody(request);
      const ask = () => post('/tokens/consume', 'application/json', body);
      const answer = await ask().catch(ask).catch((error: unknown) => Promise.reject(unavailable(error)));
      if (answer.status !== 200) throw refused(answer);
      return readConsumption(answer.body);
    },
    introspect: async (token) => {
      const form = new URLSearchParams({ token }).toString();
      const answer = await post('/tokens/introspect', 'application/x-www-form-urlencoded', form).catch((error: unknown) => Promise.reject(unavailable(error)));
      if (answer.status !== 200) throw refused(answer);
      return readIntrospection(answer.body);
    },
  };
};
