import { createHash, randomUUID } from 'node:crypto';
import { answerOf } from './answerOf.js';
import type { RequireOption } from './boundTo.js';
import type { Claims } from './claims.js';
import type { Client } from './createClient.js';
import type { Verifier } from './createVerifier.js';
import { DeniedError } from './errors/DeniedError.js';
import { bind } from './internal/bind.js';
import { knows, owns } from './internal/owner.js';
import { isOperationId } from './internal/operation.js';
import { refusalOf } from './internal/refusalOf.js';
import { isDenied } from './isDenied.js';
import { parseScope } from './parseScope.js';
import type { Answer, Refusal } from './refusal.js';
import type { Caller, GuardRequest } from './requests.js';
import { sessionCaller } from './sessionCaller.js';

export interface GuardConfig {
  /** Checks tokens offline. */
  verifier: Verifier;
  /** Spends single-use tokens at the issuer. Required unless `offlineOnly` is set. */
  client?: Client | undefined;
  /**
   * Makes a guard that never asks the issuer. It refuses single-use tokens, and learns of a revocation only when the token expires. It
   * excludes `client`, `alwaysConsume` and `operation`.
   */
  offlineOnly?: boolean | undefined;
  /** Asks the issuer about time-bound tokens too, so that a revoked one is refused at once. */
  alwaysConsume?: boolean | undefined;
  /**
   * Says who makes a request, since a token must be used by its owner only; else `sessionCaller` of the verifier. An error of your own is
   * answered as 401, a `DeniedError` of the kind `unavailable` as 503.
   */
  caller?: ((request: GuardRequest) => Caller | Promise<Caller>) | undefined;
  /** Says that the Authorization header holds no session of stepup. `caller` is required then. */
  ignoreSession?: boolean | undefined;
  /**
   * Your client's key for the operation, such as its Idempotency-Key: of all requests of one user with one key and scope, one runs. It is
   * hashed together with user and scope, so a key means nothing for anyone else. Else, or for an empty one, every request is an operation
   * of its own.
   */
  operation?: ((request: GuardRequest) => string | undefined) | undefined;
  /**
   * Stands for what the request does, as 1 to 256 visible ASCII characters; one key with two digests is refused. Else SHA-256 over
   * method, path and query. The body is not part of it, since the decision is made before the body is read. An error is a 503.
   */
  digest?: ((request: GuardRequest) => string | Promise<string>) | undefined;
  /**
   * Is told what only an operator can mend: a service token that the issuer refuses, an issuer out of reach, tokens of another issuer
   * or for another audience, single-use tokens that nobody here can spend; each once a minute at most. Else `console.warn`.
   */
  log?: ((message: string, about: { error: string; requestId: string }) => void) | undefined;
  /** Answers a request that is not let through. Else `answerOf`; see also `rfc9470`. The cause is in `error`, which you may log. */
  refuse?: ((refusal: Refusal, request: GuardRequest) => Answer) | undefined;
  /**
   * Answers when this operation was let through before; nothing is permitted then, but the outcome of the first run may be shown. Else it
   * is refused with 409 `operation_replayed`.
   */
  onReplay?: ((request: GuardRequest, replay: { caller: Caller; operation: string }) => Answer | Promise<Answer>) | undefined;
}

/** What a handler may know of the request that was let through to it. */
export interface Admission {
  caller: Caller;
  /** What the token says; undefined where `signedIn` let it through. */
  claims?: Claims;
  /** The operation id under which the guard spent the token: the key to finish or resume the operation under. */
  operation?: string;
}

/** Whether a request is let through, and if not what to answer. */
export type Outcome = { admission: Admission; answer?: never } | { answer: Answer; admission?: never };

export type Judge = (request: GuardRequest) => Promise<Outcome>;

/**
 * Lets requests through when their caller has proved again who they are. It knows no framework: `forExpress`, `forFastify`, `forHono` and
 * `forFetch` make middleware of it.
 */
export interface Guard {
  /**
   * Judges requests for a scope: lets one through if it carries an elevated access token for it that belongs to its caller, and spends the
   * token if it is single-use. Token and scope are judged before the body is read; only `boundTo` reads it, after that.
   */
  require(scope: string, option?: RequireOption): Judge;
  /** Lets a request through if its caller is known; no fresh proof is asked. */
  signedIn: Judge;
}

const headers = ['elevated-access-token', 'x-dyn-elevated-access-token'] as const;

