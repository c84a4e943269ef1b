// The published client against a server built from this tree: SQLite always, PostgreSQL too when DATABASE_URL names an
// empty database there.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import * as sdk from '@dynamic-labs-sdk/client';
import { createApiClient, getNonce } from '@dynamic-labs-sdk/client/core';
import { appOrigin, claimsOf, newAddress, openApp, signedIn } from './lib/app.mjs';
import { openMailbox } from './lib/mailbox.mjs';
import { newAuthenticator } from './lib/passkey.mjs';
import { openApp as openAuthenticator } from './lib/totp.mjs';
import { newNumber, openPhonebox, secret as smsSecret } from './lib/phonebox.mjs';
import { freshDatabase, startServer } from './lib/server.mjs';
import { connectWallet, newWallet } from './lib/wallet.mjs';

const header = 'x-dyn-elevated-access-token';
const databases = { SQLite: undefined, ...(process.env.DATABASE_URL ? { PostgreSQL: process.env.DATABASE_URL } : {}) };

/** What the client made of a refusal: APIError, bare or wrapped in an error of its own. */
const refusal = async (promise) => {
  const error = await promise.then((value) => assert.fail(`was not refused: ${JSON.stringify(value)}`), (e) => e);
  if (error instanceof assert.AssertionError) throw error;
  const api = typeof error.status === 'number' ? error : error.cause;
  assert.equal(typeof api?.status, 'number', `not an answer of the API: ${error}`);
  return api;
};

const isStepUpRequired = ({ status, body }, scope, reason) => {
  assert.equal(status, 403, JSON.stringify(body));
  assert.equal(body.code, 'elevated_access_token_required');
  assert.equal(typeof body.error, 'string');
  assert.equal(body.payload.scope, scope);
  assert.equal(body.payload.reason, reason);
  assert.ok(body.payload.requestId);
};

