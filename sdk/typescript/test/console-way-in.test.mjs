// The way into the console in a real browser, under its real policy: a first factor, a dangerous action that <stepup-prompt> asks a
// proof for and that goes on with what was typed, out, and in again by the passkey alone.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { chromium } from 'playwright-core';
import { often } from './lib/browser.mjs';

const top = path.resolve(import.meta.dirname, '../../..');
let folder, server, browser, base;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'console-'));
  execFileSync('go', ['build', '-o', path.join(folder, 'stepup'), './cmd/stepup'], { cwd: top });
  const free = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => free.once('listening', resolve));
  const { port } = free.address();
  await new Promise((resolve) => free.close(resolve));
  server = spawn(path.join(folder, 'stepup'), ['--dev', '--data', path.join(folder, 'data'), 'serve', '--listen', `127.0.0.1:${port}`]);
  base = `http://localhost:${port}/console/`;
  await new Promise((resolve, reject) => {
    server.stdout.on('data', (text) => String(text).includes('DEVELOPMENT MODE') && resolve());
    server.once('exit', () => reject(new Error('the server has ended')));
  });
  const executablePath = execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
});

after(async () => {
  await browser?.close();
  server?.kill();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

it('lets an operator in, asks for a proof, and goes on with what was typed', async () => {
  const page = await browser.newPage();
  const wrong = [];
  page.on('pageerror', ({ message }) => wrong.push(message));
  page.on('console', (message) => message.type() === 'error' && !message.text().includes('403') && wrong.push(message.text()));
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });

  await page.goto(`${base}operators`);
  assert.match(await page.textContent('body'), /Development mode/);
  const invite = async () => {
    await page.fill('#email', 'bob@example.com');
    await page.selectOption('form[action$=invite] #role', 'support');
    await page.getByRole('button', { name: 'Invite' }).click();
  };
  await invite();
  await page.getByRole('button', { name: 'Set one up' }).click();
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await page.getByRole('button', { name: 'Go on' }).click(); // what was typed has waited
  await page.locator('stepup-prompt').getByRole('button', { name: 'Use passkey' }).click();
  await page.waitForURL(`${base}operators`);
  const invited = await page.getByRole('row', { name: /bob@example\.com/ }).textContent();
  assert.match(invited, /support/);

  await page.getByRole('button', { name: /Your account/ }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${base}sign-in`);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page.waitForURL(`${base}environments`);
  assert.deepEqual(wrong, []);
});
