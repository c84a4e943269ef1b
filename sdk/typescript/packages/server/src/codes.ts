/** The `code` of a refusal. The list is closed, and shared with the server and the client SDKs. */
export type Code =
  | 'elevated_access_token_required'
  | 'ambiguous_elevated_access_token'
  | 'invalid_request'
  | 'sign_in_required'
  | 'invalid_session'
  | 'operation_replayed'
  | 'operation_conflict'
  | 'single_use_unsupported'
  | 'step_up_unavailable';

/** Why no elevated access token was good enough. The list is closed. */
export type Reason = 'missing' | 'expired' | 'spent' | 'wrong_scope' | 'wrong_subject' | 'wrong_binding' | 'superseded' | 'disputed' | 'no_method';

/**
 * What a refusal is, by name. `invalid_session` is an `unauthenticated`, `service_token` an `unavailable`; `denied` is at the root of all,
 * and alone it is a call that makes no sense.
 */
export type DenialKind =
  | 'denied'
  | 'missing'
  | 'invalid'
  | 'expired'
  | 'spent'
  | 'wrong_scope'
  | 'wrong_subject'
  | 'wrong_binding'
  | 'superseded'
  | 'disputed'
  | 'no_method'
  | 'unauthenticated'
  | 'invalid_session'
  | 'ambiguous'
  | 'bad_request'
  | 'replayed'
  | 'conflict'
  | 'single_use_unsupported'
  | 'unavailable'
  | 'service_token';
