// What the client does on servers of this tree: one at the newest version that asks a token of every gated call, one at the version
// before.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, describe } from 'node:test';
import { openOutside, startServer } from './lib/server.mjs';
import { browserTests } from './live/browser.mjs';
import { devices } from './live/devices.mjs';
import { docs } from './live/docs.mjs';
import { ensureTests } from './live/ensure.mjs';
import { flows } from './live/flows.mjs';
import { guide } from './live/guide.mjs';
import { hostedTests } from './live/hosted.mjs';
import { logins } from './live/logins.mjs';
import { promptTests } from './live/prompt.mjs';
import { reactFlows, reactGuide } from './live/react.mjs';
import { reactNative } from './live/reactNative.mjs';
import { revealTests } from './live/reveal.mjs';
import { servers } from './live/server.mjs';

let outside;
before(async () => {
  outside = await openOutside();
});
after(() => outside?.close());

const suitesAt = {
  '2026_04_01': [flows, ensureTests, logins, guide, reactFlows, reactGuide, browserTests, promptTests, revealTests, hostedTests, docs, servers, reactNative],
  '2026_01_01': [guide, reactGuide, promptTests, revealTests, reactNative],
};

for (const [version, suites] of Object.entries(suitesAt)) {
  describe(`at ${version}`, () => {
    /** The server, and the world around it; filled in before the tests run. */
    const on = { version };
    const folder = mkdtempSync(`${tmpdir()}/stepup-live-`);
    before(async () => {
      Object.assign(on, outside, { serviceToken: `${folder}/service.token` });
      on.server = await startServer({ smtpPort: outside.mailbox.port, sinkPort: outside.port, API_VERSION: version, COMPATIBILITY: 'none', SERVICE_TOKEN_FILE: on.serviceToken });
    });
    after(async () => {
      rmSync(folder, { recursive: true, force: true });
      if (on.server) assert.equal(await on.server.stop(), 0, `how the server ended:\n${on.server.log()}`);
    });
    for (const suite of suites) suite(on);
  });
}

describe('where devices are registered', () => {
  const on = {};
  before(async () => {
    Object.assign(on, outside);
    on.server = await startServer({ smtpPort: outside.mailbox.port, sinkPort: outside.port, DEVICES: 'true' });
  });
  after(async () => {
    if (on.server) assert.equal(await on.server.stop(), 0, `how the server ended:\n${on.server.log()}`);
  });
  devices(on);
});
