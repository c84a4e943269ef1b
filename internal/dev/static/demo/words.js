// What refusals and scopes mean, in plain words.

const REASONS = {
  missing: 'No elevated token came with the call, and this action asks for one.',
  expired: 'The token’s time is up. Prove it is you again to get a fresh one.',
  spent: 'This token was used already. A single-use token opens one door, once.',
  wrong_scope: 'The token is real, but it was given for a different action.',
  wrong_subject: 'The token belongs to another user or another session.',
  wrong_binding: 'The token was given for another transaction or another key.',
  superseded: 'A stronger proof, or a removed one, made this token worthless.',
  disputed: 'Somebody said that a change to your account was not you. Decide with a factor that is older, or ask the operator.',
  no_method: 'You have no way on file to prove it is you for this action.',
}

const NOT_ONE = 'What came is no elevated token for this service: not of this kind, not for this audience, or not as the issuer signed it. That counts as none.'

const CODES = {
  network_error: 'Nothing answered. Is the server still running?',
  step_up_cancelled: 'Cancelled. Nothing was sent.',
  user_cancelled_social_popup: 'Cancelled. The other window can be closed.',
  wallet_rejected: 'The wallet did not sign. Nothing was sent.',
  passkey_cancelled: 'No passkey: the prompt was closed, or nothing on this device fits.',
  invalid_email_verification: 'That code is used up or too old. Ask for a new one.',
  too_many_email_verification_attempts: 'Too many wrong codes. Ask for a new one.',
  too_many_verification_attempts: 'Too many wrong codes. Wait a little, then ask for a new one.',
  invalid_sms_verification: 'That code is used up or too old. Ask for a new one.',
  too_many_sms_verification_attempts: 'Too many wrong codes. Ask for a new one.',
  mfa_invalid_code: 'That code is not right, or it was used already. Wait for the next one.',
  user_has_already_account_with_phone_number: 'That number belongs to somebody already.',
  social_account_already_exists: 'That login belongs to somebody already.',
  reassign_wallet_confirm: 'That wallet belongs to another account.',
  user_has_already_account_with_email: 'That address belongs to somebody already.',
  cannot_delete_last_sign_in_verified_credential: 'This is the last address you can sign in with, so it stays.',
  operation_conflict: 'The same operation was tried with other contents.',
}

/** What scopes allow. */
export const SCOPES = {
  'transfer:create': 'Send money at the example service',
  'credential:link': 'Add a way to sign in',
  'credential:unlink': 'Remove a way to sign in',
  'credential:update': 'Change a sign-in address',
  'user:update': 'Change the profile',
  'user:delete': 'Delete the account',
  'wallet:sign': 'Sign with your wallet',
  'wallet:export': 'Show your wallet’s private key',
  'wallet:refresh': 'Renew your wallet’s shares',
  'wallet:reshare': 'Share your wallet’s key another way',
  'wallet:delete': 'Delete your wallet',
  'wallet:restore': 'Restore your wallet',
}

/** The kinds of credentials and factors, as people call them. */
export const FORMATS = {
  email: 'Email code',
  phoneNumber: 'Text message',
  totp: 'Authenticator app',
  passkey: 'Passkey',
  recoveryCode: 'Recovery code',
  blockchain: 'Wallet',
  oauth: 'Login elsewhere',
  externalUser: 'Your company login',
}

/** What people recognise a credential by. */
export function nameOf(credential) {
  if (credential.format === 'oauth') return [credential.oauthDisplayName ?? credential.oauthUsername, credential.oauthProvider].filter(Boolean).join(' at ')
  const name = credential.email ?? credential.alias ?? credential.publicIdentifier ?? credential.id ?? ''
  return credential.address ? shortAddress(credential.address) : name
}

export function shortAddress(address) {
  return address.length > 16 ? `${address.slice(0, 6)}…${address.slice(-4)}` : address
}

/** One sentence that says what a refusal means for the person at the screen. */
export function explain(refusal) {
  if (refusal.reason === 'missing' && refusal.elevated) return NOT_ONE
  return REASONS[refusal.reason] ?? CODES[refusal.code] ?? refusal.message
}

export function scopeInWords(scope) {
  return SCOPES[scope] ?? scope
}

const UNITS = { sub: 'user', sid: 'session', iss: 'issuer', aud: 'for', exp: 'expires', iat: 'issued', auth_time: 'proved at', acr: 'strength', amr: 'proved by', jti: 'token id' }

/** A short gloss for a claim name, or nothing when the name says it all. */
export function claimInWords(name) {
  return UNITS[name] ?? ''
}
