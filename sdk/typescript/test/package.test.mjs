// What is packed: installed by npm alone, imported, bundled; and every example of the documentation comments compiles.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import * as sdk from '@stepup-auth/client';
import * as react from '@stepup-auth/react/compat';
import * as reactNative from '@stepup-auth/react-native';
import * as server from '@stepup-auth/server';

const root = fileURLToPath(new URL('..', import.meta.url));
const json = (file) => JSON.parse(readFileSync(file, 'utf8'));
const names = ['core', 'client', 'react', 'react-native', 'server'];

/** Bundles a module as an app would be: what is loaded at first, and what is loaded later. */
const load = async (entry, options = {}) => {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry], outdir: '/out', bundle: true, splitting: true, minify: true, format: 'esm', platform: 'browser', write: false, metafile: true, ...options,
  });
  const fileOf = (path) => outputFiles.find((file) => file.path.endsWith(path.replace(/^.*?out\//, '/')));
  const outputs = Object.entries(metafile.outputs);
  const first = new Set();
  const follow = (path) => {
    if (first.has(path)) return;
    first.add(path);
    for (const { path: next, kind, external } of metafile.outputs[path].imports) if (kind === 'import-statement' && !external) follow(next);
  };
  follow(outputs.find(([, { entryPoint }]) => entryPoint?.endsWith(entry.split('/').at(-1)))[0]);
  return {
    first: Buffer.concat([...first].map((path) => fileOf(path).contents)),
    later: outputs.filter(([path]) => !first.has(path)).map(([path]) => ({ path, contents: fileOf(path).contents })),
  };
};

/** As an app that is strict would be compiled. */
const compilerOptions = { target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext', lib: ['ES2022', 'DOM'], jsx: 'react-jsx', types: [], strict: true, noEmit: true, skipLibCheck: true };

/** Compiles files in a folder that has our packages, React and the frameworks of servers. */
const compile = (files) => {
  const folder = mkdtempSync(`${tmpdir()}/stepup-examples-`);
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(`${folder}/${name}`, text);
    mkdirSync(`${folder}/node_modules`);
    for (const name of ['@stepup-auth', '@types', 'express', 'fastify', 'hono', 'react']) symlinkSync(`${root}node_modules/${name}`, `${folder}/node_modules/${name}`);
    writeFileSync(`${folder}/package.json`, '{"type":"module"}');
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, include: ['*.ts', '*.tsx'] }));
    execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', folder], { encoding: 'utf8' });
  } catch (error) {
    assert.fail(error.stdout ?? error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

it('compile with what stands on them in web/, the server\'s own pages', () => {
  const result = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}../../web`], { encoding: 'utf8' });
  assert.equal(result.stdout, '');
});

describe('the tarballs', () => {
  let folder;
  before(() => {
    folder = mkdtempSync(`${tmpdir()}/stepup-sdk-`);
    execFileSync('npm', ['pack', '--workspaces', '--ignore-scripts', '--pack-destination', folder], { cwd: root, stdio: 'ignore' });
    writeFileSync(`${folder}/package.json`, JSON.stringify({ private: true, type: 'module' }));
    const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz')).map((name) => `./${name}`);
    assert.equal(tarballs.length, names.length);
    execFileSync('npm', ['install', '--ignore-scripts', '--offline', '--no-audit', '--no-fund', ...tarballs, `${root}node_modules/react`, `${root}node_modules/jose`], { cwd: folder, stdio: 'ignore' });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const uses = `import { createStepUpClient, ensure, MFAAction } from '@stepup-auth/client';
import { TokenScope } from '@stepup-auth/core';
const client = createStepUpClient({ environmentId: '11111111-2222-4333-8444-555555555555', apiBaseUrl: 'https://auth.example.com' });
console.log(typeof ensure, MFAAction.WalletWaasExport, TokenScope.Walletexport, client.apiBaseUrl);
`;
  const says = 'function wallet.waas.export wallet:export https://auth.example.com/api/v0\n';
  const run = (file) => execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });

  it('work in Node', () => {
    writeFileSync(`${folder}/app.mjs`, uses);
    assert.equal(run('app.mjs'), says);
  });

  it('are installed as docs/sdk/javascript.md says, which leaves the clone as it was', () => {
    const page = readFileSync(`${root}../../docs/sdk/javascript.md`, 'utf8');
    const [make, ...lines] = /```sh\n(make sdk\n[\s\S]*?)```/.exec(page)[1].trim().split('\n');
    assert.equal(make, 'make sdk');
    const place = mkdtempSync(`${tmpdir()}/stepup-clone-`);
    try {
      mkdirSync(`${place}/stepup/artifacts/sdk`, { recursive: true });
      mkdirSync(`${place}/my-app`);
      writeFileSync(`${place}/my-app/package.json`, JSON.stringify({ private: true, type: 'module' }));
      for (const name of readdirSync(folder).filter((file) => file.endsWith('.tgz'))) copyFileSync(`${folder}/${name}`, `${place}/stepup/artifacts/sdk/${name}`);
      execFileSync('bash', ['-euc', lines.join('\n')], { cwd: `${place}/stepup`, env: { ...process.env, npm_config_offline: 'true' }, stdio: 'ignore' });
      assert.deepEqual(readdirSync(`${place}/stepup`), ['artifacts']);
      assert.deepEqual(readdirSync(`${place}/my-app/node_modules/@stepup-auth`), ['client', 'core']);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });

  for (const platform of ['node', 'browser', 'neutral']) {
    it(`work through a bundler, for ${platform}`, async () => {
      writeFileSync(`${folder}/app.mjs`, uses);
      await build({
        entryPoints: [`${folder}/app.mjs`], bundle: true, format: 'esm', platform, outfile: `${folder}/out-${platform}.mjs`, logLevel: 'silent',
        ...(platform === 'neutral' ? { conditions: ['react-native', 'import'] } : {}),
      });
      assert.equal(run(`out-${platform}.mjs`), says);
    });
  }

  it('have the types that they run as, in every way of resolving them that is ours', async () => {
    const ours = ({ kind, resolutionKind }) => kind !== 'CJSResolvesToESM' && resolutionKind !== 'node10'; // ESM alone, and entries by `exports`
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.tgz'))) {
      const { types, problems } = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(`${folder}/${name}`))));
      assert.deepEqual([types.kind, problems.filter(ours)], ['included', []], name);
    }
  });

  it('leave out of a bundle what is not used', async () => {
    const size = async (code, more = {}) => {
      writeFileSync(`${folder}/part.mjs`, code);
      const { outputFiles } = await build({
        entryPoints: [`${folder}/part.mjs`], bundle: true, minify: true, format: 'esm', platform: 'browser', write: false, ...more,
      });
      return gzipSync(outputFiles[0].contents).length;
    };
    assert.ok((await size(`import '@stepup-auth/client';`)) < 100, 'importing has effects');
    const one = await size(`export { TokenScope } from '@stepup-auth/core';`);
    assert.ok(one < 700, `one enumeration takes ${one} bytes`);
    const check = await size(`export { createStepUpClient, checkStepUpAuth, authenticateTotpMfaDevice } from '@stepup-auth/client';`);
    assert.ok(check < 9_900, `check and verify take ${check} bytes`);
    const all = await size(`import * as all from '@stepup-auth/client'; globalThis.all = all;`, { conditions: ['react-native'] });
    assert.ok(all < 25_000, `everything takes ${all} bytes`);
    const part = (entry, more) => size(`import * as all from '@stepup-auth/${entry}'; globalThis.all = all;`, { conditions: ['react-native'], ...more });
    const compat = await part('client/compat');
    assert.ok(compat < 25_900, `what is compatible takes ${compat} bytes`);
    for (const [entry, most] of [['react', 4_860], ['react/compat', 5_180]]) {
      const bytes = await part(entry, { external: ['react', 'react/*', '@stepup-auth/client', '@stepup-auth/client/*', '@stepup-auth/core'] });
      assert.ok(bytes < most, `${entry} takes ${bytes} bytes besides the client and React`);
    }
    const native = ['react', 'react/*', 'react-native', '@stepup-auth/client', '@stepup-auth/client/*'];
    const components = await part('react-native/prompt', { external: native });
    assert.ok(components < 17_500, `the components of React Native take ${components} bytes besides what they share with the web component`);
    const guards = await part('server', { platform: 'node', external: ['jose'] });
    assert.ok(guards < 14_040, `guards take ${guards} bytes besides jose`);
  });

  it('load the prompt when it is needed, in small pieces', async () => {
    writeFileSync(`${folder}/part.mjs`, `export { createStepUpClient, promptStepUpAuth } from '@stepup-auth/client';`);
    const { first, later } = await load(`${folder}/part.mjs`);
    assert.ok(gzipSync(first).length < 16_500, `what asks takes ${gzipSync(first).length} bytes`);
    writeFileSync(`${folder}/part.mjs`, `export { StepUpPromptElement } from '@stepup-auth/client/prompt';`);
    const element = gzipSync((await load(`${folder}/part.mjs`)).first).length;
    const sizes = later.map(({ path, contents }) => [path.replace(/.*\/|(-[A-Z0-9]{8})+\.js$/g, ''), gzipSync(contents).length]);
    const language = Math.max(...['de', 'es', 'fr', 'ja', 'pt'].map((name) => sizes.find(([of]) => of === name)[1]));
    assert.ok(element + language < 25_000, `the component takes ${element} bytes, and ${language} a language`);
    for (const [name, bytes] of sizes.filter(([of]) => /^(Enrolment|wallets|de|es|fr|ja|pt)$/.test(of))) assert.ok(bytes < 10_000, `${name} takes ${bytes} bytes`);
    assert.ok(sizes.some(([of]) => of === 'Enrolment') && sizes.some(([of]) => of === 'wallets'));
  });

  it('say so when the prompt cannot be fetched', async () => {
    writeFileSync(`${folder}/part.mjs`, `import { promptOf } from '${root}packages/client/dist/internal/prompt.js';
globalThis.document = {};
promptOf({}).catch(({ reason, message }) => console.log(reason, message));`);
    await build({ entryPoints: [`${folder}/part.mjs`], bundle: true, format: 'esm', external: ['#prompt'], outfile: `${folder}/lost.mjs` });
    assert.equal(run('lost.mjs'), 'prompt_not_loaded The built-in prompt could not be loaded: reload the page.\n');
  });

  it('name their errors in a bundle that is minified', async () => {
    writeFileSync(`${folder}/part.mjs`, `import * as client from '@stepup-auth/client';
import * as server from '@stepup-auth/server';
const all = Object.entries({ ...client, ...server }).filter(([name]) => /Error$/.test(name)).map(([name, E]) => [name, new E({ kind: 'denied', payload: {} }).name]);
console.log(all.length > 30, all.filter(([name, said]) => name !== said).map(String).join());`);
    await build({ entryPoints: [`${folder}/part.mjs`], bundle: true, minify: true, format: 'esm', platform: 'node', outfile: `${folder}/small.mjs` });
    assert.equal(run('small.mjs'), 'true \n');
  });

  it('have no prompt in Node.js and React Native', async () => {
    writeFileSync(`${folder}/part.mjs`, `export { promptStepUpAuth } from '@stepup-auth/client';`);
    for (const options of [{ platform: 'node' }, { platform: 'neutral', conditions: ['react-native', 'import'] }]) {
      const { first, later } = await load(`${folder}/part.mjs`, options);
      assert.doesNotMatch([first, ...later.map(({ contents }) => contents)].map((bytes) => Buffer.from(bytes).toString()).join(), /HTMLElement|adoptedStyleSheets/);
    }
  });

  it('need nothing but each other, and servers jose', () => {
    for (const name of names) {
      const { dependencies = {}, peerDependencies = {}, optionalDependencies, scripts } = json(`${folder}/node_modules/@stepup-auth/${name}/package.json`);
      assert.deepEqual(Object.keys(dependencies).filter((d) => !d.startsWith('@stepup-auth/')), name === 'server' ? ['jose'] : []);
      assert.deepEqual(peerDependencies, name.startsWith('react') ? { react: '>=18', ...(name === 'react-native' ? { 'react-native': '>=0.76' } : {}) } : {});
      assert.deepEqual([optionalDependencies, scripts], [undefined, undefined]);
    }
    assert.deepEqual(readdirSync(`${folder}/node_modules`).filter((d) => !d.startsWith('.')), ['@stepup-auth', 'jose', 'react']);
  });
});

describe('the packages', () => {
  for (const name of names) {
    it(`${name} is published right`, async () => {
      const { messages } = await publint({ pkgDir: `${root}packages/${name}`, strict: true, pack: false });
      assert.deepEqual(messages, []);
    });
  }

  it('export what api.txt says, no more and no less', () => {
    try {
      execFileSync(process.execPath, [`${root}scripts/api.mjs`, '--check'], { encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      assert.fail(error.stderr);
    }
  });

  it('have all their functions in the table of docs/sdk/javascript.md', () => {
    try {
      execFileSync(process.execPath, [`${root}scripts/functions.mjs`, '--check'], { encoding: 'utf8', stdio: 'pipe' });
    } catch (error) {
      assert.fail(error.stderr);
    }
  });

  it('say their version on the wire', () => {
    const source = readFileSync(`${root}packages/client/src/internal/version.ts`, 'utf8');
    assert.match(source, new RegExp(`'StepUpClient/${json(`${root}packages/client/package.json`).version.replaceAll('.', '\\.')}'`));
  });

  it('name no registry in the lock file, and pin what they need', () => {
    assert.doesNotMatch(readFileSync(`${root}package-lock.json`, 'utf8'), /https?:\/\/(?!(\w+\.)*(github|opencollective|paulmillr|eslint|patreon|wevm|bjornlu)\b)[^"]*\.tgz/);
    for (const version of Object.values(json(`${root}package.json`).devDependencies)) assert.match(version, /^(npm:[a-z-]+@)?\d+\.\d+\.\d+$/);
  });
});

describe('the documentation comments', () => {
  const filesOf = (name, of) => {
    const source = `${root}packages/${name}/src`;
    return readdirSync(source).filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -3)).filter((file) => !['index', 'compat', 'calls', 'testing'].includes(file))
      .map((file) => ({ name: file, of, text: readFileSync(`${source}/${file}.ts`, 'utf8') }));
  };
  const functions = [...filesOf('client', sdk), ...filesOf('react', react), ...filesOf('react-native', reactNative), ...filesOf('server', server).filter(({ name }) => name in server)];

  it('are on every function, one a file, with errors and an example', () => {
    for (const { name, of, text } of functions) {
      assert.equal(typeof of[name], 'function', name);
      const exported = [...text.matchAll(/^export const (\w+)(?:: FunctionComponent<\w+>)? = (?:async )?(?:<.*)?\(/gm)].map((m) => m[1]);
      assert.deepEqual(exported, [name]);
      if (of !== server) assert.match(text, /@throws/, `${name} does not say what it rejects with`);
      assert.match(text, /@example/, `${name} has no example`);
      assert.equal(text.startsWith(`'use client';\n`), of === react, `${name}: 'use client' is for what is drawn in a browser`);
    }
  });

  it('and every function is exercised by a test', () => {
    const tests = readdirSync(`${root}test`, { recursive: true }).filter((name) => /\.(mjs|jsx)$/.test(name)).map((name) => readFileSync(`${root}test/${name}`, 'utf8')).join('\n');
    assert.deepEqual(functions.filter(({ name, of }) => !new RegExp(of === react ? `\\b${name}\\b` : `\\b${name}\\(`).test(tests)).map(({ name }) => name), []);
  });

  it('have examples that compile, as have the READMEs, and types that demand what is needed', () => {
    const files = {};
    const compat = { name: 'compat', text: readFileSync(`${root}packages/client/src/compat.ts`, 'utf8') };
    for (const { name, text } of [...functions, compat]) {
      const block = /@example\n \* ```(tsx?)\n([\s\S]*?) \* ```/.exec(text);
      assert.ok(block, name);
      files[`${name}.${block[1]}`] = block[2].replaceAll(/^ \* ?/gm, '');
    }
    for (const name of names) {
      const [, kind, block] = /```(tsx?)\n([\s\S]*?)```/.exec(readFileSync(`${root}packages/${name}/README.md`, 'utf8'));
      files[`README-${name}.${kind}`] = block;
    }
    for (const name of ['prompt', 'react-native']) {
      const page = readFileSync(`${root}../../docs/sdk/${name}.md`, 'utf8');
      for (const [n, [, kind, block]] of [...page.matchAll(/```(tsx?)\n([\s\S]*?)```/g)].entries()) files[`${name}-${n}.${kind}`] = block;
    }
    for (const name of ['types.ts', 'types-react.tsx', 'types-react-native.ts', 'native-modules.d.ts']) files[name] = readFileSync(`${root}test/${name}`, 'utf8');
    compile(files);
  });

  it('stand in the console as snippets that compile', () => {
    const snippets = `${root}../../internal/console/snippets/`;
    for (const name of ['javascript', 'react', 'react-native', 'node']) {
      const files = Object.fromEntries(readdirSync(`${snippets}${name}`).filter((file) => /\.tsx?$/.test(file))
        .map((file) => [file.replace(/^\d-/, ''), readFileSync(`${snippets}${name}/${file}`, 'utf8').replaceAll(/\{\{literal [^}]+\}\}/g, '"transfer:create"')]));
      assert.ok(Object.keys(files).length > 1, name);
      files['native-modules.d.ts'] = readFileSync(`${root}test/native-modules.d.ts`, 'utf8');
      files['node.d.ts'] = 'declare const process: { env: Record<string, string | undefined> };\n';
      compile(files);
    }
  });
});
