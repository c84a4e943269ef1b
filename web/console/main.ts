// What the console's pages gain where scripts run. Without them everything but passkeys and live parts works.
import './console.css';
import { confirmations } from './confirm.js';
import { copies } from './copy.js';
import { filters } from './filter.js';
import { live } from './live.js';
import { times } from './time.js';

function enhance(part: ParentNode): void {
  times(part);
  copies(part);
}

enhance(document);
confirmations();
filters();
live(enhance);
