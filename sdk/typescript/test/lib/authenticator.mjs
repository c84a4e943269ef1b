// The soft devices and the server that the suite of the published client uses too.
export { openApp as openAuthenticator } from '../../../../conformance/real-client/lib/totp.mjs';
export { newAuthenticator } from '../../../../conformance/real-client/lib/passkey.mjs';
