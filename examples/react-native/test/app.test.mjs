// Starts the app as README.md says, and goes through it once in Chromium, at both versions; then through every flow of the upgrade guide.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../conformance/real-client/lib/server.mjs';
import { openApp as openAuthenticator } from '../../../conformance/real-client/lib/totp.mjs';
import { guideTests } from './lib/guide.mjs';

const here = fileURLToPath(new URL('..', import.meta.url));
const root = join(here, '../..');
const sdk = createRequire(join(root, 'sdk/typescript/package.json'));
const { chromium } = sdk('playwright-core');
const axe = readFileSync(sdk.resolve('axe-core/axe.min.js'), 'utf8');

const pictures = join(root, 'artifacts');
const email = 'grace@example.com';

let started;
let data;
let server;
let browser;
let page;
let problems;
/** What the flows of the upgrade guide need; filled in before they run. */
const on = {};

before(async () => {
  data = mkdtempSync(join(tmpdir(), 'stepup-react-native-app-'));
  const [PORT, SERVICE_PORT, APP_PORT] = [await freePort(), await freePort(), await freePort()].map(String);
  server = `http://127.0.0.1:${PORT}`;
  const [, command] = /```sh\n([\s\S]*?)```/.exec(readFileSync(join(here, 'README.md'), 'utf8'));
  // A group of its own, which ends as a whole: what was started starts others.
  const env = { ...process.env, PORT, SERVICE_PORT, APP_PORT, DATA: data, NO_COLOR: '1' };
  started = spawn('bash', ['-ec', command], { cwd: here, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env });
  let log = '';
  const origin = `http://localhost:${APP_PORT}`;
  await new Promise((resolve, reject) => {
    const hear = (chunk) => {
      log += chunk;
      if (log.includes(`${origin}/`)) resolve();
    };
    started.stdout.on('data', hear);
    started.stderr.on('data', hear);
    started.on('exit', (code) => reject(new Error(`it ended with ${code}:\n${log}`)));
  });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  page = await browser.newPage({ viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' });
  page.setDefaultTimeout(20_000);
  problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error' && !line.text().includes('responded with a status of 4')) problems.push(line.text());
  });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  mkdirSync(pictures, { recursive: true });
  await page.goto(`${origin}/`);
  const forgetPasskeys = () => devtools.send('WebAuthn.clearCredentials', { authenticatorId }); // of which it keeps few
  Object.assign(on, { page, origin, server, mailed, forgetPasskeys });
}, { timeout: 300_000 });

after(async () => {
  await browser?.close();
  if (started?.exitCode === null) {
    const ended = new Promise((resolve) => started.on('exit', resolve));
    process.kill(-started.pid, 'SIGTERM');
    await ended;
  }
  rmSync(data, { recursive: true, force: true, maxRetries: 5 });
});

const read = new Set();

/** The newest code that was mailed to somebody and not read yet. */
const mailed = async (whose = email) => {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const { messages } = await (await fetch(`${server}/dev/inbox.json`)).json();
    const message = messages.find(({ id, to, code }) => to === whose && code && !read.has(id));
    if (message) {
      read.add(message.id);
      return message.code;
    }
  }
  throw new Error('no code was mailed');
};

const button = (name, within = page) => within.getByRole('button', { name, exact: true });
const prompt = () => page.getByRole('dialog');
const closed = () => prompt().waitFor({ state: 'detached' });

/** What the prompt looks like in the light and in the dark; axe finds nothing in it, and nothing is wider than the phone. */
const looks = async (name) => {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(pictures, `react-native-${name}-${colorScheme}.png`) });
    await page.evaluate(axe);
    const found = await page.evaluate(async () => {
      const dialog = document.querySelector('[role=dialog]');
      const { violations } = await axe.run(dialog, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
      return [
        ...violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`)),
        ...(document.documentElement.scrollWidth > innerWidth ? ['wider than the phone'] : []),
      ];
    });
    assert.deepEqual(found, [], `${name}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
};

const signIn = async () => {
  await page.getByLabel('Email address').fill(email);
  await button('Email me a code').click();
  await page.getByLabel('The code we sent').fill(await mailed());
  await button('Sign in').click();
  await button('Create a wallet').click();
  await page.getByTestId('address').waitFor();
};

/** Adds an authenticator app, and answers its next codes. */
const addApp = async (prove) => {
  await button('Add an authenticator app').click();
  await prove();
  const code = openAuthenticator(`otpauth://totp/Kite?secret=${await page.getByTestId('secret').innerText()}&period=30&digits=6&algorithm=SHA1`);
  await page.getByLabel('The code it shows').fill(code(0));
  await button('Confirm').click();
  await page.getByText('The app is your second factor now.').waitFor();
  return code;
};

/** The key is shown, to the user alone, and not a second time. */
const sees = async (name) => {
  const frame = page.frameLocator('iframe');
  await frame.getByRole('button', { name: 'Show key' }).click();
  const key = await frame.locator('.key').textContent();
  assert.match(key, /^[0-9a-f]{64}$/);
  assert.equal(await frame.locator('.address code').textContent(), await page.getByTestId('address').innerText());
  await page.screenshot({ path: join(pictures, `react-native-${name}.png`) });
  void frame.getByRole('button', { name: 'Done' }).click().catch(() => {}); // the frame goes away under it
  await page.getByText('The key was shown.').waitFor();
  assert.ok(!(await page.content()).includes(key));
  await button('Try without a proof').click();
  await page.getByRole('alert').filter({ hasText: /./ }).waitFor();
  assert.equal(await page.locator('iframe').count(), 0);
};

describe('the app, in a browser', () => {
  it('asks in the prompt, says what is wrong, and keeps what was typed', async () => {
    await signIn();
    await button('Add an authenticator app').click();
    await button('Send code', prompt()).waitFor();
    await looks('prompt');
    await button('Send code', prompt()).click();
    const field = prompt().getByLabel('Code', { exact: true });
    await field.waitFor();
    const code = await mailed();
    assert.deepEqual(await field.evaluate(({ autocomplete, inputMode }) => [autocomplete, inputMode, document.activeElement.autocomplete]), ['one-time-code', 'numeric', 'one-time-code']);
    const wrong = code === '000000' ? '111111' : '000000';
    await field.fill(wrong);
    await prompt().getByText('That code is wrong.').waitFor();
    assert.equal(await field.inputValue(), wrong);
    await looks('wrong-code');
    await page.keyboard.press('Escape');
    await closed();
    await page.getByRole('alert').getByText('cancelled').waitFor();
  });

  it('after: a second factor is added, asked for from then on, and ends in the key, once', async () => {
    const code = await addApp(async () => {
      await button('Send code', prompt()).click();
      await prompt().getByLabel('Code', { exact: true }).fill(await mailed());
      await closed();
    });
    await button('Add a passkey').click();
    await prompt().getByLabel('Code', { exact: true }).fill(code(1));
    await page.getByText('The passkey is yours.').waitFor();
    await button('Show the private key').click();
    await button('Try another way', prompt()).click();
    await looks('ways');
    await prompt().getByText('Passkey', { exact: true }).click();
    await looks('passkey');
    await button('Use passkey', prompt()).click();
    await sees('key-by-passkey');
  });

  it('before, at the older version: the same code of the guide ends in the key, once', async () => {
    await button('Sign out').click();
    await button('Change to Action-based MFA').click();
    await signIn();
    const code = await addApp(async () => {});
    await button('Show the private key').click();
    await prompt().getByLabel('Code', { exact: true }).fill(code(1));
    await sees('key-before');
  });
});

guideTests(on);

it('nothing complained in the browser', () => assert.deepEqual(problems, []));
