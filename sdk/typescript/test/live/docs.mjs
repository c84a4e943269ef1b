// The code of docs/sdk/javascript.md, from top to bottom: compiled as an app's would be, and run on a server.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { openAuthenticator } from '../lib/authenticator.mjs';
import { claimsOf } from '../lib/app.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

export const docs = (on) => {
  it('docs/sdk/javascript.md does what it says', async () => {
    const text = readFileSync(`${root}../../docs/sdk/javascript.md`, 'utf8');
    const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((found) => found[1]);
    assert.ok(blocks.length >= 9);
    const folder = mkdtempSync(`${root}test/imports-changed-`);
    const { fetch, console } = globalThis;
    const said = [];
    const transfers = [];
    let app;
    try {
      const options = { target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext', lib: ['ES2022', 'DOM'], types: [], strict: true, noEmit: true, skipLibCheck: true };
      writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions: options, include: ['*.ts'] }));
      writeFileSync(`${folder}/package.json`, '{"type":"module"}');
      writeFileSync(`${folder}/ask.d.ts`, 'declare const ask: (question: string) => Promise<string>;');
      blocks.forEach((block, i) => writeFileSync(`${folder}/block${i}.ts`, block));
      try {
        execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', folder], { encoding: 'utf8' });
      } catch (error) {
        assert.fail(error.stdout);
      }

      globalThis.ask = async (question) => {
        const [, uri] = /made from (.*)$/.exec(question) ?? [];
        if (uri) app = openAuthenticator(uri);
        if (uri || app) return app(uri ? 0 : 1);
        return on.mailbox.code('ada@example.com');
      };
      globalThis.fetch = (url, init) => {
        if (url !== 'https://bank.example/transfers') return fetch(url, init);
        transfers.push(claimsOf(init.headers['Elevated-Access-Token']));
        return Promise.resolve(new Response(null, { status: 201 }));
      };
      globalThis.console = { ...console, log: (...values) => said.push(values) };
      for (const [i, block] of blocks.entries()) {
        const { code } = await transform(block.replace("'https://auth.example.com'", JSON.stringify(on.server.apiBase)), { loader: 'ts' });
        writeFileSync(`${folder}/block${i}.mjs`, code);
        await import(pathToFileURL(`${folder}/block${i}.mjs`));
      }
    } finally {
      Object.assign(globalThis, { fetch, console });
      delete globalThis.ask;
      rmSync(folder, { recursive: true, force: true });
    }
    const [[user], [signature], [reason], [status], [summary, outcome], [code, requestId]] = said;
    assert.match(user, /^[0-9a-f-]{36}$/);
    assert.match(signature, /^0x[0-9a-f]{130}$/);
    assert.deepEqual([reason, status, outcome, code], ['step_up_required', 201, 'verified', 'mfa_invalid_code']);
    assert.equal(summary, 'Sign the message "I agree".');
    assert.ok(requestId);
    assert.deepEqual(transfers.map(({ aud, scope }) => [aud, scope]), [['https://bank.example', 'transfer:create']]);
  });
};
