// `npm start`: everything that this app needs, on this machine, until Ctrl-C. It packs the SDK of this tree, installs it, starts stepup in
// development mode with the example bank if none is running, lets the page's origin in, and serves the page.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { admit, install, pack, serve } from '../lib/start.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { PORT = '8080', SERVICE_PORT = '8090', APP_PORT = '5173' } = process.env;
const page = `http://localhost:${APP_PORT}`;
const environments = ['11111111-2222-4333-8444-555555555555', '11111111-2222-4333-8444-666666666666'];

install(here, pack());
const child = await serve();
for (const environment of environments) await admit(page, environment);
console.log(`Codes that stepup "sends" are in http://localhost:${PORT}/dev/inbox`);
const vite = spawn(process.execPath, [join(here, 'node_modules/vite/bin/vite.js')], {
  cwd: here, stdio: 'inherit', env: { ...process.env, APP_PORT, BANK_URL: `http://127.0.0.1:${SERVICE_PORT}`, VITE_STEPUP_URL: `http://localhost:${PORT}` },
});
const stop = () => {
  vite.kill('SIGTERM');
  child?.kill('SIGTERM');
};
process.on('SIGINT', stop).on('SIGTERM', stop);
vite.on('exit', stop);
child?.on('exit', stop);
