import { DeniedError, type DeniedErrorParameters } from './DeniedError.js';

export interface RefusedErrorParameters extends DeniedErrorParameters {
  code: string;
  scope?: string | undefined;
  singleUse?: boolean | undefined;
  methods?: string[] | undefined;
  requestId?: string | undefined;
}

/** A refusal by the issuer, with what it said about it. */
export class RefusedError extends DeniedError {
  override readonly name: string = 'RefusedError';
  /** The issuer's code, such as `elevated_access_token_required`. */
  readonly code: string;
  readonly scope: string | undefined;
  /** Whether the scope asks for a single-use token, if the issuer said so. */
  readonly singleUse: boolean | undefined;
  /** Means of proof that the user could use, if the issuer said so. */
  readonly methods: string[] | undefined;
  /** Names the request in the issuer's log. */
  readonly requestId: string | undefined;

  constructor({ code, scope, singleUse, methods, requestId, ...rest }: RefusedErrorParameters) {
    super(rest);
    this.code = code;
    this.scope = scope;
    this.singleUse = singleUse;
    this.methods = methods;
    this.requestId = requestId;
  }
}
