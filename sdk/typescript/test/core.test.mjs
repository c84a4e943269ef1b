// @stepup-auth/core against the API package that the published client 1.27.1 pins.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as core from '@stepup-auth/core';
import * as published from '@dynamic-labs/sdk-api-core';

const isEnum = (value) => value && typeof value === 'object' && !Array.isArray(value) && Object.values(value).every((member) => typeof member === 'string');

/** What we add to theirs. */
const ours = { TokenScope: { Walletrefresh: 'wallet:refresh', Walletreshare: 'wallet:reshare' } };

describe('enumerations', () => {
  const names = Object.keys(published).filter((name) => isEnum(published[name]) && name !== 'COLLECTION_FORMATS');
  it('are all there', () => {
    assert.ok(names.length > 100);
    assert.deepEqual(Object.keys(core).filter((name) => isEnum(core[name])).sort(), names.sort());
  });
  for (const name of names) it(name, () => assert.deepEqual({ ...core[name] }, { ...published[name], ...ours[name] }));
});

describe('models read what the published package reads', () => {
  const at = '2026-01-02T03:04:05.678Z';
  const credential = {
    id: 'c', format: 'oauth', signInEnabled: true, verifiedAt: at, lastSelectedAt: at, public_identifier: 'ada', address: '0x1', chain: 'eip155',
    wallet_name: 'softevm', wallet_provider: 'browserExtension', wallet_properties: {}, wallet_additional_addresses: [{ address: '0x2', type: 'payment', publicKey: 'k', network: '1' }],
    oauth_provider: 'github', oauth_account_id: null, oauth_username: 'ada', oauth_display_name: 'Ada', oauth_account_photos: ['p'], oauth_emails: ['a@b.c'], oauth_metadata: {},
    phoneNumber: '1', phoneCountryCode: '1', isoCountryCode: 'US', email: 'a@b.c', name_service: { name: 'ada.eth', avatar: 'x' }, embedded_wallet_id: null,
    refId: 'r', signerRefId: 's', previous_users: ['u'],
  };
  const user = {
    id: 'u', projectEnvironmentId: 'e', verifiedCredentials: [credential], lastVerifiedCredentialId: 'c', sessionId: 's', alias: null, country: 'DE', email: 'a@b.c', firstName: 'A', jobTitle: 'j',
    lastName: 'L', phoneNumber: '1', policiesConsent: true, tShirtSize: 'M', team: 't', username: 'ada', firstVisit: at, lastVisit: at, newUser: false, metadata: { a: 1 },
    mfaBackupCodeAcknowledgement: 'pending', btcWallet: 'b', kdaWallet: 'b', ltcWallet: 'b', ckbWallet: 'b', kasWallet: 'b', dogeWallet: 'b', emailNotification: true,
    discordNotification: false, newsletterNotification: true, lists: ['l'], scope: 'user:basic', missingFields: [],
  };
  const device = { id: 'd', type: 'totp', verified: true, default: true, createdAt: at, verifiedAt: null, alias: 'Phone' };
  const passkey = { id: 'p', credentialId: 'w', createdAt: at, updatedAt: at, alias: 'a', userAgent: 'u', origin: 'o', storage: { name: 'n', icon: 'i', updatedAt: at } };
  const verify = { user, jwt: 'j', minifiedJwt: 'm', mfaToken: 't', expiresAt: 1, elevatedAccessToken: null };
  const samples = {
    JwtVerifiedCredential: credential, SdkUser: user, VerifyResponse: verify, MFADevice: device, UserPasskey: passkey, PasskeyStorage: passkey.storage, NameServiceData: credential.name_service,
    WalletAdditionalAddress: credential.wallet_additional_addresses[0],
    UpdateSelfResponse: { ...verify, nextView: 'verify-email', emailVerification: { verificationUUID: 'v', email: 'a@b.c' }, smsVerification: { verificationUUID: 'v', phoneNumber: '1', phoneCountryCode: '1', isoCountryCode: 'US' } },
    EmailVerificationCreateResponse: { verificationUUID: 'v', email: 'a@b.c' },
    SmsVerificationCreateResponse: { verificationUUID: 'v', phoneNumber: '1', phoneCountryCode: '1', isoCountryCode: 'US' },
    MFAMethodsResponse: { devices: [device], passkeys: [passkey], userHasVerifiedMfaMethods: true },
    MFARegisterTotpDeviceGetResponse: { id: 'd', type: 'totp', secret: 's', uri: 'otpauth://x' },
    MFAGetRecoveryCodesResponse: { count: 1, recoveryCodes: ['r'] }, MFARegenRecoveryCodesResponse: { count: 1, recoveryCodes: ['r'] },
    CreateMfaToken: { singleUse: true }, ExternalAuthAssertionResponse: { elevatedAccessToken: 't' },
    StepUpCredential: { id: 'c', format: 'totp', type: 'totp', alias: 'Phone' },
    StepUpCheckResponse: { isRequired: true, credentials: [{ id: 'c', format: 'totp', type: 'totp', alias: 'Phone' }], defaultCredentialId: 'c' },
  };
  /** Theirs spells an absent member as undefined, ours leaves it out. */
  const plain = (value) => (value instanceof Date ? value.toISOString() : Array.isArray(value) ? value.map(plain) : value && typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined).map(([name, member]) => [name, plain(member)])) : value);
  // A vendor's sub-model that we keep as it came.
  const loose = new Set(['walletProperties']);

  for (const [name, sample] of Object.entries(samples)) {
    it(name, () => {
      const [theirs, got] = [plain(published[`${name}FromJSON`](sample)), plain(core[`${name}FromJSON`](sample))];
      for (const object of [theirs, got]) for (const member of loose) delete object[member];
      assert.deepEqual(got, theirs);
    });
  }

  it('and ours are only a few more', () => {
    const readers = Object.keys(core).filter((name) => name.endsWith('FromJSON')).map((name) => name.slice(0, -'FromJSON'.length));
    assert.deepEqual(readers.filter((name) => !samples[name]).sort(), ['EmbeddedWallet', 'StepUpBinding', 'StepUpCheckBinding']);
  });

  it('and refuse what is none', () => {
    for (const bad of [null, undefined, 1, 'x', [], {}, { ...user, verifiedCredentials: {} }, { ...user, id: 7 }, { ...user, firstVisit: 'soon' }]) {
      assert.throws(() => core.SdkUserFromJSON(bad), TypeError);
    }
  });

  it('never from a prototype', () => {
    const inherited = Object.create({ ...user });
    assert.throws(() => core.SdkUserFromJSON(inherited), TypeError);
    const polluted = JSON.parse(`{"__proto__":{"admin":true},${JSON.stringify(user).slice(1)}`);
    assert.equal(core.SdkUserFromJSON(polluted).admin, undefined);
    assert.equal({}.admin, undefined);
  });
});

it('the pinned version is what the published client asks for', () => {
  const lock = JSON.parse(readFileSync(new URL('../../../conformance/real-client/package-lock.json', import.meta.url)));
  const pinned = lock.packages['node_modules/@dynamic-labs-sdk/client'].dependencies['@dynamic-labs/sdk-api-core'];
  const mine = JSON.parse(readFileSync(new URL('../package.json', import.meta.url)));
  assert.equal(mine.devDependencies['@dynamic-labs/sdk-api-core'], pinned);
});
