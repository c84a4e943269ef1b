/** A request as a guard reads it, whatever framework it came through. */
export interface GuardRequest {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  /** The values of a header, one for each time that it stands there. The name is in lower case. */
  headers(name: string): readonly string[];
  /** The body, at most 1 MiB of it, as text. The handler can still read it. */
  text(): Promise<string>;
  /** The body, at most 1 MiB of it, read as JSON. Where a parser ran before the guard this is what the handler sees. */
  json(): Promise<unknown>;
  /** The framework's own. */
  readonly native: unknown;
}

/** Who makes a request, known from something other than the elevated access token. Half a pair names nobody. */
export interface Caller {
  /** The token's sub must be equal, */
  subject?: string | undefined;
  /** and its sid. */
  session?: string | undefined;
  /** The token's ext_iss must be equal, */
  externalIssuer?: string | undefined;
  /** and its ext_sub. */
  externalSubject?: string | undefined;
}
