// Every function of the client that asks a server something, with a server that says yes to it.
import * as sdk from '@stepup-auth/client';
import { answer, elevated, settings, user, verify } from './fake.mjs';

const id = 'w1';
const wallet = { address: '0x0', chain: 'EVM', signMessage: async () => '0x' };
const embedded = { walletId: id, address: '0x0', chain: 'EVM', state: 'active', generation: 1, thresholdSignatureScheme: 'TWO_OF_TWO', custodyModel: 'server', publicKey: '0x', createdAt: '2026-01-01T00:00:00Z' };
const request = { walletId: id, message: 'x' };
const passkey = { id, credentialId: 'c', createdAt: '2026-01-01T00:00:00Z', alias: 'Laptop' };
const made = { id, rawId: id, type: 'public-key', response: {} };
export const binding = { bindingId: 'b', hash: 'h', summary: 's', expiresAt: '2026-01-01T00:00:00Z' };

const proof = ({ body }) => verify({
  ...(body.requestedScopes ? { elevatedAccessToken: elevated(body.requestedScopes.join(' ')) } : {}),
  ...(body.createMfaToken ? { mfaToken: `legacy-${Math.random()}` } : {}),
});

export const routes = {
  'GET /settings': {
    ...settings({ mfa: { actions: [{ action: 'wallet.waas.export', required: true }], methods: [] } }),
    providers: [{ provider: 'google', baseAuthUrl: 'https://login.example/authorize' }],
  },
  'POST /emailVerifications/create': { verificationUUID: 'v', email: 'a@b.c' },
  'POST /smsVerifications/create': { verificationUUID: 'v', phoneNumber: '1', phoneCountryCode: '1', isoCountryCode: 'US' },
  'POST /emailVerifications/signin': () => verify(),
  'POST /emailVerifications/verify': proof,
  'POST /refresh': () => verify(),
  'GET /users': () => user(),
  'PUT /users': () => verify({ isProfileUpdated: true, nextView: 'done' }),
  'DELETE /users': () => answer(undefined, 204),
  'POST /stepUp/check': { isRequired: true, credentials: [{ id, format: 'totp', type: 'totp', alias: 'Phone' }], defaultCredentialId: id },
  'POST /stepUp/bindings': binding,
  'POST /users/mfa/auth/totp': proof,
  'POST /users/mfa/auth/recovery': proof,
  'POST /users/mfa/auth/passkey': proof,
  'GET /users/passkeys/authenticate': { challenge: 'AAAA', allowCredentials: [{ id }] },
  'GET /users/passkeys/register': { challenge: 'AAAA' },
  'POST /users/passkeys/register': () => verify(),
  'GET /users/passkeys/signin': { challenge: 'AAAA' },
  'POST /users/passkeys/signin': () => verify(),
  'GET /users/passkeys': { passkeys: [passkey] },
  'PUT /users/passkeys': passkey,
  'DELETE /users/passkeys': () => answer(undefined, 204),
  'GET /users/mfa': { devices: [{ id, type: 'totp' }] },
  'GET /users/mfa/methods': { devices: [{ id, type: 'totp' }], passkeys: [], userHasVerifiedMfaMethods: true },
  'GET /users/mfa/register/totp': { id, type: 'totp', secret: 's', uri: 'otpauth://x' },
  'GET /users/mfa/recovery': { recoveryCodes: ['a'], count: 1 },
  'POST /users/mfa/recovery': { recoveryCodes: ['b'], count: 1 },
  [`PUT /users/mfa/${id}`]: () => answer(undefined, 204),
  [`DELETE /users/mfa/${id}`]: () => answer(undefined, 204),
  [`POST /users/mfa/${id}/dispute`]: () => answer(undefined, 204),
  [`POST /credentials/${id}/confirm`]: () => answer(undefined, 204),
  'POST /deviceRegistration': () => verify(),
  'GET /deviceRegistrations': { count: 1, deviceRegistrations: [{ id, createdAt: '2026-01-01T00:00:00Z', isCurrentDevice: true }] },
  'DELETE /deviceRegistrations': { currentDeviceRevoked: true },
  [`DELETE /deviceRegistrations/${id}`]: { currentDeviceRevoked: false },
  'POST /verify/unlink': () => verify(),
  'POST /verify/link': () => verify(),
  'POST /verify/transfer': () => verify(),
  'POST /wallets/message': { message: 'Sign this.' },
  'PUT /users/wallets/selection': {},
  'POST /externalAuth/verify': () => ({ elevatedAccessToken: elevated('wallet:export') }),
  'POST /externalAuth/signin': () => verify(),
  'POST /providers/google/initAuth': {},
  'POST /providers/google/oauthResult': { status: 'completed', code: 'c' },
  'POST /providers/google/verify': proof,
  'GET /waas': { wallets: [embedded] },
  'POST /waas/create': embedded,
  [`GET /waas/${id}`]: embedded,
  [`DELETE /waas/${id}`]: embedded,
  [`POST /waas/${id}/signMessage`]: { signature: '0x', operationId: 'o', intentHash: 'h' },
  [`POST /waas/${id}/intents`]: { bindingId: 'b', bindingHash: 'h', summary: 's', expiresAt: binding.expiresAt, shown: true, scope: 'wallet:sign' },
  [`POST /waas/${id}/privateKey/export`]: { encapsulatedKey: 'k', ciphertext: 'c', info: 'i', address: '0x0', chain: 'EVM' },
  [`POST /waas/${id}/transactions/broadcast`]: { transactionHash: '0x', network: '1' },
  ...Object.fromEntries(['refresh', 'reshare', 'disable', 'restore', 'delete'].map((verb) => [`POST /waas/${id}/${verb}`, embedded])),
};

