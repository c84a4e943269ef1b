import { SessionEndedError, type ShowKey, type ShowKeyRequest, WalletRevealError } from '@stepup-auth/client';
import { type FromRevealFrame, revealGreeting, type RevealGreeting, type ToRevealFrame } from '@stepup-auth/client/prompt/headless';
import type { ComponentType } from 'react';

/** How long the page may take until it says something, and how long to make its keys. */
const readyWithin = 30_000;
const keysWithin = 10_000;

/**
 * A key that is shown in a web view, by a page of the server's: it is greeted with the wallet, says to what the key is to be sealed, and gets
 * what only it can open. Nothing that comes from there but these few words is heard, and the sealing is asked for once.
 */
export class ShownKey {
  readonly over: Promise<void>;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #greeted = false;
  #asked = false;
  #failure: WalletRevealError | undefined;
  /** Whether there is something to see. */
  isShown = false;

  constructor(
    readonly request: ShowKeyRequest,
    /** Says something to the page. */
    private readonly post: (text: string) => void,
    private readonly changed: () => void,
  ) {
    this.over = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    request.signal.addEventListener('abort', this.#aborted);
    this.#wait(readyWithin);
  }

  /** What the web view says came from the page at url. Another page in its place is not heard. */
  heard(text: string, url: string): void {
    if (!this.#settle || url.split('#')[0] !== this.request.url) return;
    const message = messageIn(text);
    switch (message?.type) {
      case 'ready':
        if (!this.#greeted) this.#greet();
        return;
      case 'recipient':
        if (this.#greeted && !this.#asked) void this.#seal(message.recipientKey);
        return;
      case 'failed':
        this.#failure = new WalletRevealError(message.reason);
        if (!this.isShown) this.end(this.#failure);
        return;
      case 'closed':
        this.end(this.#failure);
    }
  }

  /** The page could not be loaded. */
  lost(): void {
    this.end(this.#asked ? this.#failure : new WalletRevealError('no_answer'));
  }

  end(error?: unknown): void {
    const settle = this.#settle;
    if (!settle) return;
    this.#settle = null;
    clearTimeout(this.#timer);
    this.request.signal.removeEventListener('abort', this.#aborted);
    if (error === undefined) settle.resolve();
    else settle.reject(error);
  }

  readonly #aborted = (): void => this.end(new SessionEndedError('The session ended, and the key with it was taken away.'));

  #wait(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(new WalletRevealError('no_answer')), milliseconds);
  }

  #greet(): void {
    this.#greeted = true;
    this.#wait(keysWithin);
    const { walletId, address, chain } = this.request.wallet;
    this.post(JSON.stringify({ type: revealGreeting, walletId, address, chain } satisfies RevealGreeting));
  }

  async #seal(recipientKey: string): Promise<void> {
    this.#asked = true;
    clearTimeout(this.#timer);
    try {
      const sealed = await this.request.seal(recipientKey);
      if (!this.#settle) return;
      this.isShown = true;
      this.changed();
      this.post(JSON.stringify({ type: 'sealed', sealed } satisfies ToRevealFrame));
    } catch (error) {
      this.end(error);
    }
  }
}

const messageIn = (text: string): FromRevealFrame | undefined => {
  try {
    const message = JSON.parse(text) as Partial<FromRevealFrame> | null;
    if (message?.type === 'recipient' && typeof message.recipientKey !== 'string') return undefined;
    return typeof message?.type === 'string' ? (message as FromRevealFrame) : undefined;
  } catch {
    return undefined;
  }
};

/** What is used of the WebView of `react-native-webview`. */
export type WebViewComponent = ComponentType<any>;

/** A web view that shows keys: give `showKey` to `createClient`, and the whole to `<StepUpPrompts keys>`, which draws it. */
export class WebViewKeys {
  #shown: ShownKey | null = null;
  #posts: ((text: string) => void) | null = null;
  #drawn = 0;
  readonly #listeners = new Set<() => void>();

  constructor(readonly webView: WebViewComponent) {}

  readonly showKey: ShowKey = async (request) => {
    if (this.#drawn === 0) throw new WalletRevealError('no_page');
    this.#shown?.end(new WalletRevealError('no_answer')); // another one takes its place
    const shown = new ShownKey(request, (text) => this.#posts?.(text), () => this.#tell());
    this.#set(shown);
    await shown.over.finally(() => {
      if (this.#shown === shown) this.#set(null);
    });
  };

  /** @internal */
  readonly state = (): ShownKey | null => this.#shown;

  /** @internal */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  /** @internal Somebody draws it, until what is answered is called. */
  draw(): () => void {
    this.#drawn += 1;
    return () => {
      this.#drawn -= 1;
      if (this.#drawn === 0) this.#shown?.end();
    };
  }

  /** @internal How to speak to the page. */
  speakBy(post: ((text: string) => void) | null): void {
    this.#posts = post;
  }

  #set(shown: ShownKey | null): void {
    this.#shown = shown;
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