/**
 * Makes a guard.
 *
 * @throws Error if the configuration leaves open who the caller is, or how single-use tokens are spent; `require` throws if its scope is
 * none, or if a token is to be bound where none can be spent.
 * @example
 * ```ts
 * import { createClient, createGuard, createVerifier, forExpress } from '@stepup-auth/server';
 * import express from 'express';
 *
 * const issuer = 'https://auth.example.com/api/v0/sdk/11111111-2222-4333-8444-555555555555';
 * const guard = createGuard({
 *   verifier: createVerifier({ issuer, audiences: ['https://bank.example'] }),
 *   client: createClient({ issuer, serviceToken: process.env['SERVICE_TOKEN'] ?? '' }),
 * });
 * const { require } = forExpress(guard);
 * express().post('/transfers', require('transfer:create'), (_, response) => void response.json({ done: true }));
 * ```
 */
export const createGuard = (config: GuardConfig): Guard => {
  const { verifier, client, offlineOnly = false, alwaysConsume = false, ignoreSession = false, operation: keyOf, refuse = answerOf, onReplay } = config;
  const wrong = (message: string) => new Error(`making guard: ${message}`);
  if (!verifier) throw wrong('it needs a verifier');
  if (!config.caller && ignoreSession) throw wrong('with ignoreSession it needs a caller, to know whose token it may accept');
  if (!client && !offlineOnly) throw wrong('it needs a client with a service token to spend single-use tokens; set offlineOnly to refuse them instead');
  if (offlineOnly && (client || alwaysConsume || keyOf)) throw wrong('offlineOnly excludes client, alwaysConsume and operation, which ask the issuer');
  const whoIs = config.caller ?? sessionCaller(verifier);
  const digestOf = config.digest ?? digest;
  const warn = warner(config.log, verifier.now);

  /** Asks who is calling. Whatever is wrong, the answer is that nobody is signed in, unless it could not be found out. */
  const callerOf = async (request: GuardRequest): Promise<Caller> => {
    let caller;
    try {
      caller = await whoIs(request);
    } catch (error) {
      if (isDenied(error, 'unavailable') || isDenied(error, 'unauthenticated')) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new DeniedError({ kind: error instanceof Error && error.name === 'TimeoutError' ? 'unavailable' : 'unauthenticated', message });
    }
    if (!knows(caller)) throw new DeniedError({ kind: 'unauthenticated', message: 'caller named nobody' });
    return caller;
  };

  /** Judges the token, and spends it last. */
  const admit = async (request: GuardRequest, caller: Caller, scope: string, option: RequireOption | undefined): Promise<Admission> => {
    const token = elevatedToken(request);
    const claims = await verifier.elevated(token);
    if (!owns(caller, claims)) throw new DeniedError({ kind: 'wrong_subject' });
    if (!claims.scopes.includes(scope)) throw new DeniedError({ kind: 'wrong_scope' });
    if (claims.keyThumbprint !== undefined) throw new DeniedError({ kind: 'wrong_binding', note: 'key_bound', message: 'it is bound to a client key, which this guard cannot check' });
    const bound = await bind(option, request, claims);
    const key = keyOf?.(request) ?? '';
    if (claims.singleUse && offlineOnly) throw new DeniedError({ kind: 'single_use_unsupported' });
    if (client && (claims.singleUse || key !== '' || alwaysConsume)) {
      return { caller, claims, operation: await consume(client, request, { token, claims, scope, key, bound }) };
    }
    return { caller, claims };
  };

  const consume = async (issuer: Client, request: GuardRequest, { token, claims, scope, key, bound }: Spending): Promise<string> => {
    let requestDigest;
    try {
      requestDigest = await digestOf(request);
    } catch (error) {
      throw new DeniedError({ kind: 'unavailable', message: `computing request digest: ${error instanceof Error ? error.message : String(error)}` });
    }
    if (bound !== undefined) requestDigest = `sha256:${hash(requestDigest, bound).toString('hex')}`; // one key with two transactions is a conflict too
    // What is hashed is framed by lengths, so no two keys of two users can meet.
    const operationId = key === '' ? randomUUID() : `op-${hash(claims.issuer, claims.subject, scope, key).toString('base64url')}`;
    let answer;
    try {
      answer = await issuer.consume({
        token, scope, operationId, requestDigest, audience: claims.audience.find((one) => verifier.audiences.includes(one)), authorizationDetailsHash: bound,
      });
    } catch (error) {
      if (!(error instanceof DeniedError) || !isDenied(error, 'unavailable')) throw error;
      // The token may be spent; a request without a key has no name under which it could be sent again.
      throw new DeniedError({ kind: error.kind, note: key === '' ? 'outcome' : 'spending', message: `whether the token was spent is not known: ${error.message}`, cause: error });
    }
    if (answer.id !== claims.id || answer.subject !== claims.subject || answer.session !== claims.session) {
      throw new DeniedError({ kind: 'unavailable', note: 'spending', message: 'the issuer answered about another token' });
    }
    if (answer.result === 'first') return operationId;
    // Nobody else knows an id of our own, so the first try got through and its answer was lost. Nothing was run; the user proves again.
    if (key === '') throw new DeniedError({ kind: 'spent', message: 'the answer that let it through was lost' });
    throw new ReplayedError(operationId);
  };

  const refused = (error: unknown, request: GuardRequest, scope: string | undefined): Outcome => {
    if (!(error instanceof DeniedError)) throw error; // a bug, for the framework: nothing is let through
    const refusal = refusalOf(error, scope, requestId(request));
    warn(refusal);
    return { answer: refuse(refusal, request) };
  };

  return {
    require: (scope, option) => {
      parseScope(scope);
      if (option && offlineOnly) throw new Error(`require ${scope}: bound tokens are single-use, which a guard that is offlineOnly cannot spend`);
      return async (request) => {
        let caller;
        try {
          caller = await callerOf(request);
          return { admission: await admit(request, caller, scope, option) };
        } catch (error) {
          if (error instanceof ReplayedError && onReplay && caller) return { answer: await onReplay(request, { caller, operation: error.operation }) };
          return refused(error, request, scope);
        }
      };
    },
    signedIn: async (request) => {
      try {
        return { admission: { caller: await callerOf(request) } };
      } catch (error) {
        return refused(error, request, undefined);
      }
    },
  };
};

