// What the page's address brought along. It is read and taken out of the address bar before anything else of the page runs: this module is
// imported first.

/** A login at a provider that has come back. */
export interface Returned {
  readonly state: string;
  readonly code: string | null;
}

const parameters = new URLSearchParams(location.search);
const state = parameters.get('dynamicOauthState');

/** What opens the prompt, once; empty on a reload, where the cookie does. */
export const secret = location.hash.slice(1);

export const returned: Returned | undefined = state === null ? undefined : { state, code: parameters.get('dynamicOauthCode') };

history.replaceState(null, '', location.pathname);

const [, , environmentId = '', promptId = ''] = location.pathname.slice(location.pathname.lastIndexOf('/prompt/')).split('/');

export const prompt = {
  id: promptId,
  /** The routes of this prompt. */
  base: `../../api/v0/sdk/${environmentId}/stepUp/prompts/${promptId}`,
};
