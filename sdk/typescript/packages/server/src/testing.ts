export { type Issuer, openIssuer } from './testing/openIssuer.js';
export type { SessionDescription, TokenDescription, User } from './testing/mint.js';