/** What a client of that server needs of its surroundings. */
export const surroundings = {
  passkey: { register: async () => made, authenticate: async () => made },
  openPopup: () => ({ navigate: () => {}, isClosed: () => false, close: () => {} }),
  navigate: () => {},
  origin: 'https://app.example.com',
};

const scopes = { requestedScopes: ['wallet:export'] };
const otpVerification = { verificationUUID: 'v', email: 'a@b.c' };

/** By name: what asks, given a client or none. The scopes are those whose token goes along; `signs in` is of nobody's session. */
export const calls = {
  acknowledgeRecoveryCodes: { run: (c) => sdk.acknowledgeRecoveryCodes(c), scopes: ['user:update'] },
  authenticateMfaRecoveryCode: { run: (c) => sdk.authenticateMfaRecoveryCode({ code: 'x', ...scopes }, c) },
  authenticatePasskeyMFA: { run: (c) => sdk.authenticatePasskeyMFA(scopes, c) },
  authenticateTotpMfaDevice: { run: (c) => sdk.authenticateTotpMfaDevice({ code: '1', ...scopes }, c) },
  broadcastTransaction: { run: (c) => sdk.broadcastTransaction({ walletId: id, signedTransaction: '0x' }, c) },
  checkStepUpAuth: { run: (c) => sdk.checkStepUpAuth({ scope: 'transfer:create' }, c) },
  confirmCredential: { run: (c) => sdk.confirmCredential({ credentialId: id }, c), scopes: ['credential:link'] },
  completeDeviceRegistration: { run: (c) => sdk.completeDeviceRegistration({ deviceToken: 'x' }, c) },
  createNewMfaRecoveryCodes: { run: (c) => sdk.createNewMfaRecoveryCodes(c), scopes: ['credential:link'] },
  createWallet: { run: (c) => sdk.createWallet({ chain: 'EVM' }, c) },
  deleteMfaDevice: { run: (c) => sdk.deleteMfaDevice({ deviceId: id }, c), scopes: ['credential:unlink'] },
  deletePasskey: { run: (c) => sdk.deletePasskey({ passkeyId: id }, c), scopes: ['credential:unlink'] },
  deleteUser: { run: (c) => sdk.deleteUser(c), scopes: ['user:delete'] },
  deleteWallet: { run: (c) => sdk.deleteWallet({ walletId: id }, c), scopes: ['wallet:delete'] },
  disableWallet: { run: (c) => sdk.disableWallet({ walletId: id }, c) },
  disputeMfaDevice: { run: (c) => sdk.disputeMfaDevice({ deviceId: id, keep: true }, c), scopes: ['credential:unlink'] },
  ensure: { run: (c) => sdk.ensure('wallet:sign', () => sdk.signWithWallet(request, c), c), scopes: ['wallet:sign'] },
  exportWallet: { run: (c) => sdk.exportWallet({ walletId: id, recipientKey: 'x' }, c), scopes: ['wallet:export'] },
  fetchProjectSettings: { run: (c) => sdk.fetchProjectSettings(c) },
  getMfaDevices: { run: (c) => sdk.getMfaDevices(c) },
  getMfaMethods: { run: (c) => sdk.getMfaMethods(c) },
  getMfaRecoveryCodes: { run: (c) => sdk.getMfaRecoveryCodes(c), scopes: ['credential:link'] },
  getPasskeys: { run: (c) => sdk.getPasskeys(c) },
  getRegisteredDevices: { run: (c) => sdk.getRegisteredDevices(c) },
  getWallet: { run: (c) => sdk.getWallet({ walletId: id }, c) },
  getWalletIntent: { run: (c) => sdk.getWalletIntent(request, c) },
  getWallets: { run: (c) => sdk.getWallets(c) },
  isMfaRequiredForAction: { run: (c) => sdk.isMfaRequiredForAction({ mfaAction: 'wallet.waas.export' }, c) },
  preparePasskeyMFA: { run: (c) => sdk.preparePasskeyMFA({}, c) },
  promptMfaAuth: { run: (c) => sdk.promptMfaAuth({}, c) },
  promptStepUpAuth: { run: (c) => sdk.promptStepUpAuth(scopes, c) },
  refreshAuth: { run: (c) => sdk.refreshAuth(c) },
  refreshUser: { run: (c) => sdk.refreshUser(c) },
  refreshWallet: { run: (c) => sdk.refreshWallet({ walletId: id }, c), scopes: ['wallet:refresh', 'wallet:delegate'] },
  registerBinding: { run: (c) => sdk.registerBinding({ scope: 'transfer:create', authorizationDetails: [] }, c) },
  registerPasskey: { run: (c) => sdk.registerPasskey({}, c), scopes: ['credential:link'] },
  registerTotpMfaDevice: { run: (c) => sdk.registerTotpMfaDevice(c), scopes: ['credential:link'] },
  removeWalletAccount: { run: (c) => sdk.removeWalletAccount({ walletAccount: { id } }, c), scopes: ['credential:unlink'] },
  renameMfaDevice: { run: (c) => sdk.renameMfaDevice({ deviceId: id, alias: 'A' }, c) },
  renamePasskey: { run: (c) => sdk.renamePasskey({ passkeyId: id, alias: 'A' }, c) },
  requestExternalAuthElevatedToken: { run: (c) => sdk.requestExternalAuthElevatedToken({ externalJwt: 'x' }, c) },
  reshareWallet: {
    run: (c) => sdk.reshareWallet({ walletId: id, oldThresholdSignatureScheme: 'TWO_OF_TWO', newThresholdSignatureScheme: 'TWO_OF_THREE' }, c),
    scopes: ['wallet:reshare', 'wallet:delegate'],
  },
  restoreWallet: { run: (c) => sdk.restoreWallet({ walletId: id }, c), scopes: ['wallet:restore'] },
  revokeAllRegisteredDevices: { run: (c) => sdk.revokeAllRegisteredDevices(c) },
  revokeRegisteredDevice: { run: (c) => sdk.revokeRegisteredDevice({ deviceRegistrationId: id }, c) },
  selectPrimaryWalletAccount: { run: (c) => sdk.selectPrimaryWalletAccount({ walletAccount: { id } }, c) },
  sendEmailOTP: { run: (c) => sdk.sendEmailOTP({ email: 'a@b.c' }, c) },
  sendSmsOTP: { run: (c) => sdk.sendSmsOTP({ phoneNumber: '1', isoCountryCode: 'US' }, c) },
  setDefaultMfaDevice: { run: (c) => sdk.setDefaultMfaDevice({ deviceId: id }, c) },
  signInWithExternalJwt: { run: (c) => sdk.signInWithExternalJwt({ externalJwt: 'x' }, c), signsIn: true },
  signInWithPasskey: { run: (c) => sdk.signInWithPasskey({}, c), signsIn: true },
  signInWithSocialPopUp: { run: (c) => sdk.signInWithSocialPopUp({ provider: 'google', ...scopes }, c) },
  signInWithSocialRedirect: { run: (c) => sdk.signInWithSocialRedirect({ provider: 'google', redirectUrl: 'https://app.example.com/back' }, c) },
  signWithWallet: { run: (c) => sdk.signWithWallet(request, c), scopes: ['wallet:sign'] },
  transferWalletAccount: { run: (c) => sdk.transferWalletAccount({ walletAccount: wallet }, c), scopes: ['credential:link'] },
  unlinkCredential: { run: (c) => sdk.unlinkCredential({ verifiedCredentialId: id }, c), scopes: ['credential:unlink'] },
  unlinkSocialAccount: { run: (c) => sdk.unlinkSocialAccount({ verifiedCredentialId: id }, c), scopes: ['credential:unlink'] },
  updateUser: { run: (c) => sdk.updateUser({ userFields: { firstName: 'A' } }, c), scopes: ['user:update'] },
  verifyOTP: { run: (c) => sdk.verifyOTP({ otpVerification, verificationToken: '1', ...scopes }, c) },
  verifyWalletAccount: { run: (c) => sdk.verifyWalletAccount({ walletAccount: wallet }, c), scopes: ['credential:link'] },
};

/** Those that ask nobody, or that are about the client itself; completeSocialRedirect and logout are tried by themselves. */
const others = [
  'exportWaasPrivateKey', 'promptStepUpAuthRedirect', 'completeStepUpAuthRedirect', // which leave the page, or open a frame in it
  'completeSocialRedirect', 'consumeMfaToken', 'createStepUpClient', 'detectDeviceRegistrationRedirect',
  'detectSocialRedirectUrl', 'getDeviceRegistrationTokenFromUrl', 'isDeviceRegistrationRequired', 'parseUserAgent', 'getDefaultClient', 'getElevatedAccessToken',
  'getUserSocialAccounts', 'getWalletAccounts', 'initializeClient', 'isPendingRecoveryCodesAcknowledgment', 'isSignedIn',
  'isUserMissingMfaAuth', 'logout', 'onEvent', 'registerStepUpPrompt',
];

/** What the client exports and nobody named here. */
export const unnamed = () =>
  Object.keys(sdk).filter((name) => typeof sdk[name] === 'function' && /^[a-z]/.test(name) && !(name in calls) && !others.includes(name));
