import { type SdkUser, SdkUserFromJSON } from '@stepup-auth/core';
import { SessionEndedError } from '../errors/SessionEndedError.js';
import type { Config } from './config.js';
import { waits } from './device.js';
import type { DeviceKeyAdapter } from './deviceKey.js';
import { Events } from './events.js';
import { Kept } from './kept.js';
import { exclusively } from './lock.js';
import type { ChosenPrompt } from './prompt.js';
import type { ProjectSettings } from './settings.js';
import { emptyState, readState, type Session, type State, withoutTokens, writeState } from './state.js';

/** What a client consists of. Functions reach it through the client; apps never do. */
export class Core {
  readonly events = new Events();
  state: State = emptyState();
  /** The signed-in user, the same object until something about it changes. */
  user: SdkUser | null = null;
  settings: ProjectSettings | null = null;
  initStatus: 'uninitialized' | 'in-progress' | 'finished' | 'failed' = 'uninitialized';
  /** Single-use tokens that are on their way: nobody else takes them. */
  readonly busy = new Set<string>();
  /** What the gates of this client's own server refused with: they alone are believed which scope is wanted. */
  readonly refusals = new WeakSet<Error>();
  /** Options of a passkey prompt that were fetched ahead of the tap. */
  preparedPasskey: { readonly options: unknown; readonly for: string; readonly until: number } | null = null;
  /** The prompt of this client, in place of that of all. */
  prompt: ChosenPrompt | undefined;
  /** How far the server's clock is ahead of this machine's, in milliseconds, as its last answer said. */
  serverAhead = 0;
  /** This device's key, once it was needed. */
  deviceKey: DeviceKeyAdapter | undefined;
  /** The session was opened with this device's key, which the settings do not ask for any more. */
  signs = false;
  /** Aborted when the session ends; then there is a new one. */
  ending = new AbortController();

  readonly #key: string;
  readonly #running = new Map<string, Promise<unknown>>();
  readonly #kept: Kept;
  /** What is kept now, and the state in it. */
  #text: string | null | undefined;
  #saved = writeState(emptyState());

  constructor(readonly config: Config) {
    this.#key = `stepup:${config.issuer}`;
    this.#kept = new Kept(config.storage, this.#key, () => void this.#hear());
  }

  /** Runs what everybody waits for once, however many ask for it meanwhile. */
  once<T>(name: string, run: () => Promise<T>): Promise<T> {
    const running = this.#running.get(name) as Promise<T> | undefined;
    if (running) return running;
    const started = run().finally(() => this.#running.delete(name));
    this.#running.set(name, started);
    return started;
  }

  /** One at a time, in all tabs that share the state. */
  exclusively<T>(name: string, run: () => Promise<T>): Promise<T> {
    return exclusively(this.config.storage, `${this.#key}:${name}`, this.config.shared, run);
  }

  /** Takes over what is kept, which another tab may have changed. */
  async load(): Promise<void> {
    const text = await this.#kept.read();
    if (text === this.#text) return;
    this.#text = text;
    const before = this.state.session;
    this.#become(this.#withTokens(readState(text, this.config.environmentId)));
    this.#saved = writeState(this.state);
    const { session } = this.state;
    if (waits(before?.user) && session && session.userId === before?.userId && !waits(session.user)) {
      this.events.emit('deviceRegistrationCompletedInAnotherTab', { user: this.user });
    }
  }

  /** A state that was kept, with the tokens of its session that are not kept anywhere. */
  #withTokens(kept: State): State {
    if (this.config.storeTokens) return kept;
    const same = kept.session !== null && kept.session.sessionId === this.state.session?.sessionId;
    return same ? { ...kept, elevated: this.state.elevated, mfa: this.state.mfa } : withoutTokens(kept);
  }

  /**
   * Changes the state: loads it, changes it, keeps it, and tells the other tabs, one such change at a time. The change must say what
   * is to be so, because the state it gets may be newer than the one its caller saw.
   */
  update<T>(change: (state: State) => T): Promise<T> {
    return this.exclusively('state', async () => {
      await this.load();
      const next: State = { ...this.state };
      const result = change(next);
      const text = writeState(next);
      if (text === this.#saved) return result;
      const lasting = this.config.storeTokens ? text : writeState(withoutTokens(next));
      const isOthers = next.session?.sessionId !== this.state.session?.sessionId;
      this.#text = await this.#kept.write(next.session === null && next.code === null ? null : lasting, isOthers);
      this.#saved = text;
      this.#become(next);
      return result;
    });
  }

  /** Makes a change seen at once and keeps it afterwards, for functions that answer without waiting. */
  async updateNow(change: (state: State) => void): Promise<void> {
    const next = { ...this.state };
    change(next);
    this.#become(next);
    await this.update(change).catch(() => undefined);
  }

  /** The session that there is. */
  session(): Session {
    const { session } = this.state;
    if (!session) throw new SessionEndedError();
    return session;
  }

  /** The session that a call was begun in, as it is now. When another has taken its place, the call is not made in that one. */
  still(within: Session): Session {
    const session = this.session();
    if (session.sessionId !== within.sessionId) throw new SessionEndedError('The session in which this was begun is over.');
    return session;
  }

  /** Forgets a session and everything of it, if it is still the one. */
  async forget(sessionId: string, reason: string): Promise<void> {
    const was = await this.update((state) => {
      if (state.session?.sessionId !== sessionId) return false;
      Object.assign(state, emptyState());
      return true;
    });
    if (was) this.events.emit('signedOut', { reason });
  }

  #become(next: State): void {
    const before = this.state;
    this.state = next;
    if (before.session?.sessionId !== next.session?.sessionId) {
      this.preparedPasskey = null;
      if (before.session) {
        this.ending.abort();
        this.ending = new AbortController();
      }
    }
    if (before.session?.user !== next.session?.user) {
      this.user = next.session && SdkUserFromJSON(next.session.user);
      this.events.emit('userChanged', { user: this.user });
    }
  }

  /** Hears of what other tabs change. */
  listen(): void {
    if (this.config.shared) this.#kept.listen();
  }

  async #hear(): Promise<void> {
    const before = this.state.session;
    await this.load();
    if (before && !this.state.session) this.events.emit('signedOut', { reason: 'another-tab' });
  }
}
