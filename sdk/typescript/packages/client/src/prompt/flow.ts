import type {
  PromptCredential,
  PromptDone,
  PromptEndpoints,
  PromptFactor,
  PromptFailure,
  PromptPurpose,
  PromptTotp,
  PromptView,
  PromptWallet,
} from './endpoints.js';
import { closedBy, isMfa, offersOf } from './offers.js';
import { type Problem, problemOf } from './problem.js';

/** Why nothing can be done in the prompt, apart from closing it or trying to open it again. */
export type Stop = 'disputed' | 'cooling_down' | 'no_method' | 'failed' | 'expired' | 'session_ended' | 'not_open';

/** What is drawn. */
export type Screen =
  | { readonly name: 'loading' }
  | { readonly name: 'choose' }
  | { readonly name: 'code'; readonly credential: PromptCredential; readonly sent: Sent | null }
  | { readonly name: 'totp' | 'passkey' | 'wallet' | 'social'; readonly credential: PromptCredential }
  | { readonly name: 'recovery' }
  | { readonly name: 'enrol' }
  | { readonly name: 'enrolTotp'; readonly totp: PromptTotp }
  | { readonly name: 'enrolPasskey' }
  | { readonly name: 'keep'; readonly codes: readonly string[] }
  | { readonly name: 'done' }
  | { readonly name: 'stop'; readonly why: Stop; readonly until?: number | undefined };

/** A code that is on its way: when it ends, and when another one may be asked for, by the clock of this machine. */
export interface Sent {
  readonly until: number;
  readonly again: number;
}

export interface FlowState {
  readonly view: PromptView | null;
  /** What must be proven before a factor is enrolled, while that is asked for. */
  readonly linking: PromptView | null;
  /** The factor that is being enrolled. */
  readonly enrolling: PromptFactor | null;
  /** Whether something had to be proven before it. */
  readonly linked: boolean;
  /** The factor that was enrolled here, and is to be used now. */
  readonly enrolled: PromptFactor | null;
  readonly screen: Screen;
  readonly busy: boolean;
  readonly problem: Problem | null;
  /** Whether a code was typed on this screen. */
  readonly typed: boolean;
  /** The wallets that the page has, once they were looked for. */
  readonly wallets: readonly FoundWallet[] | null;
}

/** A wallet of the page, as the chunk that looks for them finds it. */
export interface FoundWallet {
  readonly name: string;
  /** Asks it for its accounts, and answers the one that is wanted, else its first; null if it does not have that. */
  connect(address?: string): Promise<PromptWallet | null>;
}

/** What a flow stands on, and whom it tells. */
export interface FlowOptions {
  readonly endpoints: PromptEndpoints;
  readonly verified: (done: PromptDone) => void;
  /** Closed by the user, or ended for a reason that no proof would have turned. */
  readonly closed: (why: 'user' | Stop, done?: PromptDone) => void;
  /** It is to be drawn anew. */
  readonly changed: () => void;
  /** Looks for wallets for a chain, `EVM` or `SOL`, or for both. */
  readonly findWallets: (chain?: string) => Promise<readonly FoundWallet[]>;
  /** In place of `Date.now`. */
  readonly now?: () => number;
}

const codeLife = 600_000;
const longestCode = 900_000;
const resendPause = 30;

/**
 * What happens in a prompt, without a drawing of it: which screen comes when, and what a refusal leads to. All calls of the endpoints
 * are made here. What the user has typed is theirs and not touched by any refusal: it stays in the field that they typed it into.
 */
export class Flow {
  state: FlowState = {
    view: null,
    linking: null,
    enrolling: null,
    linked: false,
    enrolled: null,
    screen: { name: 'loading' },
    busy: false,
    problem: null,
    typed: false,
    wallets: null,
  };
  #ended = false;
  /** Counts the screens, so that an answer that comes too late for its screen changes nothing. */
  #turn = 0;

  readonly #options: FlowOptions;
  readonly #endpoints: PromptEndpoints;

