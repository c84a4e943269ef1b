// The path of a stranger through the console, in a real browser on a real server: invited, let in, and from an environment that does not
// exist yet to a step-up in it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createStepUpClient, sendEmailOTP, verifyOTP } from '@stepup-auth/client';
import { openBrowser } from './lib/browser.mjs';
import { openOutside, startServer } from './lib/server.mjs';

const stepup = fileURLToPath(new URL('../../../bin/stepup', import.meta.url));
const folder = mkdtempSync(`${tmpdir()}/stepup-path-`);
const grace = 'grace@example.com';

describe('a stranger with the console', () => {
  let outside;
  let server;
  let opened;
  let page;
  const problems = [];
  /** What earlier steps have found out. */
  const known = {};

  before(async () => {
    outside = await openOutside();
    server = await startServer({
      smtpPort: outside.mailbox.port, sinkPort: outside.port, API_VERSION: '2026_01_01', CONSOLE: 'true',
      DATABASE_URL: `sqlite:${folder}/stepup.db`, MASTER_KEY_FILE: `${folder}/master.key`,
    });
    const { port } = new URL(server.origin);
    opened = await openBrowser((request, response) => { // whatever is at localhost is the server
      const onward = http.request({ host: '127.0.0.1', port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    });
    known.console = `http://localhost:${port}/console/`;
    const context = await opened.browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', reducedMotion: 'reduce' });
    page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => problems.push(`${page.url()}: ${error}`));
    page.on('console', (message) => { if (!/status of 4\d\d/.test(message.text())) problems.push(`${page.url()}: ${message.text()}`); });
    const cdp = await context.newCDPSession(page);
    await cdp.send('WebAuthn.enable', { enableUI: false });
    await cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
      protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
    } });
  });
  after(async () => {
    await opened?.close();
    if (server) assert.equal(await server.stop(), 0, `how the server ended:\n${server.log()}`);
    await outside?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const click = (name) => page.getByRole('button', { name, exact: true }).click();
  const follow = (name) => page.getByRole('link', { name, exact: true }).first().click();
  const headline = (text) => page.getByRole('heading', { level: 1, name: text }).waitFor();
  /** Proves who it is where the console asks for it, which it does not within ten minutes of the last time. */
  const prove = async (then) => {
    const prompt = page.locator('stepup-prompt');
    await page.getByRole('heading', { level: 1, name: /^Confirm that it is you$/ }).or(then).first().waitFor();
    if (await then.isVisible()) return false;
    await prompt.getByRole('button', { name: /passkey/i }).first().click();
    await then.waitFor();
    return true;
  };

  it('is invited on the host, and gets in with a passkey', async () => {
    const link = execFileSync(stepup, ['console', 'invite', grace, '--role', 'owner'], {
      encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH, STEPUP_DATABASE_URL: `sqlite:${folder}/stepup.db`, STEPUP_MASTER_KEY_FILE: `${folder}/master.key`, STEPUP_CONSOLE_URL: known.console.replace('/console/', '') },
    }).trim();
    await page.goto(link);
    await headline('You are invited');
    await click('Accept the invitation');
    await headline('Set up how you sign in');
    await click('Make a passkey');
    await headline('Environments');
    assert.ok(await page.getByText('Conformance').isVisible(), 'the environment there is');
  });

  it('makes an environment, which begins at the newest version', async () => {
    await follow('Create an environment');
    await page.getByLabel('Name').fill('Shop');
    await page.getByLabel('Where your app runs').fill('https://shop.example.com');
    await click('Create it');
    await headline('API & SDK keys');
    [, known.environment] = /\/e\/([0-9a-f-]{36})\//.exec(page.url());
    assert.ok(await page.getByText(`environmentId: "${known.environment}"`).isVisible(), 'the snippet has its id');
  });

  it('adds an origin: sees what it weakens, and proves who it is', async () => {
    await follow('Settings');
    await page.getByLabel('Allowed origins').fill('https://shop.example.com\nhttp://localhost:3000');
    await click('See what changes');
    assert.match(await page.getByRole('main').innerText(), /http:\/\/localhost:3000[^]*weakens/);
    await click('Save it');
    assert.ok(await prove(page.getByText('The settings hold from the next request on.')), 'it was not asked');
    assert.match(await page.getByLabel('Allowed origins').inputValue(), /localhost:3000/);
  });

  it('makes a service token, which is shown once', async () => {
    await follow('API & SDK keys');
    await follow('Create a token');
    await page.getByLabel('Name').fill('guard');
    await page.locator('input[name=scope][value="tokens.consume"]').check();
    await page.getByLabel('Every scope, also those that come later').check();
    await click('Create the token');
    await prove(page.getByRole('heading', { level: 1, name: 'Your new token' }));
    known.token = await page.locator('.secret code').innerText();
    assert.match(known.token, /^stp_/);
    await follow('I have put it away');
    assert.ok(!(await page.content()).includes(known.token), 'it is shown again');
  });

  it('turns WaaS Sign on, having seen what that changes', async () => {
    await follow('Security');
    await page.getByLabel('WaaS Sign asks for a step-up').check();
    await page.locator('#events').getByRole('button', { name: 'See what this changes' }).click();
    await headline('What this changes');
    assert.match(await page.getByRole('main').innerText(), /wallet\.waas\.sign/);
    await click('Make the change');
    await prove(page.getByRole('heading', { level: 1, name: 'Security' }));
    assert.ok(await page.getByLabel('WaaS Sign asks for a step-up').isChecked());
  });

  it('watches a step-up arrive, and reads its trail', async () => {
    await follow('Audit');
    await follow('Watch live');
    const client = createStepUpClient({ environmentId: known.environment, apiBaseUrl: server.origin });
    known.user = 'ada@mail.example';
    await sendEmailOTP({ email: known.user }, client);
    await verifyOTP({ verificationToken: await outside.mailbox.code(known.user) }, client);
    await sendEmailOTP({ email: known.user, requestedScopes: ['credential:link'] }, client);
    await verifyOTP({ verificationToken: await outside.mailbox.code(known.user) }, client);
    const arrived = page.getByRole('link', { name: 'token.minted', exact: true });
    await arrived.waitFor(); // by itself: nothing was pressed
    await arrived.click();
    await headline('One step-up');
    assert.match(await page.getByRole('main').innerText(), /credential:link/);
  });

  it('finds that user', async () => {
    await follow('Users');
    await page.getByRole('searchbox').fill(known.user);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: known.user }).click();
    await headline(known.user);
  });

  it('accepts the newest version where the older one is in force, after the report', async () => {
    await page.goto(`${known.console}environments`);
    await follow('Conformance');
    await follow('API version');
    const text = await page.getByRole('main').innerText();
    assert.match(text, /2026_01_01[^]*Your code must be fully updated first[^]*Readiness/);
    await page.getByLabel('Type 2026_04_01 to go on').fill('2026_04_01');
    await click('Accept 2026_04_01');
    await prove(page.locator('.flash'));
    assert.match(await page.getByRole('main').innerText(), /2026_04_01/);
    assert.equal(await page.getByRole('button', { name: 'Accept 2026_04_01' }).count(), 0);
    await page.goto(`${known.console}e/${known.environment}/users`);
  });

  it('deletes the environment, after typing its name', async () => {
    await follow('Settings');
    await follow('Delete…');
    assert.match(await page.getByRole('main').innerText(), /1 users? go[^]*1 service token/);
    await page.getByLabel(/^Type Shop/).fill('Shop');
    await click('Delete it for good');
    await prove(page.getByText('Shop is deleted.'));
    await page.goto(`${known.console}e/${known.environment}/settings`);
    await headline('Not found');
    const answer = await fetch(`${server.apiBase}/sdk/${known.environment}/settings`);
    assert.equal(answer.status, 404);
  });

  it('met no error and nothing that the policy stopped', () => assert.deepEqual(problems, []));
});
