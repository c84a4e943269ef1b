import { h, render } from 'preact';
import { closedError, PromptClosedError } from './closed.js';
import type { PromptDone, PromptEndpoints } from './endpoints.js';
import { Flow, type Screen } from './flow.js';
import { isEnrolment, keyOf } from './model.js';
import { css } from './styles.js';
import { en } from './texts/en.js';
import { languageFor, loadTexts } from './texts/load.js';
import type { PromptTextOverrides, PromptTexts } from './texts/texts.js';
import type { Ui } from './views/context.js';
import { Prompt } from './views/Prompt.js';

export interface AskOptions {
  /** Closes it: the session has ended, or the page does not want it any more. */
  signal?: AbortSignal;
}

interface Asking {
  readonly flow: Flow;
  readonly resolve: (done: PromptDone) => void;
  readonly reject: (error: Error) => void;
}

/** On a server there is no such class; the element is made in browsers only. */
const Base = (globalThis as { HTMLElement?: typeof HTMLElement }).HTMLElement ?? (class {} as typeof HTMLElement);

const sheets = new Map<string, CSSStyleSheet>();

/** One style sheet for all elements, made by script: no policy forbids it. */
const sheetOf = (text: string): CSSStyleSheet => {
  const made = sheets.get(text) ?? new CSSStyleSheet();
  if (!sheets.has(text)) made.replaceSync(text);
  sheets.set(text, made);
  return made;
};

/** `<stepup-prompt>`; endpoints.ts says what it takes and does. */
export class StepUpPromptElement extends Base {
  static readonly observedAttributes = ['lang', 'mode', 'theme'];

  /** Where its answers come from. */
  endpoints: PromptEndpoints | undefined;

  #own: PromptTextOverrides = {};
  #texts: PromptTexts = en;
  #language = 'en';
  #asking: Asking | null = null;
  #frame: HTMLElement | null = null;
  #enrolment: Ui['enrolment'] = null;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #shown: Screen | null = null;
  #problem: unknown = null;
  /** Where a press began: it closes only if it began and ended beside the sheet. */
  #pressed: EventTarget | null = null;

  constructor() {
    super();
    this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [sheetOf(css)];
  }

  get texts(): PromptTextOverrides {
    return this.#own;
  }

  set texts(texts: PromptTextOverrides | undefined) {
    this.#own = texts ?? {};
    this.#draw();
  }