/** A token that may let a request in, if the issuer says that nobody used it before. */
interface Spending {
  token: string;
  claims: Claims;
  scope: string;
  /** By which the client names the request; empty: it does not. */
  key: string;
  /** Hash of the transaction that the request amounts to. */
  bound: string | undefined;
}

class ReplayedError extends DeniedError {
  override readonly name: string = 'ReplayedError';
  readonly operation: string;

  constructor(operation: string) {
    super({ kind: 'replayed' });
    this.operation = operation;
  }
}

/** The one elevated access token of a request. */
const elevatedToken = (request: GuardRequest): string => {
  const values = headers.flatMap((name) => request.headers(name));
  const [token = ''] = values;
  if (values.length > 1) throw new DeniedError({ kind: 'ambiguous' });
  if (token === '') throw new DeniedError({ kind: 'missing' });
  if (/^bearer ./i.test(token)) throw new DeniedError({ kind: 'bad_request', note: 'bearer', message: 'Bearer stands before the elevated access token' });
  return token;
};

/** Takes over the id that a proxy gave the request if it is harmless, and makes one otherwise. */
const requestId = (request: GuardRequest): string => {
  const [id] = request.headers('x-request-id');
  return isOperationId(id) ? id : randomUUID();
};

/** The default of GuardConfig.digest. */
const digest = ({ method, target }: GuardRequest): string => {
  const at = target.indexOf('?');
  const [path, query] = at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
  return `sha256:${hash(method, path, query).toString('hex')}`;
};

const hash = (...parts: string[]): Buffer => {
  const h = createHash('sha256');
  for (const part of parts) {
    const size = Buffer.alloc(8);
    size.writeBigUInt64BE(BigInt(Buffer.byteLength(part)));
    h.update(size).update(part);
  }
  return h.digest();
};

/** Logs what only an operator can mend, once a minute, so that a flood of requests does not fill the log. */
const warner = (log: GuardConfig['log'], now: () => number) => {
  const tell = log ?? ((message, about) => console.warn(message, about));
  const warned = new Map<string, number>();
  const what = ({ code, error }: Refusal): string | undefined => {
    if (isDenied(error, 'service_token')) return 'the issuer refuses the service token of this guard';
    if (isDenied(error, 'single_use_unsupported')) return 'a single-use token came to a guard that has no service token to spend it';
    if (error.note === 'other_issuer') return 'a token of another issuer came, which is compared as a string';
    if (error.note === 'other_audience') return 'a token for another audience came, which is compared as a string';
    return code === 'step_up_unavailable' ? 'whether a request is permitted cannot be found out' : undefined;
  };
  return (refusal: Refusal): void => {
    const message = what(refusal);
    const minute = Math.floor(now() / 60_000);
    if (message === undefined || warned.get(message) === minute) return;
    warned.set(message, minute);
    tell(`stepup: ${message}`, { error: refusal.error.message, requestId: refusal.requestId });
  };
};
