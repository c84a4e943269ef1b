import { SessionEndedError } from '../errors/SessionEndedError.js';
import { WalletRevealError } from '../errors/WalletRevealError.js';
import type { SealedKey } from '../exportWallet.js';
import type { Core } from './core.js';
import { type FromRevealFrame, type RevealGreeting, revealGreeting, type RevealWallet, type ToRevealFrame } from './revealMessages.js';

/** How long a frame that is there may take to make its keys. */
const keysWithin = 5_000;

/**
 * Shows the key of a wallet in a frame of the server's, over the page, until the user closes it. seal is told to what the key is to be
 * sealed; only the frame can open that. The frame stays out of sight until there is something to show.
 */
export const reveal = (core: Core, wallet: RevealWallet, seal: (recipientKey: string) => Promise<SealedKey>): Promise<void> => {
  const url = `${core.config.issuer}/reveal`;
  if (core.config.showKey) return core.config.showKey({ wallet, url, seal, signal: core.ending.signal });
  const page = (globalThis as { document?: Document }).document;
  if (!page?.body) return Promise.reject(new WalletRevealError('no_page'));
  const { dialog, frame } = draw(page, url);
  const { port1: port, port2: theirs } = new MessageChannel();
  const ended = core.ending.signal;
  return new Promise<void>((resolve, reject) => {
    let failure: WalletRevealError | undefined;
    let timer = setTimeout(() => end(new WalletRevealError('no_answer')), core.config.timeoutMs);
    const over = (): void => end(new SessionEndedError('The session ended, and the key with it was taken away.'));
    const end = (error?: unknown): void => {
      clearTimeout(timer);
      ended.removeEventListener('abort', over);
      port.close();
      dialog.remove(); // the frame, and what it holds, goes along
      if (error === undefined) resolve();
      else reject(error);
    };
    const pass = async (recipientKey: string): Promise<void> => {
      clearTimeout(timer);
      const sealed = await seal(recipientKey);
      if (!dialog.isConnected) return;
      dialog.showModal();
      frame.focus();
      port.postMessage({ type: 'sealed', sealed } satisfies ToRevealFrame);
    };
    let asked = false;
    port.onmessage = ({ data }: MessageEvent<FromRevealFrame>) => {
      switch (data.type) {
        case 'recipient':
          if (!asked) pass(data.recipientKey).catch(end);
          asked = true;
          return;
        case 'failed':
          failure = new WalletRevealError(data.reason);
          if (!dialog.open) end(failure);
          return;
        case 'height':
          frame.style.height = `${Number(data.height)}px`;
          return;
        case 'closed':
          end(failure);
      }
    };
    ended.addEventListener('abort', over);
    dialog.addEventListener('close', () => end(failure));
    frame.addEventListener(
      'load',
      () => {
        clearTimeout(timer);
        timer = setTimeout(() => end(new WalletRevealError('no_answer')), keysWithin);
        const { walletId, address, chain } = wallet;
        const greeting: RevealGreeting = { type: revealGreeting, walletId, address, chain };
        frame.contentWindow?.postMessage(greeting, new URL(core.config.issuer).origin, [theirs]);
      },
      { once: true },
    );
    page.body.append(dialog);
  });
};

/** Styles are set one by one, which a strict policy allows. */
const draw = (page: Document, src: string): { dialog: HTMLDialogElement; frame: HTMLIFrameElement } => {
  const dialog = page.createElement('dialog');
  Object.assign(dialog.style, { padding: '0', border: '0', borderRadius: '16px', overflow: 'hidden', width: 'min(30rem, calc(100vw - 2rem))' });
  const frame = page.createElement('iframe');
  Object.assign(frame.style, { display: 'block', width: '100%', height: '24rem', maxHeight: 'calc(100vh - 2rem)', border: '0' });
  frame.allow = 'clipboard-write';
  frame.referrerPolicy = 'no-referrer';
  frame.title = 'Private key';
  frame.src = src;
  dialog.append(frame);
  return { dialog, frame };
};
