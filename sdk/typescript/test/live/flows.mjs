// Everything the client does, against a server of this tree at the newest version that asks a token of every gated call.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import * as sdk from '@stepup-auth/client';
import { privateKeyToAccount, generatePrivateKey } from 'viem/accounts';
import { verifyMessage } from 'viem';
import { appOrigin, claimsOf, newAddress, openApp, rejection, signedIn, withAuthenticator } from '../lib/app.mjs';
import { newAuthenticator } from '../lib/authenticator.mjs';
import { newNumber } from '../lib/server.mjs';

export const flows = (on) => {
  const attached = (app, path) => app.requests.filter((r) => r.path.startsWith(path)).at(-1).headers['x-dyn-elevated-access-token'];

  const newWallet = () => {
    const account = privateKeyToAccount(generatePrivateKey());
    return { address: account.address, chain: 'EVM', walletName: 'Soft Wallet', network: '1', signMessage: ({ message }) => account.signMessage({ message }) };
  };

  describe('session', () => {
    it('starts with one request, signs in by mail, and keeps its tokens out of what is printed', async () => {
      const app = openApp(on.server);
      assert.equal(app.client.initStatus, 'uninitialized');
      await sdk.initializeClient(app.client);
      assert.deepEqual(app.requests.map((r) => r.path), ['/settings']);
      assert.equal(app.client.projectSettings.sdk.minApiVersion, '2026_04_01');
      assert.equal((await sdk.fetchProjectSettings(app.client)).environmentName, app.client.projectSettings.environmentName);
      assert.equal(sdk.isSignedIn(app.client), false);
      const users = [];
      const stop = sdk.onEvent({ event: 'userChanged', listener: ({ user }) => users.push(user?.email ?? null) }, app.client);
      const email = newAddress();
      await sdk.sendEmailOTP({ email }, app.client);
      const code = await on.mailbox.code(email);
      const answer = await sdk.verifyOTP({ verificationToken: ` ${code.slice(0, 3)} ${code.slice(3)} ` }, app.client); // remembered, pasted with spaces
      assert.equal(answer.user.newUser, true);
      assert.equal(app.client.user.email, email);
      assert.ok(app.client.user.verifiedCredentials[0].verifiedAt instanceof Date);
      assert.equal(sdk.isSignedIn(app.client), true);
      assert.equal(sdk.isUserMissingMfaAuth(app.client), false);
      const { inspect } = await import('node:util');
      for (const text of [JSON.stringify(app.client), inspect(app.client, { depth: 9, showHidden: true })]) assert.ok(!text.includes(app.client.token));
      assert.ok(app.requests.every(({ url }) => !url.includes('eyJ') && !url.includes(code)), 'a secret in an address');
      assert.equal(app.requests.at(-1).headers['x-dyn-version'], 'StepUpClient/0.1.0');
      assert.deepEqual(await sdk.logout(app.client), { revoked: true });
      assert.deepEqual(users, [email, null]);
      stop();
    });

    it('says what is wrong with a code, and where to look', async () => {
      const app = openApp(on.server);
      const email = newAddress();
      await sdk.sendEmailOTP({ email }, app.client);
      const code = await on.mailbox.code(email);
      const error = await rejection(sdk.verifyOTP({ verificationToken: code === '123456' ? '654321' : '123456' }, app.client));
      assert.deepEqual([error.code, error.status, typeof error.requestId], ['wrong_email_verification_token', 422, 'string']);
      await sdk.verifyOTP({ verificationToken: code }, app.client);
    });

    it('renews once for all who ask, and before the token ends', async () => {
      let skew = 0;
      const app = await signedIn(on.server, on.mailbox, { now: () => Date.now() + skew });
      const { sid, iat, exp } = claimsOf(app.client.token);
      await Promise.all([sdk.refreshAuth(app.client), sdk.refreshAuth(app.client), sdk.refreshAuth(app.client)]);
      const renewals = () => app.requests.filter((r) => r.path === '/refresh').length;
      assert.equal(renewals(), 1);
      assert.equal(claimsOf(app.client.token).sid, sid);
      skew = (exp - iat - 60) * 1000;
      await Promise.all([sdk.refreshUser(app.client), sdk.getMfaMethods(app.client)]);
      assert.equal(renewals(), 2);
      await sdk.refreshUser(app.client);
      assert.equal(renewals(), 2);
    });

    it('ends for good: tokens, state and the session at the server', async () => {
      const storage = memory();
      const app = await signedIn(on.server, on.mailbox, { storage });
      await app.stepUp('credential:link');
      const { token } = app.client;
      await sdk.logout(app.client);
      assert.equal(app.token('credential:link'), undefined);
      assert.equal(app.client.user, null);
      assert.deepEqual([...storage.items.values()], []);
      assert.equal((await on.server.call('GET', '/session', { authorization: `Bearer ${token}` })).status, 401);
      assert.equal((await rejection(sdk.refreshUser(app.client))).code, 'user_not_authenticated');
    });

    it('notices that it was ended elsewhere', async () => {
      const app = await signedIn(on.server, on.mailbox);
      const reasons = [];
      sdk.onEvent({ event: 'signedOut', listener: ({ reason }) => reasons.push(reason) }, app.client);
      await on.server.call('POST', '/revoke', { authorization: `Bearer ${app.client.token}` });
      const error = await rejection(sdk.refreshUser(app.client));
      assert.deepEqual([error.code, app.client.user, reasons], ['session_ended', null, ['session-ended']]);
    });

    it('outlives a reload, with its tokens', async () => {
      const storage = memory();
      const app = await signedIn(on.server, on.mailbox, { storage });
      await app.stepUp('credential:link');
      const again = openApp(on.server, { storage });
      await sdk.initializeClient(again.client);
      assert.equal(again.client.user.id, app.client.user.id);
      assert.equal(again.token('credential:link'), app.token('credential:link'));
      assert.equal((await sdk.checkStepUpAuth({ scope: 'credential:link' }, again.client)).isRequired, false);
    });
  });

  const memory = () => {
    const items = new Map();
    return { items, getItem: (k) => items.get(k) ?? null, setItem: (k, v) => void items.set(k, v), removeItem: (k) => void items.delete(k) };
  };

  describe('step-up', () => {
    it('by mail that names the action, and once', async () => {
      const app = await signedIn(on.server, on.mailbox);
      const check = await sdk.checkStepUpAuth({ scope: 'wallet:export' }, app.client);
      assert.deepEqual([check.isRequired, check.reason, check.credentials.map((c) => c.alias), check.singleUse], [true, 'step_up_required', [app.email], true]);
      await sdk.sendEmailOTP({ email: app.email, requestedScopes: ['wallet:export'] }, app.client);
      const mail = await on.mailbox.codeMail(app.email);
      assert.match(mail.text, /export/i);
      await sdk.verifyOTP({ verificationToken: /^\s*(\d{6})\s*$/m.exec(mail.text)[1] }, app.client); // for what it was sent
      assert.equal(claimsOf(app.token('wallet:export')).acr, 'urn:stepup:reauth');
      assert.equal((await sdk.checkStepUpAuth({ scope: 'wallet:export' }, app.client)).reason, 'held');
      assert.ok(sdk.getElevatedAccessToken({ scope: 'wallet:export' }, app.client));
      assert.equal(sdk.getElevatedAccessToken({ scope: 'wallet:export' }, app.client), undefined);
      await app.stepUp('credential:link');
      assert.ok(sdk.getElevatedAccessToken({ scope: 'credential:link' }, app.client));
      assert.ok(sdk.getElevatedAccessToken({ scope: 'credential:link' }, app.client), 'one that works longer stays');
    });

    it('by text message', async () => {
      const app = openApp(on.server);
      const number = newNumber();
      await sdk.sendSmsOTP({ phoneNumber: number, isoCountryCode: 'US' }, app.client);
      await sdk.verifyOTP({ verificationToken: await on.phonebox.code(number) }, app.client);
      assert.equal(app.client.user.verifiedCredentials[0].phoneNumber, number);
      await sdk.sendSmsOTP({ phoneNumber: number, isoCountryCode: 'US', requestedScopes: ['wallet:export'] }, app.client);
      await sdk.verifyOTP({ verificationToken: await on.phonebox.code(number) }, app.client);
      assert.ok(app.token('wallet:export'));
    });

    it('by authenticator app and by recovery code, which mailed codes are too weak for then', async () => {
      const app = await signedIn(on.server, on.mailbox);
      assert.equal((await rejection(sdk.registerTotpMfaDevice(app.client))).reason, 'missing');
      await app.stepUp('credential:link', 'credential:unlink');
      const device = await sdk.registerTotpMfaDevice(app.client);
      const { openAuthenticator } = await import('../lib/authenticator.mjs');
      const code = openAuthenticator(device.uri);
      await sdk.authenticateTotpMfaDevice({ code: code(0), deviceId: device.id }, app.client);
      assert.equal(app.token('credential:link'), undefined, 'a token of a weaker proof outlives the first factor');
      assert.equal(app.token('credential:unlink'), undefined);
      assert.equal((await sdk.getMfaMethods(app.client)).userHasVerifiedMfaMethods, true);
      assert.deepEqual((await sdk.getMfaDevices(app.client)).map((d) => [d.id, d._default]), [[device.id, true]]);
      await sdk.renameMfaDevice({ deviceId: device.id, alias: 'Phone' }, app.client);
      await sdk.setDefaultMfaDevice({ deviceId: device.id }, app.client);
      const check = await sdk.checkStepUpAuth({ scope: 'wallet:export' }, app.client);
      assert.deepEqual([check.defaultCredentialId, check.credentials.map((c) => [c.type, c.alias])], [device.id, [['totp', 'Phone']]]);
      assert.equal((await rejection(app.stepUp('wallet:export'))).code, 'mfa_invalid_request');

      const { recoveryCodes } = await sdk.getMfaRecoveryCodes(app.client);
      assert.equal(recoveryCodes.length, 10);
      await sdk.refreshUser(app.client);
      assert.equal(sdk.isPendingRecoveryCodesAcknowledgment(app.client), true);
      await sdk.acknowledgeRecoveryCodes(app.client);
      assert.equal(sdk.isPendingRecoveryCodesAcknowledgment(app.client), false);
      await sdk.authenticateMfaRecoveryCode({ code: recoveryCodes[0], requestedScopes: ['wallet:export'] }, app.client);
      assert.ok(app.token('wallet:export'));
      const error = await rejection(sdk.authenticateMfaRecoveryCode({ code: recoveryCodes[0], requestedScopes: ['wallet:export'] }, app.client));
      assert.ok(error instanceof sdk.MfaInvalidOtpError);
      assert.equal((await sdk.createNewMfaRecoveryCodes(app.client)).recoveryCodes.includes(recoveryCodes[1]), false);

      await sdk.authenticateTotpMfaDevice({ code: code(1), requestedScopes: ['credential:unlink'] }, app.client);
      assert.equal((await rejection(sdk.disputeMfaDevice({ deviceId: device.id, keep: true }, app.client))).code, 'not_disputed');
      await sdk.deleteMfaDevice({ deviceId: device.id }, app.client);
      assert.deepEqual(await sdk.getMfaDevices(app.client), []);
    });

    it('by passkey, also with options fetched ahead of the tap', async () => {
      const passkey = newAuthenticator();
      const app = await signedIn(on.server, on.mailbox, { passkey });
      const none = await rejection(sdk.authenticatePasskeyMFA({ requestedScopes: ['wallet:export'] }, app.client));
      assert.ok(none instanceof sdk.NoPasskeyCredentialsFoundError);
      assert.match(none.message, /registerPasskey/);
      let made = 0;
      const { register } = passkey;
      passkey.register = (request) => { made += 1; return register(request); };
      const refused = await rejection(sdk.registerPasskey({}, app.client));
      assert.deepEqual([refused.code, refused.scope, made], ['elevated_access_token_required', 'credential:link', 0], 'a passkey that nobody takes');
      await app.stepUp('credential:link');
      await sdk.registerPasskey(undefined, app.client);
      assert.equal(app.token('credential:link'), undefined);
      const [key] = await sdk.getPasskeys(app.client);
      assert.equal((await sdk.renamePasskey({ passkeyId: key.id, alias: 'Laptop' }, app.client)).alias, 'Laptop');
      await sdk.authenticatePasskeyMFA({ requestedScopes: ['wallet:export'] }, app.client);
      assert.equal(claimsOf(app.token('wallet:export')).acr, 'urn:stepup:phr');

      await sdk.preparePasskeyMFA({}, app.client);
      const before = app.requests.length;
      let asked;
      const { authenticate } = passkey;
      passkey.authenticate = (request) => { asked = app.requests.length; return authenticate(request); };
      await sdk.authenticatePasskeyMFA({ requestedScopes: ['credential:unlink'] }, app.client);
      assert.equal(asked, before, 'a request between the tap and the prompt');

      passkey.authenticate = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
      assert.equal((await rejection(sdk.authenticatePasskeyMFA({}, app.client))).code, 'passkey_cancelled');
      passkey.authenticate = authenticate;
      const other = openApp(on.server, { passkey });
      await sdk.signInWithPasskey({}, other.client);
      assert.equal(other.client.user.id, app.client.user.id);
      await sdk.deletePasskey({ passkeyId: key.id }, app.client);
      assert.deepEqual(await sdk.getPasskeys(app.client), []);
      assert.equal((await rejection(sdk.signInWithPasskey({}, openApp(on.server).client))).code, 'no_webauthn_support');
    });

    it('by wallet: signs in, steps up, links, moves, chooses and unlinks', async () => {
      const wallet = newWallet();
      const app = openApp(on.server);
      await sdk.verifyWalletAccount({ walletAccount: wallet }, app.client);
      assert.deepEqual(sdk.getWalletAccounts(app.client).map((w) => w.address), [wallet.address]);
      await sdk.verifyWalletAccount({ walletAccount: wallet, requestedScopes: ['wallet:export'] }, app.client);
      assert.ok(app.token('wallet:export'));
      const thief = { ...newWallet(), address: wallet.address };
      assert.equal((await rejection(sdk.verifyWalletAccount({ walletAccount: thief }, openApp(on.server).client))).code, 'invalid_verification');

      const second = await signedIn(on.server, on.mailbox);
      assert.ok((await rejection(sdk.verifyWalletAccount({ walletAccount: newWallet() }, second.client))) instanceof sdk.StepUpRequiredError);
      await second.stepUp('credential:link');
      await sdk.verifyWalletAccount({ walletAccount: newWallet() }, second.client);
      assert.ok(attached(second, '/verify/link'), 'the published client forgets the token here');
      const taken = await rejection(sdk.verifyWalletAccount({ walletAccount: wallet }, second.client));
      assert.ok(taken instanceof sdk.WalletAlreadyLinkedToAnotherUserError);
      await sdk.transferWalletAccount({ walletAccount: wallet }, second.client);
      const [, last] = sdk.getWalletAccounts(second.client);
      await sdk.selectPrimaryWalletAccount({ walletAccount: last }, second.client);
      assert.equal(sdk.getWalletAccounts(second.client)[0].id, last.id);
      assert.equal((await rejection(sdk.removeWalletAccount({ walletAccount: last }, second.client))).scope, 'credential:unlink');
      await second.stepUp('credential:unlink');
      await sdk.removeWalletAccount({ walletAccount: last }, second.client);
      assert.equal(sdk.getWalletAccounts(second.client).length, 1);
    });
  });

  describe('account', () => {
    it('links and changes addresses, changes the profile, and is deleted', async () => {
      const app = await signedIn(on.server, on.mailbox);
      const [second, moved] = [newAddress('second'), newAddress('moved')];
      await sdk.sendEmailOTP({ email: second }, app.client);
      const verificationToken = await on.mailbox.code(second);
      assert.equal((await rejection(sdk.verifyOTP({ verificationToken }, app.client))).scope, 'credential:link');
      await sdk.updateUser({ userFields: { firstName: 'Ada', metadata: { tier: 'gold' } } }, app.client);
      assert.deepEqual([app.client.user.firstName, app.client.user.metadata], ['Ada', { tier: 'gold' }]);

      await app.stepUp('credential:link');
      await app.enterCode(second);
      const credential = app.client.user.verifiedCredentials.find((c) => c.email === second);
      assert.ok(attached(app, '/emailVerifications/verify'), 'the published client forgets the token here');
      await sdk.confirmCredential({ credentialId: credential.id }, app.client).catch((error) => assert.equal(error.code, 'nothing_to_confirm'));
      await app.stepUp('credential:unlink');
      await sdk.unlinkCredential({ verifiedCredentialId: credential.id }, app.client);

      await app.stepUp('credential:update');
      const sent = await sdk.updateUser({ userFields: { email: moved } }, app.client);
      assert.equal(sent.email, moved);
      await sdk.verifyOTP({ verificationToken: await on.mailbox.code(moved) }, app.client);
      assert.equal(app.client.user.email, moved);

      const email = moved;
      assert.equal((await rejection(sdk.deleteUser(app.client))).scope, 'user:delete');
      await app.enterCode(email, ['user:delete']);
      await sdk.deleteUser(app.client);
      assert.equal(app.client.user, null);
    });
  });

  describe('embedded wallets', () => {
    it('sign, refresh, reshare, stop and come back, each with its own token', async () => {
      const app = await signedIn(on.server, on.mailbox);
      const wallet = await sdk.createWallet({ chain: 'EVM' }, app.client);
      const { walletId } = wallet;
      assert.deepEqual((await sdk.getWallets(app.client)).map((w) => w.walletId), [walletId]);
      const error = await rejection(sdk.signWithWallet({ walletId, message: 'hi' }, app.client));
      assert.deepEqual([error.code, error.scope, error.reason, error.singleUse], ['elevated_access_token_required', 'wallet:sign', 'missing', true]);
      await app.stepUp('wallet:sign');
      const { signature } = await sdk.signWithWallet({ walletId, message: 'hi' }, app.client);
      assert.ok(await verifyMessage({ address: wallet.address, message: 'hi', signature }));
      assert.equal(app.token('wallet:sign'), undefined, 'it works once');

      await app.stepUp('wallet:delegate');
      assert.equal((await sdk.refreshWallet({ walletId }, app.client)).generation, 2);
      await app.stepUp('wallet:reshare');
      const schemes = { oldThresholdSignatureScheme: 'TWO_OF_TWO', newThresholdSignatureScheme: 'TWO_OF_THREE' };
      assert.equal((await sdk.reshareWallet({ walletId, ...schemes }, app.client)).thresholdSignatureScheme, 'TWO_OF_THREE');

      assert.equal((await sdk.disableWallet({ walletId }, app.client)).state, 'disabled');
      await app.stepUp('wallet:restore');
      assert.equal((await sdk.restoreWallet({ walletId }, app.client)).state, 'active');
      await app.stepUp('wallet:delete');
      assert.equal((await sdk.deleteWallet({ walletId }, app.client)).state, 'deleting');
      assert.equal((await sdk.getWallet({ walletId }, app.client)).state, 'deleting');
      assert.equal((await rejection(sdk.broadcastTransaction({ walletId, signedTransaction: '0x00' }, app.client))).status >= 400, true);
    });

    it('sign just what was confirmed', async () => {
      const app = await withAuthenticator(on.server, on.mailbox);
      const { walletId } = await sdk.createWallet({ chain: 'EVM' }, app.client);
      const request = { walletId, message: 'Pay bob' };
      const { binding, shown, scope } = await sdk.getWalletIntent(request, app.client);
      assert.deepEqual([shown, scope, binding.summary], [true, 'wallet:sign', 'Sign the message "Pay bob".']);
      await sdk.authenticateTotpMfaDevice({ code: app.code(1), requestedScopes: ['wallet:sign'], bindingId: binding.bindingId }, app.client);
      assert.equal(app.token('wallet:sign'), undefined, 'a bound token is for its transaction alone');
      assert.equal((await rejection(sdk.signWithWallet({ walletId, message: 'Pay eve' }, app.client))).reason, 'missing');
      assert.equal((await rejection(sdk.signWithWallet({ walletId, message: 'Pay eve', binding }, app.client))).reason, 'wrong_binding');
      await sdk.signWithWallet({ ...request, binding }, app.client); // which cost it nothing
    });

    it('hand out the key, sealed to who asked', async () => {
      const app = await signedIn(on.server, on.mailbox);
      const { walletId, address } = await sdk.createWallet({ chain: 'EVM' }, app.client);
      const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
      const pair = await suite.kem.generateKeyPair();
      const recipientKey = new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey));
      await app.stepUp('wallet:export');
      const sealed = await sdk.exportWallet({ walletId, recipientKey }, app.client);
      const bytes = (text) => Buffer.from(text, 'base64url');
      const opened = await suite.open({ recipientKey: pair, enc: bytes(sealed.encapsulatedKey), info: Buffer.from(sealed.info) }, bytes(sealed.ciphertext));
      assert.equal(privateKeyToAccount(`0x${Buffer.from(opened)}`).address, address);
    });
  });

  describe('a custom scope', () => {
    it('is proven for one transaction', async () => {
      const app = await signedIn(on.server, on.mailbox);
      const binding = await sdk.registerBinding({ scope: 'transfer:create', authorizationDetails: [{ type: 'transfer', amount: '25.00', payee: 'bob' }] }, app.client);
      assert.match(binding.summary, /25\.00/);
      await sdk.sendEmailOTP({ email: app.email, bindingId: binding.bindingId, requestedScopes: ['transfer:create'] }, app.client);
      await sdk.verifyOTP({ verificationToken: await on.mailbox.code(app.email) }, app.client);
      const token = sdk.getElevatedAccessToken({ scope: 'transfer:create', boundTo: binding.hash }, app.client);
      const claims = claimsOf(token);
      assert.deepEqual([claims.aud, claims.displayed, claims.authorization_details_hash], ['https://bank.example', true, binding.hash]);
    });
  });

  it('works for the client created last when none is given', async () => {
    const app = openApp(on.server);
    assert.equal(sdk.getDefaultClient(), app.client);
    const email = newAddress();
    await sdk.sendEmailOTP({ email });
    await sdk.verifyOTP({ verificationToken: await on.mailbox.code(email) });
    assert.equal(app.client.user.email, email);
    assert.equal(appOrigin, 'http://localhost:3000');
  });
};
