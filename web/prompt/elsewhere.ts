import type { PromptPurpose } from '../../sdk/typescript/packages/client/src/prompt/endpoints.js';
import type { Returned } from './arrival.js';
import type { call as Call } from './call.js';

/** What a login at a provider was begun for. */
interface Errand {
  readonly purpose: PromptPurpose;
  readonly provider: string;
}

/** Where the errand of a prompt is kept. */
const keyOf = (id: string): string => `stepup-prompt-${id}`;

/** Goes to a provider, and never answers: the page that comes back goes on from what is remembered here. */
export const leaveFor = (id: string, url: string, errand: Errand): Promise<never> => {
  if (!/^https?:\/\//.test(url)) throw new TypeError('The address of the provider is none.');
  sessionStorage.setItem(keyOf(id), JSON.stringify(errand));
  location.assign(url);
  return new Promise(() => {});
};

/** Hands in a login that came back. Answers where to go, or that the prompt goes on here; rejects where it was not accepted. */
export const handIn = async (id: string, call: typeof Call, { state, code }: Returned): Promise<{ location?: string }> => {
  const key = keyOf(id);
  const { purpose, provider } = JSON.parse(sessionStorage.getItem(key) ?? '{}') as Partial<Errand>;
  sessionStorage.removeItem(key);
  if (!purpose || code === null) throw new Error('The login was given up, or begun elsewhere.');
  const answer = await call(purpose === 'enrolment' ? '/enrol/verify' : '/verify', { social: { provider, code, state } });
  return typeof answer['location'] === 'string' ? { location: answer['location'] } : {};
};
