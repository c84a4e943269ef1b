// The page of a hosted prompt: it trades what its address brought for a cookie, shows the prompt, and goes where the server says.
import { prompt as asked, returned } from './arrival.js';
import { StepUpPromptElement } from '../../sdk/typescript/packages/client/src/prompt/element.js';
import type { PromptDone } from '../../sdk/typescript/packages/client/src/prompt/endpoints.js';
import { languageFor, loadTexts } from '../../sdk/typescript/packages/client/src/prompt/texts/load.js';
import { element } from '../lib/dom.js';
import { call } from './call.js';
import { HostedEndpoints } from './endpoints.js';
import './page.css';
import type { Texts } from './texts.js';

const place = document.querySelector('main')!;
const language = languageFor(navigator.languages);
document.documentElement.lang = language;
/** What the page says at its end, which is loaded while the user is busy. */
const words = import('./texts.js').then(({ texts }) => texts[language]!);

/** Goes there in place of this page, so that no way back leads here. An app may take over without this page going away. */
const go = ({ location: to }: PromptDone): void => {
  const note = element('p', { class: 'note', role: 'status' });
  place.replaceChildren(note);
  const say = (what: keyof Texts): void => void words.then((all) => note.replaceChildren(all[what]), () => undefined);
  if (to === undefined || !safe(to)) return say('over');
  say('going');
  location.replace(to);
  if (!/^https?:/.test(to)) setTimeout(() => say('over'), 2000);
};

/** Addresses come from the server alone; those that would run in this page are refused all the same. */
const safe = (to: string): boolean => URL.canParse(to) && !/^(javascript|data|blob|vbscript):/.test(new URL(to).protocol);

/** Where a login that came back leads to, or why it was not accepted. */
const handedIn = async (): Promise<PromptDone & { readonly refused?: true }> => {
  if (!returned) return {};
  const back = returned;
  return import('./elsewhere.js').then(({ handIn }) => handIn(asked.id, call, back)).catch(() => ({ refused: true }) as const);
};

const show = async (): Promise<void> => {
  const { location: to, refused } = await handedIn();
  if (to !== undefined) return go({ location: to });
  const prompt = new StepUpPromptElement();
  prompt.setAttribute('mode', 'inline');
  prompt.lang = language;
  prompt.endpoints = new HostedEndpoints();
  prompt.addEventListener('stepup-verified', ({ detail }) => go(detail));
  prompt.addEventListener('stepup-cancelled', ({ detail }) => go(detail.done ?? {}));
  const { title, loginRefused } = await loadTexts(language);
  document.title = title;
  place.replaceChildren(...(refused ? [element('p', { class: 'note', role: 'alert' }, loginRefused)] : []), prompt);
  await prompt.ask().catch(() => undefined); // the events say how it ended
};

customElements.define('stepup-prompt', StepUpPromptElement);
void show();
