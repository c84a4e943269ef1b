/** What a verified elevated access token says. Only a verifier makes one that means something. */
export interface Claims {
  /** The environment that minted it. */
  issuer: string;
  /** Where it may be used; never empty. */
  audience: string[];
  /** The user. */
  subject: string;
  /** The session in which the proof was given. */
  session: string;
  environmentId: string;
  /** What it allows; never empty, none twice. */
  scopes: string[];
  /** Whether it must be spent at the issuer. */
  singleUse: boolean;
  /** Its jti. */
  id: string;
  issuedAt: Date;
  /** Dead from this second on. */
  expires: Date;
  /** When the proof was given, which is not when the user signed in. */
  authTime: Date;
  /** Strength of the proof, such as `urn:stepup:mfa`. */
  acr: string;
  /** Methods of the proof (RFC 8176); may be empty. */
  amr: string[];
  credentialId?: string;
  /** The device key of the session, if it has one. */
  sessionPublicKey?: string;
  /** Your own login's iss and sub, for users who signed in through it. */
  externalIssuer?: string;
  externalSubject?: string;
  /** cnf.jkt (RFC 9449 section 6): the token is good only together with a DPoP proof by that key. */
  keyThumbprint?: string;
  /** What the token is bound to (RFC 9396): it allows that exact transaction and no other. */
  authorizationDetails?: unknown[];
  /** The hash of them, which the verifier has compared. */
  authorizationDetailsHash?: string;
  /** Whether the user was shown the transaction by the very thing that confirmed it; there if the token is bound. */
  displayed?: boolean;
}

/** What a verified session token says. */
export interface SessionClaims {
  issuer: string;
  /** The app origin that signed in, or the issuer. */
  audience: string[];
  subject: string;
  /** Stays the same while the session is renewed. */
  session: string;
  environmentId: string;
  /** Words such as `user:basic`; not scopes of elevated tokens. */
  scopes: string[];
  issuedAt: Date;
  expires: Date;
  lastVerifiedCredentialId?: string;
  signInCredentialId?: string;
  sessionPublicKey?: string;
  externalIssuer?: string;
  externalSubject?: string;
  /** Whether the sign-in is finished: a second factor or a device registration that is missing leaves a session nobody should act on. */
  complete: boolean;
}
