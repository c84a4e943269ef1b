// The page that shows an exported key inside of an app: in a frame over a page, or as the page of a web view. It gets what the app can get
// too, a key that is sealed, but alone has what opens it. It calls nobody, keeps nothing, and talks to the page around it alone, if that is of
// an origin that the environment lists, or to the app that owns its web view.
import {
  type FromRevealFrame,
  revealGreeting,
  type RevealWallet,
  type ToRevealFrame,
} from '../../sdk/typescript/packages/client/src/internal/revealMessages.js';
import type { SealedKey } from '../../sdk/typescript/packages/client/src/exportWallet.js';
import { languageOf } from '../lib/language.js';
import { knowsChain } from './address.js';
import { newRecipient, open } from './open.js';
import './reveal.css';
import { texts } from './texts.js';
import { View } from './view.js';
import { bridgeOf, hear } from './webview.js';

const place = document.querySelector('main')!;
const { environment = '', origins = '' } = place.dataset;
const listed = origins.split(' ');

const member = (value: unknown, name: string): string | undefined => {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return typeof found === 'string' && found.length < 10_000 ? found : undefined;
};

/** The text members of a message, if all are there. */
const read = <N extends string>(value: unknown, ...names: readonly N[]): Record<N, string> | undefined => {
  const all = names.map((name) => [name, member(value, name)] as const);
  return all.every(([, text]) => text !== undefined) ? (Object.fromEntries(all) as Record<N, string>) : undefined;
};

/** Between this page and whoever shows it. */
interface Line {
  say(message: FromRevealFrame): void;
  /** What comes from there from now on. */
  hear(listener: (message: unknown) => void): void;
}

const reveal = async (wallet: RevealWallet, { say, hear: on }: Line): Promise<void> => {
  const close = (): void => {
    view.clear();
    say({ type: 'closed' });
  };
  const language = languageOf(texts);
  document.documentElement.lang = language;
  const view = new View(place, texts[language]!, close);
  const fail = (reason: 'unsupported' | 'unreadable' | 'foreign'): void => {
    view.failed(reason);
    say({ type: 'failed', reason });
  };
  addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') close();
  });
  addEventListener('pagehide', () => view.clear());
  new ResizeObserver(() => say({ type: 'height', height: Math.ceil(place.getBoundingClientRect().height) })).observe(place);
  view.working();

  const pair = (await knowsChain(wallet.chain)) ? await newRecipient().catch(() => undefined) : undefined;
  if (!pair) return fail('unsupported');
  const sealed = new Promise<SealedKey>((resolve) => {
    on((message) => {
      const { type, sealed: given } = (message ?? {}) as Partial<ToRevealFrame>;
      const found = type === 'sealed' ? read(given, 'encapsulatedKey', 'ciphertext', 'info', 'address', 'chain') : undefined;
      if (found) resolve(found);
    });
  });
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const base64 = btoa(String.fromCharCode(...raw)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  say({ type: 'recipient', recipientKey: base64 });
  const opened = await open(pair, await sealed, { ...wallet, environmentId: environment });
  if (typeof opened === 'string') return fail(opened);
  view.opened(opened);
  say({ type: 'opened' });
};

const walletIn = (greeting: unknown): RevealWallet | undefined =>
  member(greeting, 'type') === revealGreeting ? read(greeting, 'walletId', 'address', 'chain') : undefined;

const greeted = ({ source, origin, data, ports: [port] }: MessageEvent): void => {
  const wallet = walletIn(data);
  if (source !== parent || !listed.includes(origin) || !wallet || !port) return;
  removeEventListener('message', greeted); // one greeting, one key
  void reveal(wallet, {
    say: (message) => {
      port.postMessage(message);
      if (message.type === 'closed') port.close();
    },
    hear: (listener) => {
      port.onmessage = (event) => listener(event.data);
    },
  });
};

const bridge = bridgeOf(window);
if (parent !== window) addEventListener('message', greeted);
else if (!bridge) new View(place, texts[languageOf(texts)]!, () => {}).alone();
else {
  let listener: ((message: unknown) => void) | undefined;
  const say: Line['say'] = (message) => bridge.postMessage(JSON.stringify(message));
  const line: Line = {
    say,
    hear: (one) => {
      listener = one;
    },
  };
  let begun = false;
  hear((message) => {
    const wallet = walletIn(message);
    if (begun || !wallet) return listener?.(message);
    begun = true; // one greeting, one key
    void reveal(wallet, line);
  });
  say({ type: 'ready' });
}
