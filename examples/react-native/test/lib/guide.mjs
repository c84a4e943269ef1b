// The upgrade guide's flows in a browser: before and after, with the prompt and without, by authenticator app and passkey, at both versions.
// Each ends in a key that the server's frame shows, and in an export that is refused; or, where the old code meets the new version, in the
// refusal that says what is asked now.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openApp as openAuthenticator } from '../../../../conformance/real-client/lib/totp.mjs';

const here = fileURLToPath(new URL('../..', import.meta.url));
const environments = { '2026_04_01': '11111111-2222-4333-8444-555555555555', '2026_01_01': '11111111-2222-4333-8444-666666666666' };

/** What stands in the place of the app's script, bundled as that is. */
const bundle = async () => {
  const { build } = await import('esbuild'); // which the start of the app installs
  const { outputFiles } = await build({
    absWorkingDir: here, entryPoints: ['test/lib/guide.web.jsx'], outdir: 'web', write: false, bundle: true, format: 'esm', platform: 'browser', jsx: 'automatic', minify: true,
    nodePaths: [`${here}node_modules`],
    alias: { 'react-native': 'react-native-web', '@dynamic-labs/sdk-api-core': '@stepup-auth/core' },
    resolveExtensions: ['.web.tsx', '.web.ts', '.web.js', '.tsx', '.ts', '.mjs', '.js'],
    define: { 'process.env.NODE_ENV': '"production"', __DEV__: 'false' },
    logLevel: 'warning',
  });
  return outputFiles[0].text;
};

/** on.page is the browser's page, on.origin an origin that the server lets in, on.mailed(email) a code that was mailed. */
export const guideTests = (on) => describe('the upgrade guide, in a browser', () => {
  before(async () => {
    const [{ page, origin }, body] = [on, await bundle()];
    await page.route(`${origin}/app.js`, (route) => route.fulfill({ contentType: 'text/javascript', body }));
    await page.goto(`${origin}/`);
    await page.waitForFunction(() => window.guide);
  });

  /** A new user with a wallet and one second factor; code(n) is one of the app's next codes. */
  const open = async (version, factor) => {
    const { page } = on;
    const email = `guide.${Math.random().toString(36).slice(2)}@example.com`;
    await page.evaluate(async ({ email, ...options }) => {
      await window.guide.open(options);
      await window.guide.client.auth.email.sendOTP(email);
    }, { email, environmentId: environments[version], apiBaseUrl: on.server.replace('127.0.0.1', 'localhost') });
    await page.evaluate((code) => window.guide.client.auth.email.verifyOTP(code), await on.mailed(email));
    if (version === '2026_04_01') {
      await page.evaluate(() => window.guide.client.stepUpAuth.sendOtp({ requestedScopes: ['credential:link'] }));
      await page.evaluate((verificationToken) => window.guide.client.stepUpAuth.verifyOtp({ verificationToken, requestedScopes: ['credential:link'] }), await on.mailed(email));
    }
    let code = () => undefined;
    if (factor === 'passkey') await on.forgetPasskeys();
    if (factor === 'passkey') await page.evaluate(() => window.guide.client.passkeys.register());
    else {
      code = openAuthenticator(await page.evaluate(async () => (await window.guide.client.mfa.addDevice('totp')).uri));
      await page.evaluate(async (first) => {
        await window.guide.client.mfa.verifyDevice(first, 'totp');
        await window.guide.client.mfa.completeAcknowledgement();
      }, code(0));
    }
    const { address } = await page.evaluate(() => window.guide.client.wallets.create({ chain: 'EVM' }));
    return { page, address, code };
  };
  const ended = (page) => page.evaluate(() => window.guide.outcome);

  /** What a user does where the prompt asks. */
  const prove = {
    totp: async (page, code) => page.getByRole('dialog').getByLabel('Code', { exact: true }).fill(code),
    passkey: async (page) => page.getByRole('dialog').getByRole('button', { name: 'Use passkey', exact: true }).click(),
  };

  // The other two flows in the prompt are those of the app itself.
  const flows = [
    ['before', 'totp', 'totp'], ['after', 'totp', 'totp'], ['before', 'passkey', 'passkey'], ['after', 'passkey', 'passkey'],
    ['before', 'prompt', 'totp'], ['after', 'prompt', 'totp'], ['before', 'prompt', 'passkey'], ['after', 'prompt', 'passkey'],
  ];
  const isOfTheApp = (...flow) => ['2026_04_01 after prompt passkey', '2026_01_01 before prompt totp'].includes(flow.join(' '));
  for (const version of Object.keys(environments)) {
    describe(version, () => {
      for (const [when, way, factor] of flows.filter((flow) => !isOfTheApp(version, ...flow))) {
        it(`${when}: ${way === 'prompt' ? 'in the prompt' : 'headless'}, by ${factor}`, async () => {
          const { page, address, code } = await open(version, factor);
          await page.evaluate(([...all]) => window.guide.begin(...all), [when, way, code(1)]);
          if (way === 'prompt') await prove[factor](page, code(1));
          if (when === 'before' && version === '2026_04_01') {
            assert.equal(await ended(page), 'elevated_access_token_required wallet:export');
            assert.equal(await page.locator('iframe').count(), 0);
            return;
          }
          const frame = page.frameLocator('iframe');
          await frame.getByRole('button', { name: 'Show key' }).click();
          assert.match(await frame.locator('.key').textContent(), /^[0-9a-f]{64}$/);
          assert.equal(await frame.locator('.address code').textContent(), address);
          void frame.getByRole('button', { name: 'Done' }).click().catch(() => {}); // the frame goes away under it
          assert.equal(await ended(page), 'done');
          if (when === 'before' && way === 'passkey') return; // the guide's token works more than once there
          assert.equal(await page.evaluate(() => window.guide.again()), 'elevated_access_token_required wallet:export');
          assert.equal(await page.locator('iframe').count(), 0);
        });
      }
    });
  }
});