  constructor(options: FlowOptions) {
    this.#options = options;
    this.#endpoints = options.endpoints;
  }

  /** What is asked for at the moment: the prompt's own view, or that of the proof before an enrolment. */
  get asking(): PromptView {
    return this.state.linking ?? this.state.view ?? { scopes: [], credentials: [] };
  }

  get purpose(): PromptPurpose {
    return this.state.linking ? 'enrolment' : 'prompt';
  }

  get offers(): readonly PromptCredential[] {
    return offersOf(this.asking);
  }

  /** Whether a recovery code is among what may be offered: it shows nobody what they confirm. */
  get recovery(): boolean {
    return this.asking.recoveryCodes === true && !this.asking.binding?.mustDisplay;
  }

  /** What may be enrolled now. */
  get enrollable(): readonly PromptFactor[] {
    const { view, linking } = this.state;
    if (linking || !this.#endpoints.enrol) return [];
    return (view?.enrol ?? []).filter((factor) => factor !== 'passkey' || view?.passkeys?.usable !== false);
  }

  /** Whether the user may miss their passkeys, which this page cannot use. */
  get withoutPasskeys(): boolean {
    const { passkeys, credentials } = this.asking;
    return passkeys?.usable === false && (passkeys.why === 'other_domain' || credentials.some(({ format }) => format === 'passkey'));
  }

  /** How many ways there are in all. */
  get ways(): number {
    return this.offers.length + (this.recovery ? 1 : 0) + this.enrollable.length;
  }

  /** Reads what there is to show, and opens the screen that behaviour of the published prompt has for it. */
  async start(): Promise<void> {
    this.#go({ name: 'loading' });
    await this.#try(async (live) => {
      const view = await this.#endpoints.read();
      if (!live()) return;
      this.#set({ view, linking: null });
      this.#land(view);
    });
  }

  /** Opens the screen of a credential that the user has chosen; a code is sent at once. */
  async choose(credential: PromptCredential): Promise<void> {
    this.#open(credential);
    if (this.state.screen.name === 'code') await this.sendCode();
  }

  another(): void {
    this.#go({ name: 'choose' });
  }

  useRecoveryCode(): void {
    this.#go({ name: 'recovery' });
  }

  async sendCode(): Promise<void> {
    const { screen } = this.state;
    if (screen.name !== 'code' || this.state.busy) return;
    const { credential } = screen;
    await this.#try(async (live) => {
      const sent = await this.#endpoints.sendCode({ credentialId: credential.id, purpose: this.purpose });
      if (!live()) return;
      const now = this.#now();
      const until = Date.parse(sent.expiresAt ?? '') || 0;
      const ends = until > now && until <= now + longestCode ? until : now + codeLife; // this clock may be minutes off
      this.#set({ screen: { ...screen, sent: { until: ends, again: now + (sent.resendAfterSeconds ?? resendPause) * 1000 } } });
    });
  }

  async verifyCode(code: string): Promise<void> {
    const { screen } = this.state;
    this.#set({ typed: true });
    if (!(screen.name === 'recovery' ? code.trim() : /^\d{6,8}$/.test(code))) return this.#set({ problem: { text: 'incomplete' } });
    if (screen.name === 'recovery') return this.#prove(() => this.#endpoints.recovery({ code, purpose: this.purpose }));
    if (screen.name === 'enrolTotp') return this.#confirmTotp(code);
    if (screen.name !== 'code' && screen.name !== 'totp') return undefined;
    const { credential } = screen;
    return this.#prove(() => this.#endpoints.verifyCode({ credentialId: credential.id, purpose: this.purpose, code }));
  }

  /** In the handler of the tap: nothing is awaited before the endpoint is called. */
  async usePasskey(): Promise<void> {
    const { screen } = this.state;
    if (screen.name === 'enrolPasskey') return this.#createPasskey();
    if (screen.name !== 'passkey') return undefined;
    const { credential } = screen;
    await this.#prove(() => this.#endpoints.passkey.verify({ credentialId: credential.id, purpose: this.purpose }));
    if (this.state.problem && this.state.screen === screen) this.#prepare(screen); // the options answer one prompt
    return undefined;
  }

  async useSocial(): Promise<void> {
    const { screen } = this.state;
    if (screen.name !== 'social') return;
    const { credential } = screen;
    await this.#prove(() => this.#endpoints.social({ credentialId: credential.id, purpose: this.purpose }));
  }

  async useWallet(found: FoundWallet): Promise<void> {
    const { screen } = this.state;
    if (screen.name !== 'wallet') return;
    const { credential } = screen;
    await this.#prove(async () => {
      const wallet = await found.connect(credential.address);
      if (!wallet) throw failure('wallet_has_other_account');
      return this.#endpoints.wallet({ credentialId: credential.id, purpose: this.purpose, wallet });
    });
  }

  /** Begins to enrol a factor: first whatever must be proven for it, then the factor, then the proof that was asked for. */
  async enrol(factor: PromptFactor): Promise<void> {
    await this.#try(async (live) => {
      const linking = await this.#endpoints.enrol!.read();
      if (!live()) return;
      this.#set({ enrolling: factor, linking, linked: linking !== null });
      if (linking) this.#land(linking);
      else await this.#begin(factor);
    });
  }

  chooseEnrolment(): void {
    this.#go({ name: 'enrol' });
  }

  /** The user has kept the recovery codes. */
  async kept(): Promise<void> {
    await this.#try(async (live) => {
      await this.#endpoints.enrol!.acknowledge?.();
      if (live()) await this.#afterEnrolment();
    });
  }

  /** Leaves an enrolment that is not over. */
  leaveEnrolment(): void {
    this.#set({ linking: null, enrolling: null });
    const { view } = this.state;
    if (view) this.#land(view);
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { screen } = this.state;
    const why = screen.name === 'stop' ? screen.why : 'user';
    this.#endpoints.cancel().then(
      (done) => this.#options.closed(why, done),
      () => this.#options.closed(why), // it is closed, whatever the server says
    );
  }

  /** Nothing that is on its way changes anything from now on. */
  end(): void {
    this.#ended = true;
    this.#turn += 1;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #land(view: PromptView): void {
    const closed = closedBy(view);
    if (closed) {
      const until = view.coolDownSeconds === undefined ? undefined : this.#now() + view.coolDownSeconds * 1000;
      return this.#go({ name: 'stop', why: closed, until });
    }
    const { offers } = this;
    const first = offers.find(({ id }) => id === view.defaultCredentialId);
    const fresh = this.state.enrolled && offers.find(({ type }) => type === this.state.enrolled);
    const chosen = fresh || (first && isMfa(first) ? first : offers.find(isMfa)) || (offers.length === 1 ? offers[0] : undefined);
    if (chosen) return this.#open(chosen);
    if (offers.length > 0) return this.#go({ name: 'choose' });
    if (this.recovery) return this.#go({ name: 'recovery' });
    if (this.enrollable.length > 0) return this.#go({ name: 'enrol' });
    return this.#go({ name: 'stop', why: 'no_method' });
  }

  #open(credential: PromptCredential): void {
    switch (credential.format) {
      case 'email':
      case 'phoneNumber':
        return this.#go({ name: 'code', credential, sent: null });
      case 'blockchain':
        this.#go({ name: 'wallet', credential });
        return void this.#look(credential);
      case 'oauth':
        return this.#go({ name: 'social', credential });
      case 'totp':
        return this.#go({ name: 'totp', credential });
      default: {
        const screen: Screen = { name: 'passkey', credential };
        this.#go(screen);
        return this.#prepare(screen);
      }
    }
  }

  /** Fetches ahead of the tap what a passkey prompt needs. */
  #prepare(screen: Screen & { credential: PromptCredential }): void {
    this.#endpoints.passkey.prepare({ credentialId: screen.credential.id, purpose: this.purpose }).catch((error: unknown) => {
      if (this.state.screen === screen && !this.state.problem) this.#refused(error);
    });
  }

  /** Looks for wallets on the page. */
  async #look({ chain }: PromptCredential): Promise<void> {
    await this.#try(async (live) => {
      const wallets = await this.#options.findWallets(chain);
      if (live()) this.#set({ wallets });
    });
  }

  async #begin(factor: PromptFactor): Promise<void> {
    await this.#try(async (live) => {
      const { totp, passkey } = this.#endpoints.enrol!;
      const screen: Screen = factor === 'totp' ? { name: 'enrolTotp', totp: await totp.begin() } : { name: 'enrolPasskey' };
      if (factor === 'passkey') await passkey.prepare();
      if (live()) this.#go(screen);
    });
  }

  async #confirmTotp(code: string): Promise<void> {
    await this.#try(async (live) => {
      await this.#endpoints.enrol!.totp.confirm({ code });
      if (live()) await this.#enrolled();
    });
  }

  async #createPasskey(): Promise<void> {
    const { screen } = this.state;
    await this.#try(async (live) => {
      await this.#endpoints.enrol!.passkey.create();
      if (live()) await this.#enrolled();
    });
    if (this.state.problem && this.state.screen === screen) this.#endpoints.enrol!.passkey.prepare().catch(() => undefined);
  }

  async #enrolled(): Promise<void> {
    this.#set({ linking: null, enrolled: this.state.enrolling, enrolling: null });
    const codes = await (this.#endpoints.enrol!.recoveryCodes?.() ?? Promise.resolve([])).catch(() => []); // they can be seen later too
    if (codes.length > 0) this.#go({ name: 'keep', codes });
    else await this.#afterEnrolment();
  }

  /** The proof that was asked for, by what has just been enrolled. */
  async #afterEnrolment(): Promise<void> {
    await this.start();
  }

  async #prove(verify: () => Promise<PromptDone>): Promise<void> {
    const linking = this.state.linking !== null;
    await this.#try(async (live) => {
      const done = await verify();
      if (!live()) return;
      if (linking) {
        const factor = this.state.enrolling!;
        this.#set({ linking: null });
        await this.#begin(factor);
        return;
      }
      this.#ended = true;
      this.#set({ screen: { name: 'done' }, problem: null, busy: false });
      this.#options.verified(done);
    });
  }

  /** Runs one call at a time, unless the screen changes meanwhile. What it is refused with is the problem of the screen. */
  async #try(run: (live: () => boolean) => Promise<void>): Promise<void> {
    if (this.#ended) return;
    const turn = this.#turn;
    const live = (): boolean => turn === this.#turn && !this.#ended;
    this.#set({ busy: true, problem: null });
    try {
      await run(live);
    } catch (error) {
      if (live()) this.#refused(error);
    } finally {
      if (live()) this.#set({ busy: false });
    }
  }

  #refused(error: unknown): void {
    const problem = problemOf(error, this.#now());
    if (problem.stop) return this.#go({ name: 'stop', why: problem.stop, until: problem.until });
    if (this.state.screen.name === 'loading') return this.#go({ name: 'stop', why: 'failed', until: problem.until });
    if (problem.reread) {
      void this.start().then(() => {
        if (!this.state.problem && this.state.screen.name !== 'stop') this.#set({ problem });
      });
      return;
    }
    const { screen } = this.state;
    const useless = problem.resend && screen.name === 'code' && screen.sent;
    this.#set({ problem, ...(useless ? { screen: { ...screen, sent: { until: 0, again: 0 } } } : {}) });
  }

  #go(screen: Screen): void {
    this.#turn += 1;
    this.#set({ screen, busy: false, problem: null, typed: false, ...(screen.name === 'wallet' ? { wallets: null } : {}) });
  }

  #set(change: Partial<FlowState>): void {
    this.state = { ...this.state, ...change };
    this.#options.changed();
  }
}

const failure = (code: string): PromptFailure => Object.assign(new Error(code), { code });