  /** Asks the user, once at a time. */
  ask({ signal }: AskOptions = {}): Promise<PromptDone> {
    const { endpoints } = this;
    if (!endpoints) throw new TypeError('Give the element its endpoints first.');
    if (this.#asking) throw new TypeError('The element is asking already.');
    return new Promise((resolve, reject) => {
      const ended = new PromptClosedError('The session ended while the prompt was open.');
      const aborted = (): void => this.#end(() => reject(ended), 'ended');
      const end = (settle: () => void): void => {
        signal?.removeEventListener('abort', aborted);
        settle();
      };
      const flow = new Flow({
        endpoints,
        verified: (done) => end(() => this.#end(() => resolve(done), null, done)),
        closed: (why, done) => end(() => this.#end(() => reject(closedError(why)), why, done)),
        changed: () => this.#changed(),
        findWallets: async (chain) => (await import('./wallets.js')).findWallets(chain),
      });
      this.#asking = { flow, resolve, reject };
      if (signal?.aborted) return aborted();
      signal?.addEventListener('abort', aborted, { once: true });
      this.#open();
      void this.#speak();
      void flow.start();
    });
  }

  /** As the user's own closing. */
  close(): void {
    this.#asking?.flow.close();
  }

  attributeChangedCallback(name: string): void {
    if (name === 'lang') void this.#speak();
    else if (this.#frame) this.#draw();
  }

  disconnectedCallback(): void {
    this.#asking?.flow.close();
  }

  /** Whether something is shown that a stray press must not take away: recovery codes, until their owner says that they are kept. */
  get #keeping(): boolean {
    return this.#asking?.flow.state.screen.name === 'keep';
  }

  /** Closed without a button: by Escape, or beside it. */
  #dismiss(): void {
    if (!this.#keeping) this.close();
  }

  get #inline(): boolean {
    return this.getAttribute('mode') === 'inline';
  }

  /** Fetches the words of the language. */
  async #speak(): Promise<void> {
    const wishes = [this.getAttribute('lang') || document.documentElement.lang, ...navigator.languages].filter(Boolean);
    const language = languageFor(wishes);
    this.#texts = await loadTexts(language);
    this.#language = this.#texts === en ? 'en' : language;
    this.#draw();
  }

  #open(): void {
    const root = this.shadowRoot!;
    const frame = document.createElement(this.#inline ? 'section' : 'dialog');
    frame.setAttribute('aria-labelledby', 'title');
    this.#frame = frame;
    if (this.#inline) frame.className = 'sheet';
    root.replaceChildren(frame);
    this.#draw();
    if (frame instanceof HTMLDialogElement) {
      frame.addEventListener('cancel', (event) => {
        event.preventDefault();
        this.#dismiss();
      });
      frame.addEventListener('keydown', (event) => {
        if (event.key === 'Escape' && this.#keeping) event.preventDefault(); // a second one would close it without asking
      });
      frame.addEventListener('close', () => {
        if (this.#keeping) frame.showModal(); // a gesture that cannot be prevented
        else this.close();
      });
      frame.addEventListener('pointerdown', (event) => {
        this.#pressed = beside(frame, event) ? frame : null;
      });
      frame.addEventListener('click', (event) => {
        if (this.#pressed === frame && beside(frame, event)) this.#dismiss();
      });
      frame.showModal();
    }
    this.#ticking = setInterval(() => this.#draw(), 1000);
    this.#focus();
  }

  #end(settle: () => void, why: string | null, done?: PromptDone): void {
    const asking = this.#asking;
    if (!asking) return;
    this.#asking = null;
    asking.flow.end();
    clearInterval(this.#ticking);
    const frame = this.#frame;
    if (frame instanceof HTMLDialogElement) {
      frame.close(); // which gives the focus back to where it was
      render(null, frame);
      frame.remove();
      this.#frame = null;
    } else if (frame) {
      this.#paint(asking.flow, frame);
    }
    this.#shown = null;
    settle();
    const [name, detail] = why === null ? ['stepup-verified', done ?? {}] : ['stepup-cancelled', { reason: why, done }];
    this.dispatchEvent(new CustomEvent(name as string, { detail, bubbles: true, composed: true }));
  }

  #changed(): void {
    const { screen } = this.#asking!.flow.state;
    if (isEnrolment(screen) && !this.#enrolment) {
      void import('./views/Enrolment.js').then((chunk) => {
        this.#enrolment = chunk;
        this.shadowRoot!.adoptedStyleSheets = [sheetOf(css), sheetOf(chunk.css)];
        this.#draw();
        this.#focus();
      });
    }
    this.#draw();
    this.#focus();
  }

  #draw(): void {
    if (this.#asking && this.#frame) this.#paint(this.#asking.flow, this.#frame);
  }

  #paint(flow: Flow, frame: HTMLElement): void {
    const scopes = { ...this.#texts.scopes, ...this.#own.scopes };
    const texts: PromptTexts = { ...this.#texts, ...this.#own, scopes };
    frame.lang = this.#language;
    const dir = this.getAttribute('dir');
    if (dir) frame.dir = dir;
    const ui: Ui = { flow, texts, now: Date.now(), enrolment: this.#enrolment };
    render(h(Prompt, { ui }), frame);
  }

  /** A new screen gets the focus where it begins; a refusal gives it back to the field, with what was typed selected. */
  #focus(): void {
    const asking = this.#asking;
    const frame = this.#frame;
    if (!asking || !frame) return;
    const { screen, problem, busy } = asking.flow.state;
    const before = this.#shown;
    const fresh = before === null || placeOf(before) !== placeOf(screen);
    const refused = problem !== null && problem !== this.#problem && !busy;
    if (!busy) this.#problem = problem;
    if (!fresh && !refused) return;
    const target = frame.querySelector<HTMLElement>('[data-focus]') ?? frame.querySelector<HTMLElement>('#title');
    if (!target) return;
    this.#shown = screen;
    if (screen.name === 'loading') return void frame.querySelector<HTMLElement>('#title')?.focus();
    target.focus();
    if (refused && target instanceof HTMLInputElement) target.select();
  }
}

/** Whether a press is on the backdrop, which belongs to the dialog as its edges do. */
const beside = (frame: HTMLElement, { clientX, clientY, target, detail }: MouseEvent): boolean => {
  const { left, right, top, bottom } = frame.getBoundingClientRect();
  if (target !== frame || (detail === 0 && clientX === 0 && clientY === 0)) return false;
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
};

/** A code that is sent brings a field, which is another place for the focus. */
const placeOf = (screen: Screen): string => `${keyOf(screen)}:${screen.name === 'code' && screen.sent !== null}`;
