// The client object of React Native on a server: the upgrade guide's flows before and after, where nothing but the import is changed, up to a
// key that a view of its own shows; the hosted page in a browser of the system's; the hooks on the same client; docs/sdk/react-native.md.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createClient } from '@stepup-auth/react-native';
import { appOrigin, claimsOf, newAddress, rejection } from '../lib/app.mjs';
import { newAuthenticator, openAuthenticator } from '../lib/authenticator.mjs';
import { addressOfExport } from '../lib/exported.mjs';
import { loadReact, newPage, until } from '../lib/react.mjs';

const here = fileURLToPath(new URL('..', import.meta.url));
const redirectUri = `${appOrigin}/back`;
let folder;
after(() => { if (folder) rmSync(folder, { recursive: true, force: true }); });

const changed = async (name) => {
  const text = readFileSync(`${here}guide/react-native/${name}.mjs`, 'utf8').replaceAll("from '@dynamic-labs/sdk-api-core'", "from '@stepup-auth/core'");
  assert.doesNotMatch(text, /dynamic/);
  folder ??= mkdtempSync(`${here}imports-changed-`);
  writeFileSync(`${folder}/${name}.mjs`, text);
  return (await import(pathToFileURL(`${folder}/${name}.mjs`))).exportKey;
};

/** An app with a new user signed in by mail. What its view of keys has shown is in `shown`: the address of each key, never the key. */
const openApp = async ({ server, mailbox }, options = {}, create = createClient) => {
  const shown = [];
  const requests = [];
  const client = create({
    environmentId: server.environment,
    apiBaseUrl: server.apiBase,
    origin: appOrigin,
    showKey: async ({ seal, url }) => {
      assert.equal(url, `${server.issuer}/reveal`);
      shown.push(await addressOfExport((key) => seal(Buffer.from(key).toString('base64url'))));
    },
    fetch: async (url, init) => {
      requests.push({ path: String(url).replace(server.issuer, ''), headers: init.headers });
      return fetch(url, init);
    },
    ...options,
  });
  const email = newAddress();
  await client.auth.email.sendOTP(email);
  await client.auth.email.verifyOTP(await mailbox.code(email));
  const stepUp = async (scope) => {
    await client.stepUpAuth.sendOtp({ requestedScopes: [scope] });
    assert.ok(client.stepUpAuth.state.otpVerification);
    await client.stepUpAuth.verifyOtp({ verificationToken: await mailbox.code(email), requestedScopes: [scope] });
    assert.deepEqual(client.stepUpAuth.state, { isPending: false, error: null, otpVerification: null });
  };
  return { client, email, stepUp, shown, requests };
};

const withAuthenticator = async (on, options, create) => {
  const app = await openApp(on, options, create);
  await app.stepUp('credential:link');
  const code = openAuthenticator((await app.client.mfa.addDevice('totp')).uri);
  await app.client.mfa.verifyDevice(code(0), 'totp');
  return { ...app, code };
};

