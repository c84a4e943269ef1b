// Packs the SDK of this tree and installs it with what package-lock.json says, unless that is done.
import { fileURLToPath } from 'node:url';
import { install, pack } from '../lib/start.mjs';

install(fileURLToPath(new URL('.', import.meta.url)), pack());
