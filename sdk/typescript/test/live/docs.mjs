// The code of docs/sdk: compiled as an app's would be, and run on a server; javascript.md from top to bottom, react.md as one app.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import * as sdk from '@stepup-auth/client';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { newAddress, openApp, rejection, signedIn } from '../lib/app.mjs';
import { newAuthenticator, openAuthenticator } from '../lib/authenticator.mjs';
import { startBank } from '../lib/bank.mjs';
import { loadReact, newPage, until } from '../lib/react.mjs';
import { newNumber } from '../lib/server.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Compiles what is in a folder, as an app that is strict would be. */
const compile = (folder) => {
  const options = { target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext', lib: ['ES2022', 'DOM'], jsx: 'react-jsx', types: [], strict: true, noEmit: true, skipLibCheck: true };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions: options, include: ['*.ts', '*.tsx'] }));
  writeFileSync(`${folder}/package.json`, '{"type":"module"}');
  try {
    execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', folder], { encoding: 'utf8' });
  } catch (error) {
    assert.fail(error.stdout);
  }
};

/** Users who have but one thing to prove it with, and how each answers what the app asks; `none` is the one the prompt can do nothing for. */
const people = (on) => ({
  phone: async () => {
    const app = openApp(on.server);
    const number = newNumber();
    await sdk.sendSmsOTP({ phoneNumber: number, isoCountryCode: 'US' }, app.client);
    await sdk.verifyOTP({ verificationToken: await on.phonebox.code(number) }, app.client);
    return { app, answer: () => on.phonebox.code(number) };
  },
  passkey: async () => {
    const app = await signedIn(on.server, on.mailbox, { passkey: newAuthenticator() });
    await app.stepUp('credential:link');
    await sdk.registerPasskey({}, app.client);
    return { app };
  },
  login: async () => {
    const openPopup = () => ({ navigate: (url) => void fetch(url), isClosed: () => false, close: () => {} });
    const app = openApp(on.server, { openPopup });
    on.world.logIn(on.world.somebody());
    await sdk.signInWithSocialPopUp({ provider: 'github' }, app.client);
    return { app };
  },
  none: async () => {
    const app = openApp(on.server);
    const account = privateKeyToAccount(generatePrivateKey());
    const walletAccount = { address: account.address, chain: 'EVM', walletName: 'Soft Wallet', network: '1', signMessage: ({ message }) => account.signMessage({ message }) };
    await sdk.verifyWalletAccount({ walletAccount }, app.client);
    return { app };
  },
});

export const docs = (on) => {
  it('docs/sdk/javascript.md does what it says', async () => {
    const text = readFileSync(`${root}../../docs/sdk/javascript.md`, 'utf8');
    const found = [...text.matchAll(/(.*)\n```ts\n([\s\S]*?)```/g)].map(([, why, block]) => ({ block, here: !why.includes('in a browser') }));
    const blocks = found.map(({ block }) => block);
    assert.ok(found.filter(({ here }) => here).length >= 9);
    const folder = mkdtempSync(`${root}test/imports-changed-`);
    const { fetch, console } = globalThis;
    const said = [];
    const bank = await startBank(on.server.issuer, on.serviceToken);
    let app;
    try {
      writeFileSync(`${folder}/ask.d.ts`, 'declare const ask: (question: string) => Promise<string | null>;');
      blocks.forEach((block, i) => writeFileSync(`${folder}/block${i}.ts`, block));
      compile(folder);

      globalThis.ask = async (question) => {
        const [, uri] = /made from (.*)$/.exec(question) ?? [];
        if (uri) app = openAuthenticator(uri);
        if (uri || app) return app(uri ? 0 : 1);
        return on.mailbox.code('ada@example.com');
      };
      globalThis.fetch = (url, init) => fetch(url.replace(/^http:\/\/127\.0\.0\.1:8090(?=\/)/, bank.origin), init);
      globalThis.console = { ...console, log: (...values) => said.push(values) };
      for (const [i, block] of blocks.entries()) {
        if (!found[i].here) continue; // hosted.mjs and reveal.mjs do what it says on a page
        const { code } = await transform(block.replace("'http://127.0.0.1:8080'", JSON.stringify(on.server.apiBase)), { loader: 'ts' });
        writeFileSync(`${folder}/block${i}.mjs`, code);
        await import(pathToFileURL(`${folder}/block${i}.mjs`));
      }
      for (const [name, open] of Object.entries(people(on))) {
        const { app: theirs, answer } = await open();
        globalThis.ask = answer ?? (() => assert.fail(`${name} was asked for a code`));
        const proven = sdk.promptStepUpAuth({ requestedScopes: ['wallet:export'] }, theirs.client);
        if (name === 'none') assert.equal((await rejection(proven)).reason, 'no_method');
        else assert.equal(await proven, theirs.token('wallet:export'), name);
      }
    } finally {
      Object.assign(globalThis, { fetch, console });
      delete globalThis.ask;
      rmSync(folder, { recursive: true, force: true });
      await bank.stop();
    }
    const [[user], [signature], [reason], [status], [summary, outcome], [first], [second], [code, requestId]] = said;
    assert.match(user, /^[0-9a-f-]{36}$/);
    assert.match(signature, /^0x[0-9a-f]{130}$/);
    assert.deepEqual([reason, status, outcome, code], ['step_up_required', 201, 'verified', 'mfa_invalid_code']);
    assert.equal(summary, 'Sign the message "I agree".');
    assert.ok(requestId);
    const [codes, replaced] = [first, second].map((text) => text.split('\n'));
    assert.deepEqual([codes.length, replaced.length, replaced.filter((one) => codes.includes(one))], [10, 10, []]);
  });

  describe('docs/sdk/react.md', () => {
    let kit;
    let page;
    before(async () => {
      const text = readFileSync(`${root}../../docs/sdk/react.md`, 'utf8');
      const blocks = new Map([...text.matchAll(/```tsx\n([\s\S]*?)```/g)].map(([, block]) => [/^export const (\w+)/m.exec(block)[1], block]));
      assert.deepEqual([...blocks.keys()], ['client', 'App', 'SignIn', 'Agree', 'Export']);
      const folder = mkdtempSync(`${root}test/imports-changed-`);
      try {
        for (const [name, block] of blocks) {
          writeFileSync(`${folder}/${name}.tsx`, block.replace("'http://127.0.0.1:8080'", JSON.stringify(on.server.apiBase)));
        }
        compile(folder);
        kit = await loadReact(19, [...blocks.keys()].map((name) => `export * from './${basename(folder)}/${name}.js';`).join('\n'));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      page = newPage(kit);
      page.open();
    });
    after(() => page?.close());

    it('is an app that does what it says', async () => {
      const h = kit.React.createElement;
      const exported = [];
      const exportKey = async () => void exported.push(kit.client.user.email);
      const drawn = page.draw(h(kit.App, null, ...[kit.SignIn, kit.Agree].map((part) => h('section', { key: part.name }, h(part))), h('section', { key: 'x' }, h(kit.Export, { exportKey }))));
      const [signIn, agree, exporting] = await until(() => { const all = [...drawn.container.querySelectorAll('section')]; return all.length === 3 && all; });
      const press = async (where, name) => (await until(() => [...where.querySelectorAll('button')].find((b) => b.textContent === name && !b.disabled))).click();
      const type = async (where, text) => { (await until(() => where.querySelector('input'))).value = text; };
      const email = newAddress('react');

      assert.equal(signIn.textContent, 'One moment');
      await type(signIn, email);
      await press(signIn, 'Send a code to this address');
      await type(signIn, await on.mailbox.code(email));
      await press(signIn, 'Sign in with this code');
      await until(() => signIn.textContent === `Hello ${email}`);

      await press(agree, 'Make a wallet');
      await press(agree, 'I agree');
      const dialog = await until(() => drawn.container.querySelector('dialog'));
      await type(dialog, '000000');
      await press(dialog, 'It is me');
      await until(() => dialog.querySelector('[role=alert]').textContent !== '');
      await press(dialog, 'Cancel');
      await until(() => agree.textContent === 'Then not' && !drawn.container.querySelector('dialog'));
      await on.mailbox.code(email);
      await press(agree, 'Then not');
      const again = await until(() => drawn.container.querySelector('dialog'));
      await type(again, await on.mailbox.code(email));
      await press(again, 'It is me');
      await until(() => agree.textContent === 'Agreed' && !drawn.container.querySelector('dialog'));

      await press(exporting, 'Export');
      await type(exporting, await on.mailbox.code(email));
      await press(exporting, 'Export');
      await until(() => exported.length === 1);
      assert.deepEqual(exported, [email]);
    });
  });
};
