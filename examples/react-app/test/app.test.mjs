// Starts the app as README.md says, and goes through it once in Chromium, at both versions.
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

const here = fileURLToPath(new URL('..', import.meta.url));
const root = join(here, '../..');
const { chromium } = createRequire(join(root, 'sdk/typescript/package.json'))('playwright-core');

const patience = 20_000;
const pictures = join(root, 'artifacts');
const email = 'ada@example.com';

let started;
let data;
let server;
let browser;
let page;
let problems;

before(async () => {
  data = mkdtempSync(join(tmpdir(), 'stepup-react-app-'));
  const [PORT, SERVICE_PORT, APP_PORT] = [await freePort(), await freePort(), await freePort()].map(String);
  server = `http://127.0.0.1:${PORT}`;
  const [, command] = /```sh\n([\s\S]*?)```/.exec(readFileSync(join(here, 'README.md'), 'utf8'));
  // A group of its own, which ends as a whole: what was started starts others. Colours would stand in the middle of the address.
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
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(patience);
  problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (line) => {
    if (['error', 'warning'].includes(line.type()) && !line.text().includes('responded with a status of 4')) problems.push(line.text());
  });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  mkdirSync(pictures, { recursive: true });
  await page.goto(`${origin}/`);
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

/** The newest code that was mailed and not read yet. */
const mailed = async () => {
  for (;;) {
    const { messages } = await (await fetch(`${server}/dev/inbox.json`)).json();
    const message = messages.find(({ id, to, code }) => to === email && code && !read.has(id));
    if (message) {
      read.add(message.id);
      return message.code;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const card = (name) => page.locator(`[data-card=${name}]`);
const says = (name, kind = 'good') => card(name).locator(`.said .${kind}`).waitFor();
const prompt = () => page.locator('stepup-prompt');

/** What is seen, as on a desk in the light and on a phone in the dark; nothing may be wider than the phone. */
const picture = async (name) => {
  await page.screenshot({ path: join(pictures, `react-${name}.png`), fullPage: true });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 360, height: 780 });
  await page.screenshot({ path: join(pictures, `react-${name}-phone-dark.png`), fullPage: true });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 360, `${name}: the page is wider than the phone`);
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
};

const signIn = async () => {
  await page.fill('[name=email]', email);
  await page.click('.signin .primary');
  await page.fill('[name=code]', await mailed());
  await page.click('.signin .primary');
  await card('wallet').waitFor();
};

/** Proves it by mail. */
const proveByMail = async () => {
  await prompt().getByRole('button', { name: 'Send code' }).click();
  await prompt().locator('input').fill(await mailed());
  await prompt().waitFor({ state: 'detached' });
};

/** Adds an authenticator app, and answers its next codes. */
const addApp = async (prove) => {
  await card('factors').getByRole('button', { name: 'authenticator app' }).click();
  await prove();
  const secret = await card('factors').locator('[data-secret]').innerText();
  await picture(`enrol-${version}`);
  const code = openAuthenticator(`otpauth://totp/Kite?secret=${secret}&period=30&digits=6&algorithm=SHA1`);
  await card('factors').locator('[name=code]').fill(code(0));
  await card('factors').getByRole('button', { name: 'Confirm' }).click();
  await says('factors');
  const recovery = card('factors').locator('[data-recovery]');
  await recovery.getByRole('button', { name: 'Show the codes' }).click();
  await recovery.locator('li').nth(9).waitFor();
  await recovery.getByRole('button', { name: 'I have kept them' }).click();
  await recovery.waitFor({ state: 'detached' });
  return code;
};

let version = '2026_04_01';

describe('the app', () => {
  it('is signed in to by mail', async () => {
    await picture('sign-in');
    await signIn();
  });

  it('keeps a wallet, and sends money with a proof for just that', async () => {
    await card('wallet').getByRole('button', { name: 'Create' }).click();
    await says('wallet');
    const balance = card('pay').locator('[data-balance]');
    const had = Number(await balance.getAttribute('data-balance'));
    await card('pay').getByRole('button', { name: 'Send' }).click();
    await prompt().getByRole('button', { name: 'Send code' }).waitFor();
    await picture('prompt');
    await proveByMail();
    await says('pay');
    assert.equal(Number(await balance.getAttribute('data-balance')), had - 25);
  });

  it('does nothing when the prompt is closed', async () => {
    await card('wallet').getByRole('button', { name: 'Sign' }).click();
    await prompt().getByRole('button', { name: 'Cancel and close' }).click();
    await says('wallet', 'note');
  });

  it('takes an authenticator app and a passkey, and asks for them from then on', async () => {
    const code = await addApp(proveByMail);
    await card('factors').getByRole('button', { name: 'passkey' }).click();
    await prompt().locator('input').fill(code(1));
    await says('factors');
    assert.equal(await card('factors').locator('li').count(), 2);
    await picture('home');
  });

  it('shows the private key, and never sees it', async () => {
    await card('wallet').getByRole('button', { name: 'private key' }).click();
    await prompt().getByRole('button', { name: 'another way' }).click();
    await prompt().getByRole('button', { name: 'Passkey' }).click();
    await prompt().getByRole('button', { name: 'passkey' }).first().click();
    const frame = page.frameLocator('iframe');
    await frame.locator('body').waitFor();
    await picture('reveal');
    await frame.getByRole('button', { name: /done|close/i }).first().click();
    await says('wallet', 'note');
  });

  it('runs at the older version too', async () => {
    version = '2026_01_01';
    await card('settings').locator(`[value="${version}"]`).check({ force: true });
    await signIn();
    assert.equal(await card('pay').count(), 0);
    await card('wallet').getByRole('button', { name: 'Create' }).click();
    await says('wallet');
    const code = await addApp(async () => {});
    await card('wallet').getByRole('button', { name: 'Sign' }).click();
    await prompt().locator('input').fill(code(1));
    await says('wallet');
    await picture('older');
  });

  it('and complains of nothing', () => assert.deepEqual(problems, []));
});
