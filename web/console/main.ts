// What the console's pages gain where scripts run. Without them everything but passkeys and live parts works.
import './console.css';
import { confirmations } from './confirm.js';
import { copies } from './copy.js';
import { filters } from './filter.js';
import { fragments } from './fragment.js';
import { live } from './live.js';
import { passkeys } from './passkeys.js';
import { scrollers } from './scroll.js';
import { times } from './time.js';

function enhance(part: ParentNode): void {
  times(part);
  copies(part);
  scrollers(part);
}

enhance(document);
confirmations();
filters();
live(enhance);
fragments();
passkeys();
if (document.querySelector('[data-qr]')) void import('./qr.js').then(({ qrCodes }) => qrCodes());
const toStepUp = document.querySelector<HTMLFormElement>('form[data-step-up]');
if (toStepUp) void import('./stepUp.js').then(({ stepUp }) => stepUp(toStepUp));