/** The hosted page as a person with a code uses it, by its routes: answers the address that it goes back to. */
const visit = async (server, url, act) => {
  const { origin, pathname, hash } = new URL(url);
  const page = `${server.issuer}/stepUp/prompts/${pathname.split('/').at(-1)}`;
  let cookie = '';
  const post = async (path, body) => {
    const response = await fetch(`${page}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', origin, cookie }, body: JSON.stringify(body) });
    cookie ||= response.headers.getSetCookie().map((one) => one.split(';')[0]).join('; ');
    assert.equal(response.status, 200, await response.clone().text());
    return response.json();
  };
  const view = await post('/open', { secret: hash.slice(1) });
  return (await act({ view, post })).location;
};

export const reactNative = (on) => {
  const { version } = on;
  describe('React Native', () => {
    const people = {
      totp: () => withAuthenticator(on),
      passkey: async () => {
        const app = await openApp(on, { passkey: newAuthenticator() });
        if (version !== '2026_01_01') await app.stepUp('credential:link');
        await app.client.passkeys.register();
        return app;
      },
      prompt: async () => {
        const app = await withAuthenticator(on, {
          prompt: async ({ requestedScopes, createMfaToken, client }) => {
            if (createMfaToken) await client.mfa.authenticateDevice({ code: app.code(1), createMfaToken });
            else await client.stepUpAuth.verifyTotpMfa({ code: app.code(1), requestedScopes });
          },
        });
        return app;
      },
    };
    for (const [way, enrolled] of Object.entries(people)) {
      for (const when of ['before', 'after']) {
        it(`the upgrade guide, ${when}, ${way}: a key is shown, and not a second time`, async () => {
          const { client, shown, requests, code } = await enrolled();
          const { address } = await client.wallets.create({ chain: 'EVM' });
          assert.equal(client.wallets.primary.address, address);
          const exportKey = await changed(`${when}-${way}`);
          const done = exportKey({ client, code: code?.(1) });
          if (when === 'before' && version !== '2026_01_01') {
            const error = await rejection(done); // the old token opens nothing under the new version, and the refusal says what does
            return assert.deepEqual([error.code, error.scope, shown], ['elevated_access_token_required', 'wallet:export', []]);
          }
          await done;
          assert.deepEqual(shown, [address]);
          const sent = requests.find(({ path }) => path.endsWith('/privateKey/export')).headers;
          if (when === 'after') {
            assert.ok(sent['x-dyn-elevated-access-token']);
            assert.equal((await rejection(client.wallets.primary.exportWaasPrivateKey())).code, 'elevated_access_token_required');
          } else if (way !== 'passkey') { // whose token works more than once
            assert.equal((await rejection(client.wallets.primary.exportWaasPrivateKey())).scope, 'wallet:export');
          }
          assert.equal(shown.length, 1);
          return undefined;
        });
      }
    }

    it('knows its wallets once they were asked for, once a session', async () => {
      const { client, requests } = await openApp(on);
      await client.wallets.create({ chain: 'EVM' });
      const again = createClient({ environmentId: on.server.environment, apiBaseUrl: on.server.apiBase });
      assert.equal(again.wallets.primary, null);
      const [wallet] = await client.wallets.load();
      assert.equal(client.wallets.primary.id, wallet.id);
      assert.deepEqual(client.wallets.userWallets.map(({ id }) => id), [wallet.id]);
      const asked = requests.length;
      void client.wallets.primary;
      assert.equal(requests.length, asked);
      await client.auth.logout();
      assert.equal(client.wallets.primary, null);
    });

    it('has the hooks of React on the same client', async () => {
      const at = await loadReact(19, `export { createClient } from '@stepup-auth/react-native';`);
      const page = newPage(at);
      page.open();
      try {
        const { client, code } = await withAuthenticator(on, {}, at.createClient);
        delete globalThis.window; // of which React Native has one without an address
        globalThis.window = {};
        const hook = () => ({ auth: at.ours.useStepUpAuthentication(), primaryWallet: at.ours.usePrimaryWallet(), session: at.ours.useSession() });
        const used = await page.use(hook, { client, deviceRegistrationModal: { enabled: false } });
        await until(() => used.now.session.status === 'signedIn');
        const { id } = await client.wallets.create({ chain: 'EVM' });
        assert.equal((await until(() => used.now.primaryWallet)).id, id);
        assert.equal(used.now.primaryWallet, client.wallets.primary);
        await used.now.auth.verifyTotpMfa({ code: code(1), requestedScopes: ['wallet:export'] });
        await used.now.primaryWallet.exportWaasPrivateKey();
      } finally {
        await page.close();
      }
    });

    if (version === '2026_01_01') return;

    describe('the hosted page', () => {
      const hosted = (open, more = {}) => ({ ui: 'hosted', redirectUri, browser: { open, close: () => {} }, ...more });
      const proves = (app) => async (url, back) => {
        assert.equal(back, redirectUri);
        return visit(on.server, url, async ({ view, post }) => {
          const { id } = view.credentials.find(({ format }) => format === 'totp');
          return post('/verify', { credentialId: id, code: app().code(1) });
        });
      };

      it('asks, and comes back to a token', async () => {
        let app;
        app = await withAuthenticator(on, hosted(proves(() => app)));
        const token = await app.client.stepUpAuth.promptStepUpAuth({ requestedScopes: ['wallet:export'] });
        assert.deepEqual([claimsOf(token).scope, claimsOf(token).acr], ['wallet:export', 'urn:stepup:mfa']);
        assert.equal((await rejection(app.client.ui.mfa.show({ createMfaToken: true }))).reason, 'no_prompt');
      });

      it('declined, closed, or come back from elsewhere, is a cancellation', async () => {
        const ways = [
          (url) => visit(on.server, url, ({ post }) => post('/cancel', {})),
          async () => null,
          async () => `${redirectUri}?state=somebody&code=AAAA&iss=${on.server.issuer}`,
        ];
        const app = await withAuthenticator(on, hosted((...page) => ways[0](...page)));
        for (; ways.length > 0; ways.shift()) {
          const error = await rejection(app.client.stepUpAuth.promptStepUpAuth({ requestedScopes: ['wallet:export'] }));
          assert.equal(error.code, 'step_up_cancelled');
          assert.equal(app.client.stepUpAuth.state.error, error);
        }
      });

      it('is closed when the session ends', async () => {
        let close;
        const closed = new Promise((resolve) => { close = resolve; });
        let app;
        const open = async () => {
          void app.client.auth.logout();
          await closed;
          return null;
        };
        app = await withAuthenticator(on, hosted(open, { browser: { open, close } }));
        assert.equal((await rejection(app.client.stepUpAuth.promptStepUpAuth({ requestedScopes: ['wallet:export'] }))).code, 'step_up_cancelled');
      });
    });

    it('logs in elsewhere in the browser of the system', async () => {
      let closed = 0;
      let end;
      const browser = {
        open: async (url) => {
          await fetch(url);
          return new Promise((resolve) => { end = () => resolve(null); });
        },
        close: () => {
          closed += 1;
          end();
        },
      };
      const client = createClient({ environmentId: on.server.environment, apiBaseUrl: on.server.apiBase, origin: appOrigin, browser });
      on.world.logIn(on.world.somebody());
      await client.auth.social.connect({ provider: 'github' });
      assert.ok(client.auth.authenticatedUser);
      await client.stepUpAuth.verifySocial({ provider: 'github', requestedScopes: ['wallet:export'] });
      assert.equal(closed, 2);
    });
  });
};
