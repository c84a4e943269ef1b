import { memberOf, parseJSON } from './json.js';
import type { StepUpStorage } from './storage.js';

/** What tabs tell each other: that there is something newer, never what. */
interface News {
  readonly revision: number;
  readonly gone: boolean;
}

/**
 * One text in a storage, shared with other tabs. Browsers tell a tab of a change sooner than they show it (localStorage reaches other
 * processes by and by), so each text has a revision, and a reader who was told of a newer one waits for it.
 *
 * A storage that fails is as one that has not changed: whoever asks lives on with what is in memory.
 */
export class Kept {
  #text: string | null | undefined;
  #revision = 0;
  #news: News = { revision: 0, gone: false };
  #channel: BroadcastChannel | undefined;

  constructor(
    private readonly storage: StepUpStorage,
    private readonly key: string,
    private readonly changed: () => void,
  ) {}

  /** The text, not older than the newest that was told of, if that comes within a second. */
  async read(): Promise<string | null> {
    for (let wait = 8; ; wait *= 2) {
      const text = await this.#shown();
      if (this.#isNew(text) || wait > 600) {
        this.#text = text;
        this.#revision = Math.max(this.#revision, revisionOf(text));
        return text;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  /**
   * Keeps the text of an object as the newest, or nothing, and tells the other tabs. Answers what is kept now. Where there is no room
   * for it, what it would have replaced stays, unless that is somebody else's: then nothing is kept.
   */
  async write(json: string | null, isOthers: boolean): Promise<string | null> {
    this.#revision = Math.max(this.#revision + 1, this.#news.revision + 1, Date.now());
    const text = json && `{"revision":${this.#revision},${json.slice(1)}`;
    if (!(await this.#put(text)) && text !== null && isOthers) await this.#put(null);
    return this.#text ?? null;
  }

  /** Reports false where it is full, or forbidden by the browser: the proof was given all the same. */
  async #put(text: string | null): Promise<boolean> {
    try {
      if (text === null) await this.storage.removeItem(this.key);
      else await this.storage.setItem(this.key, text);
    } catch {
      return false;
    }
    this.#text = text;
    this.#news = { revision: this.#revision, gone: text === null };
    this.#channel?.postMessage(this.#news);
    return true;
  }

  /** Hears of what other tabs change. */
  listen(): void {
    if (this.#channel || typeof BroadcastChannel === 'undefined') return;
    this.#channel = new BroadcastChannel(this.key);
    this.#channel.onmessage = ({ data }) => {
      const revision = memberOf(data, 'revision');
      if (typeof revision !== 'number' || revision <= this.#news.revision) return;
      this.#news = { revision, gone: memberOf(data, 'gone') === true };
      this.changed();
    };
    (this.#channel as { unref?: () => void }).unref?.(); // Node would wait for it
  }

  async #shown(): Promise<string | null> {
    try {
      const text: unknown = await this.storage.getItem(this.key);
      return typeof text === 'string' ? text : null; // some answer undefined where there is nothing
    } catch {
      return this.#text ?? null;
    }
  }

  #isNew(text: string | null): boolean {
    if (text === null) return this.#news.gone || this.#news.revision <= this.#revision;
    return revisionOf(text) >= this.#news.revision;
  }
}

const revisionOf = (text: string | null): number => {
  if (text === null) return 0;
  try {
    const revision = memberOf(parseJSON(text), 'revision');
    return typeof revision === 'number' ? revision : 0;
  } catch {
    return 0;
  }
};
