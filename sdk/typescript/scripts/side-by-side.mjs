// Our client beside the published one, on the same ten flows at a server of this tree: prints the table of docs/sdk/side-by-side.md, and fails
// where ours is larger or asks more often.
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { openApp as openPublished } from '../../../conformance/real-client/lib/app.mjs';
import { openAuthenticator, newAuthenticator } from '../test/lib/authenticator.mjs';
import { newAddress, openApp as openOurs } from '../test/lib/app.mjs';
import { openOutside, startServer } from '../test/lib/server.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const theirs = fileURLToPath(new URL('../../../conformance/real-client/', import.meta.url));
const rounds = Number(process.argv[2] ?? 5);

const published = await import(new URL('../../../conformance/real-client/node_modules/@dynamic-labs-sdk/client/dist/index.esm.js', import.meta.url))
  .catch(() => import(`${theirs}node_modules/@dynamic-labs-sdk/client/dist/index.cjs`));
const ours = await import('@stepup-auth/client');

/** The same ten flows, in their order, for either client. */
const flows = (sdk, { client, server, mailbox, email, passkey }) => {
  let code;
  let device;
  let codes;
  const byMail = async (requestedScopes) => {
    const otpVerification = await sdk.sendEmailOTP({ email, ...(requestedScopes && sdk === ours ? { requestedScopes } : {}) }, client);
    const verificationToken = await mailbox.code(email);
    await sdk.verifyOTP({ otpVerification, verificationToken, ...(requestedScopes ? { requestedScopes } : {}) }, client);
  };
  return {
    'start': () => sdk.initializeClient(client),
    'sign in by mailed code': () => byMail(),
    'check a scope': () => sdk.checkStepUpAuth({ scope: 'wallet:export' }, client),
    'token by mailed code': () => byMail(['credential:link']),
    'check a scope whose token is held': () => sdk.checkStepUpAuth({ scope: 'credential:link' }, client),
    'enrol an authenticator app': async () => {
      device = await sdk.registerTotpMfaDevice(client);
      code = openAuthenticator(device.uri);
      await sdk.authenticateTotpMfaDevice({ code: code(0), deviceId: device.id }, client);
      codes = (await sdk.getMfaRecoveryCodes(client)).recoveryCodes;
    },
    'token by authenticator app': () => sdk.authenticateTotpMfaDevice({ code: code(1), requestedScopes: ['credential:link'] }, client),
    'enrol a passkey': () => sdk.registerPasskey({}, client),
    'token by passkey': () => sdk.authenticatePasskeyMFA({ requestedScopes: ['wallet:export'] }, client),
    'token by recovery code, and out': async () => {
      await sdk.authenticateMfaRecoveryCode({ code: codes[0], requestedScopes: ['wallet:sign'] }, client);
      await sdk.logout(client);
    },
  };
};

const outside = await openOutside();
const server = await startServer({ smtpPort: outside.mailbox.port, sinkPort: outside.port, COMPATIBILITY: 'none' });
const measured = {};
try {
  const clients = {
    ours: (passkey) => openOurs(server, { passkey }),
    published: async (passkey) => openPublished(server, outside.mailbox, { passkey }),
  };
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, open] of Object.entries(clients)) {
      const passkey = newAuthenticator();
      const began = performance.now();
      const app = await open(passkey);
      const started = performance.now() - began; // the published one was started by its maker
      const all = flows(name === 'ours' ? ours : published, { ...app, server, mailbox: outside.mailbox, email: newAddress(name), passkey });
      for (const [flow, run] of Object.entries(all)) {
        const isStart = flow === 'start' && name === 'published';
        const [from, at] = [isStart ? 0 : app.requests.length, performance.now()];
        if (!isStart) await run();
        const took = isStart ? started : performance.now() - at;
        await new Promise((resolve) => { setTimeout(resolve, 50); }); // what it goes on asking
        const entry = ((measured[flow] ??= {})[name] ??= { requests: [], times: [] });
        if (round > 0) { // the first is for warmth
          entry.requests.push(app.requests.length - from);
          entry.times.push(took);
        }
      }
    }
  }
} finally {
  await outside.close();
  await server.stop();
}

/** Of what is loaded at first: chunks that are imported later do not count. */
const size = async (contents, resolveDir) => {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir }, absWorkingDir: root, outdir: 'out', bundle: true, minify: true, format: 'esm', splitting: true, platform: 'browser', write: false, metafile: true, logLevel: 'silent',
  });
  const first = new Set();
  const follow = (path) => {
    if (first.has(path)) return;
    first.add(path);
    for (const { path: next, kind } of metafile.outputs[path].imports) if (kind === 'import-statement' && metafile.outputs[next]) follow(next);
  };
  follow(Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint === '<stdin>'));
  const total = (path) => gzipSync(outputFiles.find((file) => file.path === `${root}${path}`).contents).length;
  return [...first].reduce((sum, path) => sum + total(path), 0);
};
const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
const parts = {
  'check and verify by authenticator app': ['createStepUpClient, checkStepUpAuth, authenticateTotpMfaDevice', 'createDynamicClient, checkStepUpAuth, authenticateTotpMfaDevice'],
  'all of the ten flows': ['createStepUpClient, initializeClient, sendEmailOTP, verifyOTP, checkStepUpAuth, registerTotpMfaDevice, authenticateTotpMfaDevice, getMfaRecoveryCodes, registerPasskey, authenticatePasskeyMFA, authenticateMfaRecoveryCode, logout',
    'createDynamicClient, initializeClient, sendEmailOTP, verifyOTP, checkStepUpAuth, registerTotpMfaDevice, authenticateTotpMfaDevice, getMfaRecoveryCodes, registerPasskey, authenticatePasskeyMFA, authenticateMfaRecoveryCode, logout'],
};
const middle = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const lines = ['| bundle, minified and compressed | ours | published |', '|---|---|---|'];
let worse = false;
for (const [name, [mine, yours]] of Object.entries(parts)) {
  const [a, b] = [await size(`export { ${mine} } from '@stepup-auth/client';`, root), await size(`export { ${yours} } from '@dynamic-labs-sdk/client';`, theirs)];
  worse ||= a > b;
  lines.push(`| ${name} | ${kb(a)} | ${kb(b)} |`);
}
lines.push('', '| flow | requests, ours | published | milliseconds, ours | published |', '|---|---|---|---|---|');
const sums = { ours: [0, 0], published: [0, 0] };
for (const [flow, by] of Object.entries(measured)) {
  const cells = Object.fromEntries(Object.entries(by).map(([name, { requests, times }]) => [name, [middle(requests), middle(times)]]));
  for (const [name, [requests, time]] of Object.entries(cells)) sums[name] = [sums[name][0] + requests, sums[name][1] + time];
  lines.push(`| ${flow} | ${cells.ours[0]} | ${cells.published[0]} | ${cells.ours[1].toFixed(0)} | ${cells.published[1].toFixed(0)} |`);
}
lines.push(`| all ten | ${sums.ours[0]} | ${sums.published[0]} | ${sums.ours[1].toFixed(0)} | ${sums.published[1].toFixed(0)} |`);
console.log(lines.join('\n'));
process.exit(worse || sums.ours[0] > sums.published[0] ? 1 : 0);