for (const [engine, databaseUrl] of Object.entries(databases)) {
  describe(engine, () => {
    let mailbox;
    let server;

    /** Starts the server before the tests of a block; the block ends with a graceful stop. */
    const served = (settings) => {
      before(async () => {
        server = await startServer({
          smtpPort: mailbox.port,
          DATABASE_URL: databaseUrl ? freshDatabase(databaseUrl) : '', // empty: SQLite
          ...(typeof settings === 'function' ? settings() : settings),
        });
      });
      after(async () => { if (server) assert.equal(await server.stop(), 0, `how the server ended:\n${server.log()}`); });
    };

    before(async () => {
      mailbox = await openMailbox();
    });
    after(async () => {
      await mailbox?.close();
    });

    describe('with what published clients need', () => {
      served({});

      it('starts: settings, and nonces that differ', async () => {
        const { client, requests } = await openApp(server, mailbox);
        assert.equal(client.initStatus, 'finished');
        assert.equal(client.projectSettings.sdk.minApiVersion, '2026_04_01');
        assert.notEqual(await getNonce(client), await getNonce(client));
        const { nonces } = await requests.find((r) => r.path.startsWith('/nonces')).response.json();
        assert.equal(new Set(nonces).size, 5);
      });

      it('signs a new user in, and the same user the next time', async () => {
        const first = await signedIn(server, mailbox);
        assert.equal(first.client.user.email, first.email);
        assert.equal(first.response.user.newUser, true);
        assert.deepEqual(first.emails(), [first.email]);
        const second = await openApp(server, mailbox);
        await second.enterCode(first.email);
        assert.equal(second.client.user.id, first.client.user.id);
        assert.notEqual(second.claims().sid, first.claims().sid);
      });

      it('issues session tokens that its key set verifies', async () => {
        const { client, claims } = await signedIn(server, mailbox);
        const { header: head, ...payload } = claims();
        assert.equal(head.typ, 'at+jwt');
        assert.equal(payload.iss, server.issuer);
        assert.equal(payload.sub, client.user.id);
        assert.equal(payload.sid, client.user.sessionId);
        assert.equal(payload.environment_id, server.environment);
        assert.match(payload.session_public_key, /^0[23][0-9a-f]{64}$/);
        const sets = await Promise.all(['jwks', 'jwks.json'].map((name) => server.call('GET', `/.well-known/${name}`)));
        assert.deepEqual(sets[0].body, sets[1].body);
        const jwk = sets[0].body.keys.find((key) => key.kid === head.kid);
        assert.equal(jwk.d, undefined, 'a private key is published');
        const [signed, signature] = client.token.split(/\.(?=[^.]*$)/);
        assert.ok(verify(head.alg === 'EdDSA' ? null : 'sha256', Buffer.from(signed),
          { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')));
      });

      it('refuses a wrong code, takes the right one after it, and that one only once', async () => {
        const { client } = await openApp(server, mailbox);
        const email = newAddress();
        const otpVerification = await sdk.sendEmailOTP({ email }, client);
        const verificationToken = await mailbox.code(email);
        const wrong = verificationToken === '123456' ? '654321' : '123456';
        const error = await refusal(sdk.verifyOTP({ otpVerification, verificationToken: wrong }, client));
        assert.equal(error.code, 'wrong_email_verification_token');
        assert.equal(client.user, null);
        await sdk.verifyOTP({ otpVerification, verificationToken }, client);
        assert.equal(client.user.email, email);
        const thief = await openApp(server, mailbox);
        await refusal(sdk.verifyOTP({ otpVerification, verificationToken }, thief.client));
        assert.equal(thief.client.user, null);
      });

      it('closes a code after five wrong tries', async () => {
        const { client } = await openApp(server, mailbox);
        const email = newAddress();
        const otpVerification = await sdk.sendEmailOTP({ email }, client);
        const right = await mailbox.code(email);
        for (let i = 1; i <= 5; i += 1) {
          const verificationToken = String((Number(right) + i) % 1_000_000).padStart(6, '0');
          await refusal(sdk.verifyOTP({ otpVerification, verificationToken }, client));
        }
        await refusal(sdk.verifyOTP({ otpVerification, verificationToken: right }, client));
      });

      it('sends the code again', async () => {
        const { client } = await openApp(server, mailbox);
        const email = newAddress();
        const first = await sdk.sendEmailOTP({ email }, client);
        await mailbox.code(email);
        const again = await createApiClient({}, client).retryEmailVerification({
          environmentId: server.environment,
          emailVerificationRetryRequest: { email, verificationUUID: first.verificationUUID },
        });
        const otpVerification = { email, verificationUUID: again.verificationUUID };
        await sdk.verifyOTP({ otpVerification, verificationToken: await mailbox.code(email) }, client);
        assert.equal(client.user.email, email);
      });

      it('mails codes in plain text and HTML, and says what for', async () => {
        const { client, email } = await signedIn(server, mailbox);
        await sdk.sendEmailOTP({ email }, client);
        const mail = await mailbox.codeMail(email);
        assert.match(mail.html, /\d{6}/);
        assert.match(mail.text, /Conformance/);
        assert.match(mail.text, /confirm/i);
        assert.doesNotMatch(mail.text, /to sign in/i);
      });

      it('links another address by a code alone', async () => {
        const { client, email, enterCode, emails } = await signedIn(server, mailbox);
        const second = newAddress('second');
        await enterCode(second);
        assert.equal(client.user.verifiedCredentials.length, 2);
        assert.deepEqual(emails(), [email, second].sort());
      });

      it('changes a profile', async () => {
        const { client } = await signedIn(server, mailbox);
        await sdk.updateUser({ userFields: { firstName: 'Grace', metadata: { tier: 'gold' } } }, client);
        await sdk.refreshUser(client);
        assert.equal(client.user.firstName, 'Grace');
        assert.deepEqual(client.user.metadata, { tier: 'gold' });
      });

      it('deletes a user', async () => {
        const { client, email } = await signedIn(server, mailbox);
        const { id } = client.user;
        await sdk.deleteUser(client);
        assert.equal(client.user, null);
        const anew = await openApp(server, mailbox);
        await anew.enterCode(email);
        assert.notEqual(anew.client.user.id, id);
      });

      it('refreshes a session, which stays the same session', async () => {
        const { client, claims } = await signedIn(server, mailbox);
        const { sid } = claims();
        await sdk.refreshAuth(client);
        assert.equal(claims().sid, sid);
        await sdk.refreshUser(client);
      });

      it('knows a session no more after logout', async () => {
        const { client, bearer } = await signedIn(server, mailbox);
        const before = bearer();
        assert.equal((await server.call('GET', '/session', before)).status, 200);
        await sdk.logout(client);
        for (const path of ['/session', '/users']) {
          const { status, body } = await server.call('GET', path, before);
          assert.equal(status, 401);
          assert.equal(typeof body.error, 'string');
        }
      });

      it('signs in and steps up with a wallet, and nobody else does', async () => {
        const { client, requests } = await openApp(server, mailbox);
        const wallet = newWallet();
        const walletProviderKey = connectWallet(client, wallet);
        await sdk.connectAndVerifyWithWalletProvider({ walletProviderKey }, client);
        assert.equal(client.user.verifiedCredentials[0].address, wallet.address);
        const check = await sdk.checkStepUpAuth({ scope: 'wallet:export' }, client);
        assert.deepEqual(check.credentials.map((c) => c.format), ['blockchain']);
        const [walletAccount] = sdk.getWalletAccounts(client);
        await sdk.verifyWalletAccount({ requestedScopes: ['wallet:export'], walletAccount }, client);
        const token = claimsOf(sdk.getElevatedAccessToken({ scope: 'wallet:export', consume: false }, client));
        assert.deepEqual([token.acr, token.singleUse], ['urn:stepup:reauth', true]);
        assert.ok(requests.some((r) => r.path.startsWith('/wallets/verify')));
        const thief = (await openApp(server, mailbox)).client;
        const forged = connectWallet(thief, { ...wallet, sign: newWallet().sign });
        assert.equal((await refusal(sdk.connectAndVerifyWithWalletProvider({ walletProviderKey: forged }, thief))).code, 'invalid_verification');
      });

      it('links a wallet, chooses it, moves it to another account and unlinks it', async () => {
        const first = await signedIn(server, mailbox);
        const wallet = newWallet();
        await sdk.connectAndVerifyWithWalletProvider({ walletProviderKey: connectWallet(first.client, wallet) }, first.client);
        const [walletAccount] = sdk.getWalletAccounts(first.client);
        await sdk.selectPrimaryWalletAccount({ walletAccount }, first.client);
        assert.ok(sdk.getWalletAccounts(first.client)[0].lastSelectedAt instanceof Date);
        const second = await signedIn(server, mailbox);
        const walletProviderKey = connectWallet(second.client, wallet);
        await assert.rejects(sdk.connectAndVerifyWithWalletProvider({ walletProviderKey }, second.client), sdk.WalletAlreadyLinkedToAnotherUserError);
        const moved = await sdk.transferWalletAccount({ walletProviderKey }, second.client);
        assert.equal(moved.address, wallet.address);
        await sdk.refreshUser(first.client);
        assert.deepEqual(first.client.user.verifiedCredentials.map((c) => c.format), ['email']);
        await sdk.removeWalletAccount({ walletAccount: moved }, second.client);
        assert.deepEqual(second.client.user.verifiedCredentials.map((c) => c.format), ['email']);
      });

      it('lets the app call from its own origin only', async () => {
        const preflight = (origin) => server.call('OPTIONS', '/stepUp/check', {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': `authorization,content-type,${header}`,
        });
        const ours = (await preflight(appOrigin)).headers;
        assert.equal(ours.get('access-control-allow-origin'), appOrigin);
        assert.ok(ours.get('access-control-allow-headers').toLowerCase().split(/ *, */).includes(header));
        assert.equal((await preflight('https://evil.example')).headers.get('access-control-allow-origin'), null);
      });

      it('puts a request id and no-store on its answers', async () => {
        const { headers } = await server.call('GET', '/users');
        assert.ok(headers.get('x-request-id'));
        assert.match(headers.get('cache-control'), /no-store/);
      });
    });

    describe('with text messages', () => {
      let phonebox;
      before(async () => { phonebox = await openPhonebox(); });
      served(() => ({ COMPATIBILITY: 'none', sinkPort: phonebox.port, SMS_SECRET: smsSecret }));
      after(async () => {
        assert.deepEqual(phonebox?.unsigned, []);
        await phonebox?.close();
      });

      const ask = (client, phoneNumber) => sdk.sendSmsOTP({ isoCountryCode: 'US', phoneNumber }, client);
      const enter = async (client, number, requestedScopes) => {
        const otpVerification = await ask(client, number);
        return sdk.verifyOTP({ otpVerification, verificationToken: await phonebox.code(number), requestedScopes }, client);
      };
      const numbers = (client) => client.user.verifiedCredentials.filter((c) => c.format === 'phoneNumber')
        .map((c) => [c.phoneNumber, c.phoneCountryCode, c.isoCountryCode].join(' '));

      it('signs in by text, refuses a wrong code, and steps up', async () => {
        const number = newNumber();
        const { client } = await openApp(server, mailbox);
        const sms = client.projectSettings.providers.find((p) => p.provider === 'sms');
        assert.deepEqual(sms.enabledCountries, [{ isoCountryCode: 'US', phoneCountryCode: '1' }]);
        const otpVerification = await ask(client, number);
        const verificationToken = await phonebox.code(number);
        const wrong = verificationToken === '123456' ? '654321' : '123456';
        assert.equal((await refusal(sdk.verifyOTP({ otpVerification, verificationToken: wrong }, client))).code, 'wrong_sms_verification_token');
        await sdk.verifyOTP({ otpVerification, verificationToken }, client);
        assert.deepEqual(numbers(client), [`${number} 1 US`]);
        await enter(client, number, ['wallet:export']);
        const claims = claimsOf(sdk.getElevatedAccessToken({ scope: 'wallet:export', consume: false }, client));
        assert.deepEqual(claims.amr, ['otp', 'sms']);
        await refusal(enter(client, newNumber(), ['wallet:export']));
      });

      it('links a number with a token only, changes it, and tells the old one', async () => {
        const [first, second] = [newNumber(), newNumber()];
        const { client, email, stepUp, withToken } = await signedIn(server, mailbox);
        assert.equal((await refusal(enter(client, first))).code, 'elevated_access_token_required');
        const token = await stepUp(email, 'credential:link');
        await withToken(token, () => enter(client, first));
        assert.deepEqual(numbers(client), [`${first} 1 US`]);
        assert.match((await mailbox.notice(email)).text, /https?:\/\//);

        const change = () => sdk.updateUser({ userFields: { phoneNumber: `+1${second}` } }, client);
        assert.equal((await refusal(change())).status, 403);
        const otpVerification = await withToken(await stepUp(email, 'credential:update'), change);
        assert.equal(otpVerification.phoneNumber, second);
        assert.deepEqual(numbers(client), [`${first} 1 US`]);
        await sdk.verifyOTP({ otpVerification, verificationToken: await phonebox.code(second) }, client);
        assert.deepEqual(numbers(client), [`${second} 1 US`]);
        assert.match(await phonebox.notice(first), /changed.*\nNot you\? http/);
      });

      it('texts nobody elsewhere', async () => {
        const { client } = await openApp(server, mailbox);
        const error = await refusal(sdk.sendSmsOTP({ isoCountryCode: 'GB', phoneNumber: '7400123456' }, client));
        assert.deepEqual([error.status, error.code], [422, 'invalid_phone']);
      });
    });

    describe('where devices are registered', () => {
      served({ DEVICES: 'true' });

      it('waits for the link on an unknown device, registers it, lists and revokes', async () => {
        const first = await signedIn(server, mailbox);
        assert.equal(sdk.isDeviceRegistrationRequired(first.client.user), false);
        const second = await openApp(server, mailbox);
        await second.enterCode(first.email);
        assert.equal(sdk.isDeviceRegistrationRequired(second.client.user), true);
        assert.equal((await server.call('GET', '/waas', second.bearer())).body.code, 'device_registration_required');
        const { text } = await mailbox.notice(first.email);
        const [url] = /http\S+deviceRegistrationToken=\S+/.exec(text);
        const deviceToken = sdk.getDeviceRegistrationTokenFromUrl({ url });
        await refusal(sdk.completeDeviceRegistration({ deviceToken }, first.client));
        await sdk.completeDeviceRegistration({ deviceToken }, second.client);
        assert.equal(sdk.isDeviceRegistrationRequired(second.client.user), false);
        const devices = await sdk.getRegisteredDevices(second.client);
        assert.deepEqual(devices.map((device) => device.isCurrentDevice).sort(), [false, true]);
        const mine = devices.find((device) => device.isCurrentDevice);
        await sdk.revokeRegisteredDevice({ deviceRegistrationId: mine.id }, second.client);
        assert.equal(second.client.user, null);
        assert.equal((await sdk.getRegisteredDevices(first.client)).length, 1);
      });
    });

    describe('with a token asked of every call', () => {
      served({ COMPATIBILITY: 'none' });

      it('tells what needs a step-up, and with which credential', async () => {
        const { client } = await signedIn(server, mailbox);
        const [own] = client.user.verifiedCredentials;
        const expected = {
          'credential:link': true, 'credential:unlink': true, 'credential:update': true, 'user:delete': true,
          'wallet:export': true, 'wallet:sign': true, 'transfer:create': true, 'user:update': false,
        };
        for (const [scope, isRequired] of Object.entries(expected)) {
          const answer = await sdk.checkStepUpAuth({ scope }, client);
          assert.equal(answer.isRequired, isRequired, scope);
          assert.deepEqual(answer.credentials.map((c) => c.id), isRequired ? [own.id] : [], scope);
          if (isRequired) assert.equal(answer.defaultCredentialId, own.id);
        }
        assert.equal((await server.call('POST', '/stepUp/check', { body: { scope: 'user:delete' } })).status, 401);
      });

      it('turns a proof into one token for several scopes', async () => {
        const { client, email, stepUp, claims } = await signedIn(server, mailbox);
        const token = claimsOf(await stepUp(email, 'credential:link', 'credential:unlink'));
        assert.equal(token.header.typ, 'elevated+jwt');
        assert.deepEqual(token.scope.split(' ').sort(), ['credential:link', 'credential:unlink']);
        assert.deepEqual([token.iss, token.aud, token.sub, token.sid], [server.issuer, server.issuer, client.user.id, claims().sid]);
        assert.equal(token.singleUse, false);
        assert.ok(token.exp - token.iat <= 600);
        assert.ok(token.jti && token.acr && token.amr.length > 0);
        assert.equal((await sdk.checkStepUpAuth({ scope: 'credential:link' }, client)).isRequired, false);
      });

      it('mints custom scopes for their own audience', async () => {
        const { client, email, stepUp, enterCode } = await signedIn(server, mailbox);
        const token = claimsOf(await stepUp(email, 'transfer:create'));
        assert.equal(token.aud, 'https://bank.example');
        assert.equal(token.singleUse, true);
        assert.ok(token.exp - token.iat <= 300);
        for (const scopes of [['transfer:create', 'credential:link'], ['transfer:refund'], ['console:mfa:reset'], ['business_account:member:add']]) {
          assert.equal((await refusal(enterCode(email, scopes))).status, 422, scopes.join(' '));
        }
        assert.equal(sdk.getElevatedAccessToken({ scope: 'credential:link', consume: false }, client), undefined);
      });

      it('mints nothing for an address that is not the user\'s', async () => {
        const { client, enterCode } = await signedIn(server, mailbox);
        await refusal(enterCode(newAddress('stranger'), ['user:delete']));
        assert.equal(sdk.getElevatedAccessToken({ scope: 'user:delete', consume: false }, client), undefined);
      });

      it('links and unlinks an address with a token, and not without', async () => {
        const { client, email, stepUp, withToken, bearer, emails } = await signedIn(server, mailbox);
        const second = newAddress('second');
        const elsewhere = await stepUp(email, 'transfer:create');
        const token = await stepUp(email, 'credential:link');
        const otpVerification = await sdk.sendEmailOTP({ email: second }, client);
        const verificationToken = await mailbox.code(second);
        const link = () => sdk.verifyOTP({ otpVerification, verificationToken }, client);

        const error = await refusal(link());
        assert.deepEqual([error.status, error.code], [403, 'elevated_access_token_required']);
        for (const other of [elsewhere, client.token, `${token.slice(0, -8)}AAAAAAAA`]) {
          assert.equal((await refusal(withToken(other, link))).status, 403);
        }
        assert.deepEqual(emails(), [email]);
        await withToken(token, link); // the refusals did not cost the code
        assert.deepEqual(emails(), [email, second].sort());

        const { id } = client.user.verifiedCredentials.find((c) => c.email === second);
        const unlink = (headers) => server.call('POST', '/verify/unlink', { ...bearer(), ...headers, body: { verifiedCredentialId: id } });
        isStepUpRequired(await unlink({}), 'credential:unlink', 'missing');
        isStepUpRequired(await unlink({ [header]: token }), 'credential:unlink', 'wrong_scope');
        const { status, body } = await unlink({ [header]: await stepUp(email, 'credential:unlink') });
        assert.ok(status < 300, JSON.stringify(body));
        await sdk.refreshUser(client);
        assert.deepEqual(emails(), [email]);
      });

      it('changes the address with a token and a code, and tells the old one', async () => {
        const { client, email, stepUp, withToken } = await signedIn(server, mailbox);
        const moved = newAddress('moved');
        const change = () => sdk.updateUser({ userFields: { email: moved } }, client);
        assert.equal((await refusal(change())).status, 403);
        const token = await stepUp(email, 'credential:update');
        const otpVerification = await withToken(token, change);
        assert.equal(otpVerification.email, moved);
        assert.equal(client.user.email, email);
        const verificationToken = await mailbox.code(moved);
        await withToken(token, () => sdk.verifyOTP({ otpVerification, verificationToken }, client));
        assert.equal(client.user.email, moved);
        assert.match((await mailbox.notice(email)).text, /https?:\/\//);
      });

      it('registers a passkey with a token, signs in and steps up with it, and deletes it', async () => {
        const passkey = newAuthenticator();
        const { client, email, stepUp, enterCode } = await signedIn(server, mailbox, { passkey });
        await assert.rejects(sdk.authenticatePasskeyMFA({ requestedScopes: ['wallet:export'] }, client), { code: 'no_passkey_credentials_found_error' });
        assert.equal((await refusal(sdk.registerPasskey({}, client))).status, 403);
        await stepUp(email, 'credential:link');
        await sdk.registerPasskey({}, client);
        const [key] = await sdk.getPasskeys(client);
        assert.ok(client.user.verifiedCredentials.some((c) => c.id === key.id && c.format === 'passkey'));

        const other = await openApp(server, mailbox, { passkey });
        await sdk.signInWithPasskey({}, other.client);
        assert.equal(other.client.user.id, client.user.id);

        await sdk.authenticatePasskeyMFA({ requestedScopes: ['wallet:export'] }, client);
        const { acr, amr, credential_id } = claimsOf(sdk.getElevatedAccessToken({ scope: 'wallet:export' }, client));
        assert.deepEqual([acr, amr.includes('mfa'), credential_id], ['urn:stepup:phr', true, key.id]);
        assert.equal((await refusal(enterCode(email, ['wallet:export']))).code, 'mfa_invalid_request'); // a code is weaker

        passkey.origin = 'https://evil.example';
        assert.equal((await refusal(sdk.authenticatePasskeyMFA({ requestedScopes: ['wallet:export'] }, client))).code, 'invalid_passkey');
        passkey.origin = appOrigin;
        passkey.copied();
        passkey.copied();
        assert.match((await refusal(sdk.authenticatePasskeyMFA({ requestedScopes: ['wallet:export'] }, client))).message, /counter/);

        await sdk.authenticatePasskeyMFA({ requestedScopes: ['credential:unlink'] }, client).catch(() => {}); // the counter catches up
        await sdk.authenticatePasskeyMFA({ requestedScopes: ['credential:unlink'] }, client);
        await sdk.deletePasskey({ passkeyId: key.id }, client);
        assert.deepEqual(await sdk.getPasskeys(client), []);
        assert.equal((await refusal(sdk.signInWithPasskey({}, (await openApp(server, mailbox, { passkey })).client))).code, 'passkey_not_found');
      });

      it('enrols an authenticator app with a token, steps up with it and with recovery codes, each once, and deletes it', async () => {
        const { client, email, stepUp, enterCode } = await signedIn(server, mailbox);
        assert.equal((await refusal(sdk.registerTotpMfaDevice(client))).status, 403);
        await stepUp(email, 'credential:link');
        const device = await sdk.registerTotpMfaDevice(client);
        const code = openAuthenticator(device.uri);
        assert.equal((await sdk.getMfaMethods(client)).userHasVerifiedMfaMethods, false);
        const first = code(0);
        await sdk.authenticateTotpMfaDevice({ code: first, deviceId: device.id }, client);
        await assert.rejects(sdk.authenticateTotpMfaDevice({ code: first, deviceId: device.id }, client), sdk.MfaInvalidOtpError);
        assert.deepEqual((await sdk.getMfaMethods(client)).devices.map((d) => d.id), [device.id]);
        assert.equal((await refusal(enterCode(email, ['wallet:export']))).code, 'mfa_invalid_request'); // a mailed code is weaker
        const check = await sdk.checkStepUpAuth({ scope: 'wallet:export' }, client);
        assert.deepEqual([check.credentials.map((c) => c.format).includes('email'), check.defaultCredentialId], [false, device.id]);

        const { recoveryCodes } = await sdk.getMfaRecoveryCodes(client);
        assert.equal(new Set(recoveryCodes).size, 10);
        await sdk.authenticateMfaRecoveryCode({ code: recoveryCodes[0].toLowerCase(), requestedScopes: ['wallet:export'] }, client);
        const { acr, amr, singleUse } = claimsOf(sdk.getElevatedAccessToken({ scope: 'wallet:export' }, client));
        assert.deepEqual([acr, amr.includes('mfa'), singleUse], ['urn:stepup:mfa', true, true]);
        assert.equal((await refusal(sdk.authenticateMfaRecoveryCode({ code: recoveryCodes[0] }, client))).code, 'mfa_invalid_code');
        await sdk.refreshUser(client);
        assert.equal(sdk.isPendingRecoveryCodesAcknowledgment(client), true);
        await sdk.acknowledgeRecoveryCodes(client);
        assert.equal(sdk.isPendingRecoveryCodesAcknowledgment(client), false);
        assert.deepEqual((await sdk.getMfaRecoveryCodes(client)).recoveryCodes, []);

        await sdk.authenticateTotpMfaDevice({ code: code(1), requestedScopes: ['credential:unlink'] }, client);
        await sdk.deleteMfaDevice({ deviceId: device.id }, client);
        assert.deepEqual(await sdk.getMfaDevices(client), []);
        assert.equal((await refusal(sdk.authenticateMfaRecoveryCode({ code: recoveryCodes[1] }, client))).code, 'mfa_invalid_code');
      });

      it('says in its own words that there were too many wrong codes', async () => {
        const { client, email, stepUp } = await signedIn(server, mailbox);
        await stepUp(email, 'credential:link');
        const device = await sdk.registerTotpMfaDevice(client);
        const code = openAuthenticator(device.uri);
        await sdk.authenticateTotpMfaDevice({ code: code(0), deviceId: device.id }, client);
        for (let i = 0; i < 10; i += 1) {
          await assert.rejects(sdk.authenticateTotpMfaDevice({ code: 'wrong!' }, client), sdk.MfaInvalidOtpError);
        }
        await assert.rejects(sdk.authenticateTotpMfaDevice({ code: code(1) }, client), sdk.MfaRateLimitedError);
      });

      it('deletes a user with a token, and says why when it does not', async () => {
        const { client, email, stepUp, bearer } = await signedIn(server, mailbox);
        const remove = (headers) => server.call('DELETE', '/users', { ...bearer(), ...headers });
        isStepUpRequired(await remove({}), 'user:delete', 'missing');
        isStepUpRequired(await remove({ [header]: client.token }), 'user:delete', 'missing');
        const neighbour = await signedIn(server, mailbox);
        isStepUpRequired(await remove({ [header]: await neighbour.stepUp(neighbour.email, 'user:delete') }), 'user:delete', 'wrong_subject');
        const token = await stepUp(email, 'user:delete');
        assert.equal((await remove({ [header]: token, 'elevated-access-token': token })).status, 400);
        assert.ok((await remove({ [header]: token })).status < 300);
        assert.equal((await server.call('GET', '/users', bearer())).status, 401);
      });

      it('keeps a wallet, which signs, exports and renews its shares with a token of its own each, and not without', async () => {
        const { email, bearer, claims, stepUp } = await signedIn(server, mailbox);
        const waas = (path, body, token) => server.call('POST', `/waas${path}`, { body, ...bearer(), ...(token ? { [header]: token } : {}) });
        const made = await waas('/create', { chain: 'EVM' });
        assert.equal(made.status, 200, JSON.stringify(made.body));
        const { walletId, address } = made.body;
        assert.match(address, /^0x[0-9a-fA-F]{40}$/);
        const exportPublicKey = createHash('sha256').update(email).digest('base64url'); // any 32 bytes are a key of X25519
        const calls = {
          'wallet:sign': [`/${walletId}/signMessage`, { message: 'hi' }, 'wallet:sign'],
          'wallet:export': [`/${walletId}/privateKey/export`, { exportPublicKey }, 'wallet:export'],
          'wallet:refresh': [`/${walletId}/refresh`, {}, 'wallet:delegate'],
          'wallet:reshare': [`/${walletId}/reshare`, { oldThresholdSignatureScheme: 'TWO_OF_TWO', newThresholdSignatureScheme: 'TWO_OF_THREE' }, 'wallet:delegate'],
        };
        for (const [scope, [path, body, asked]] of Object.entries(calls)) {
          isStepUpRequired(await waas(path, body), scope, 'missing');
          const token = await stepUp(email, asked);
          const done = await waas(path, body, token);
          assert.equal(done.status, 200, `${path}: ${JSON.stringify(done.body)}`);
          isStepUpRequired(await waas(path, body, token), scope, 'spent');
        }
        const { body } = await server.call('GET', `/waas/${walletId}`, bearer());
        assert.deepEqual([body.address, body.generation, body.thresholdSignatureScheme], [address, 3, 'TWO_OF_THREE']);
        const stranger = await signedIn(server, mailbox);
        assert.notEqual(stranger.claims().sub, claims().sub);
        assert.equal((await server.call('GET', `/waas/${walletId}`, stranger.bearer())).status, 404);
      });

      it('takes no token for another kind', async () => {
        const { client, email, response, stepUp } = await signedIn(server, mailbox);
        const elevated = await stepUp(email, 'credential:link');
        const unsigned = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${client.token.split('.')[1]}.`;
        for (const token of [elevated, response.jwt, unsigned, `${client.token.slice(0, -8)}AAAAAAAA`]) {
          assert.equal((await server.call('GET', '/users', { authorization: `Bearer ${token}` })).status, 401);
        }
      });
    });

    // A database whose environment has been at the newest version stays there, so the old version gets one of its own.
    if (!databaseUrl) {
      describe('at 2026_01_01', () => {
        served({ API_VERSION: '2026_01_01' });

        it('asks no token where no action is on', async () => {
          const { client, enterCode, emails } = await signedIn(server, mailbox);
          assert.equal(client.projectSettings.sdk.minApiVersion, '2026_01_01');
          await enterCode(newAddress('second'));
          assert.equal(emails().length, 2);
          await sdk.deleteUser(client);
          assert.equal(client.user, null);
        });
      });
    }
  });
}
