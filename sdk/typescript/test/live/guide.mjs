// The upgrade guide's flows in JavaScript, before and after, at both versions: the files in guide/ import the vendor's packages, and
// nothing but the imports is changed before they run here, with no client passed, up to a key whose address is the wallet's.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as sdk from '@stepup-auth/client';
import { appOrigin, newAddress, rejection, signedIn, withAuthenticator } from '../lib/app.mjs';
import { newAuthenticator } from '../lib/authenticator.mjs';
import { addressOfExport } from '../lib/exported.mjs';

const here = fileURLToPath(new URL('..', import.meta.url));
let folder;
after(() => { if (folder) rmSync(folder, { recursive: true, force: true }); });

const imports = { '@dynamic-labs-sdk/client': '@stepup-auth/client', '@dynamic-labs/sdk-api-core': '@stepup-auth/core' };

const changed = async (name) => {
  let text = readFileSync(`${here}guide/${name}.mjs`, 'utf8');
  for (const [theirs, ours] of Object.entries(imports)) text = text.replaceAll(`from '${theirs}'`, `from '${ours}'`);
  assert.doesNotMatch(text, /dynamic/);
  folder ??= mkdtempSync(`${here}imports-changed-`);
  writeFileSync(`${folder}/${name}.mjs`, text);
  return (await import(pathToFileURL(`${folder}/${name}.mjs`))).exportKey;
};

const exporterOf = (walletId) => () => addressOfExport((recipientKey) => sdk.exportWallet({ walletId, recipientKey }));

export const guide = (on) => {
  const { version } = on;
  describe('the upgrade guide', () => {
    const withPasskey = async () => {
      const app = await signedIn(on.server, on.mailbox, { passkey: newAuthenticator() });
      if (version !== '2026_01_01') await app.stepUp('credential:link');
      await sdk.registerPasskey();
      return app;
    };

    for (const [factor, enrolled] of Object.entries({ totp: () => withAuthenticator(on.server, on.mailbox), passkey: withPasskey })) {
      it(`after, ${factor}`, async () => {
        const app = await enrolled();
        const { walletId, address } = await sdk.createWallet({ chain: 'EVM' });
        const exportKey = await changed(`after-${factor}`);
        assert.equal(await exportKey({ code: app.code?.(1), exportPrivateKey: exporterOf(walletId) }), address);
        assert.equal(app.token('wallet:export'), undefined, 'it works once');
        const sent = app.requests.find((r) => r.path.endsWith('/privateKey/export'));
        assert.ok(sent.headers['x-dyn-elevated-access-token']);
      });

      it(`before, ${factor}`, async () => {
        const app = await enrolled();
        const { walletId, address } = await sdk.createWallet({ chain: 'EVM' });
        const exportKey = await changed(`before-${factor}`);
        const done = exportKey({ code: app.code?.(1), exportPrivateKey: exporterOf(walletId) });
        if (version === '2026_01_01') {
          assert.equal(await done, address);
          assert.ok(app.requests.find((r) => r.path.endsWith('/privateKey/export')).headers['x-mfa-auth-token']);
          assert.equal(app.client.mfaToken, null, 'it works once');
        } else {
          const error = await rejection(done); // the old token opens nothing under the new version, and the refusal says what does
          assert.deepEqual([error.code, error.scope], ['elevated_access_token_required', 'wallet:export']);
        }
      });
    }

    it('with the client that the published one\'s configuration makes', async () => {
      const { BaseError, createDynamicClient } = await import('@stepup-auth/client/compat');
      const items = new Map();
      const client = createDynamicClient({
        environmentId: on.server.environment,
        autoInitialize: false,
        instrumentation: { enabled: false },
        metadata: { name: 'Conformance', universalLink: `${appOrigin}/` },
        coreConfig: {
          apiBaseUrl: on.server.apiBase,
          storageAdapter: { getItem: async (k) => items.get(k) ?? null, setItem: async (k, v) => { items.set(k, v); }, removeItem: async (k) => { items.delete(k); } },
          logger: {},
        },
      });
      await sdk.initializeClient(client);
      assert.equal(client.initStatus, 'finished');
      const email = newAddress();
      const otpVerification = await sdk.sendEmailOTP({ email }, client);
      await sdk.verifyOTP({ otpVerification, verificationToken: await on.mailbox.code(email) }, client);
      assert.equal(items.size, 1);
      assert.ok((await rejection(sdk.signWithWallet({ walletId: on.server.environment, message: 'x' }, client))) instanceof BaseError);
    });

    if (version === '2026_01_01') {
      it('takes both spellings on both calls, keeps one that works longer, hands it out once', async () => {
        const passkey = newAuthenticator();
        const app = await withAuthenticator(on.server, on.mailbox, { passkey });
        await sdk.registerPasskey({ createMfaToken: { singleUse: false } });
        const { walletId } = await sdk.createWallet({ chain: 'EVM' });
        assert.ok(app.client.mfaToken);
        await sdk.signWithWallet({ walletId, message: 'one' });
        await sdk.signWithWallet({ walletId, message: 'two' });
        const token = app.client.mfaToken;
        assert.equal(sdk.consumeMfaToken(), token);
        assert.throws(() => sdk.consumeMfaToken(), { code: 'no_mfa_token' });
        assert.equal((await rejection(sdk.refreshWallet({ walletId }))).scope, 'wallet:refresh');
        await sdk.authenticateTotpMfaDevice({ code: app.code(1), createMfaToken: { singleUse: true } });
        await sdk.refreshWallet({ walletId });
        assert.equal(app.client.mfaToken, null);
        await sdk.authenticatePasskeyMFA({ createMfaTokenOptions: { singleUse: true } });
        await sdk.deleteMfaDevice({ deviceId: app.device.id, mfaAuthToken: sdk.consumeMfaToken() });
        await sdk.authenticatePasskeyMFA({ createMfaToken: true });
        const asked = [];
        const take = sdk.registerStepUpPrompt({
          prompt: async ({ createMfaToken, requestedScopes, check, client }) => {
            asked.push([requestedScopes.length, createMfaToken, check.credentials.map(({ type }) => type), check.defaultCredentialId === check.credentials[0].id]);
            if (createMfaToken.singleUse) await sdk.authenticatePasskeyMFA({ createMfaToken, requestedScopes }, client);
          },
        });
        const [key] = await sdk.getPasskeys();
        assert.equal(await sdk.promptMfaAuth({ createMfaToken: true }), app.client.mfaToken);
        assert.equal((await rejection(sdk.promptMfaAuth({ createMfaToken: { singleUse: false } }))).code, 'no_mfa_token', 'the old one is no answer');
        assert.deepEqual(asked, [true, false].map((singleUse) => [0, { singleUse }, ['passkey'], true]));
        take();
        assert.equal((await rejection(sdk.promptMfaAuth())).reason, 'no_prompt');
        await sdk.deletePasskey({ passkeyId: key.id });
        assert.equal(app.client.mfaToken, null);
        assert.equal(await sdk.isMfaRequiredForAction({ mfaAction: sdk.MFAAction.WalletWaasExport }), false, 'no factor, no MFA');
        assert.equal(await sdk.isMfaRequiredForAction({ mfaAction: sdk.MFAAction.UserUpdate }), false);
      });
    }
  });
};
