import type { RevealFailure } from '../../sdk/typescript/packages/client/src/internal/revealMessages.js';
import { element } from '../lib/dom.js';
import type { OpenedKey } from './open.js';
import type { Texts } from './texts.js';

/** After so long, and whenever the user looks elsewhere, a key that is shown is hidden. */
const shownFor = 60_000;

/** Draws the page into its place: one thing at a time, and nothing of the key but while the user wants to see it. */
export class View {
  #forget: () => void = () => {};

  constructor(private readonly place: HTMLElement, private readonly texts: Texts, private readonly closed: () => void) {}

  working(): void {
    this.#draw(element('p', { role: 'status' }, this.texts.working));
  }

  alone(): void {
    this.#draw(element('p', {}, this.texts.alone));
  }

  failed(reason: RevealFailure): void {
    this.#draw(element('p', { role: 'alert', class: 'failed' }, this.texts[reason]), element('div', { class: 'buttons' }, this.#done()));
  }

  /** Shows whose key it is, and the key behind a tap. */
  opened({ key, address }: OpenedKey): void {
    const { texts } = this;
    const secret = element('output', { class: 'key', hidden: true, translate: 'no', spellcheck: 'false' });
    const cover = element('p', { class: 'cover' }, texts.covered);
    const said = element('p', { role: 'status', class: 'said' });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const turn = (shown: boolean): void => {
      clearTimeout(timer);
      secret.textContent = shown ? key : '';
      secret.hidden = !shown;
      cover.hidden = shown;
      toggle.textContent = shown ? texts.hide : texts.show;
      toggle.setAttribute('aria-pressed', String(shown));
      if (shown) timer = setTimeout(hide, shownFor);
    };
    const hide = (): void => turn(false);
    const toggle = element('button', { type: 'button', click: () => turn(secret.hidden) });
    const copy = async (): Promise<void> => {
      said.textContent = await navigator.clipboard.writeText(key).then(() => texts.copied, () => texts.notCopied);
    };
    this.#draw(
      element('p', { class: 'warning' }, texts.warning),
      element('p', { class: 'address' }, element('span', {}, texts.address), element('code', { translate: 'no' }, address)),
      element('div', { class: 'box' }, cover, secret),
      said,
      element('div', { class: 'buttons' }, toggle, element('button', { type: 'button', click: () => void copy() }, texts.copy), this.#done()),
    );
    turn(false);
    toggle.focus();
    const hidden = (): void => {
      if (document.hidden) hide();
    };
    addEventListener('blur', hide);
    document.addEventListener('visibilitychange', hidden);
    this.#forget = () => {
      hide();
      key = '';
      removeEventListener('blur', hide);
      document.removeEventListener('visibilitychange', hidden);
    };
  }

  /** Takes everything away. */
  clear(): void {
    this.#forget();
    this.#forget = () => {};
    this.place.replaceChildren();
  }

  #done(): HTMLButtonElement {
    return element('button', { type: 'button', class: 'done', click: this.closed }, this.texts.close);
  }

  #draw(...nodes: readonly Node[]): void {
    this.clear();
    this.place.append(element('h1', {}, this.texts.title), ...nodes);
  }
}
