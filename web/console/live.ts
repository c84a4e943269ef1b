/**
 * Keeps parts of a page as they are now: an element with an id and data-live="SECONDS" is fetched again that often, from data-from or
 * the page itself, and replaced by the element of that id. One that comes without data-live has ended.
 *
 * This is the one place where text becomes markup: the answer of this server to a request of this page, which may run no script by the
 * page's policy either.
 */
interface Markup {
  createHTML(text: string): string;
}
interface TrustedTypes {
  createPolicy(name: string, rules: { createHTML(text: string): string }): Markup;
}

const trusted = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
const markup: Markup = trusted?.createPolicy('console', { createHTML: (text) => text }) ?? { createHTML: (text) => text };

export function live(enhance: (part: ParentNode) => void): void {
  for (const element of document.querySelectorAll<HTMLElement>('[data-live][id]')) later(element, enhance);
}

function later(element: HTMLElement, enhance: (part: ParentNode) => void): void {
  const seconds = Number(element.dataset['live']);
  if (!(seconds >= 1)) return;
  setTimeout(async () => {
    let next: HTMLElement | null = element;
    if (document.visibilityState === 'visible' && !element.contains(document.activeElement)) {
      next = (await fetched(element)) ?? element;
      if (next !== element) {
        enhance(next);
        element.replaceWith(next);
      }
    }
    later(next, enhance);
  }, seconds * 1000);
}

/** The element as the server has it now; undefined: it could not be found out, and what is shown stays. */
async function fetched(element: HTMLElement): Promise<HTMLElement | undefined> {
  try {
    const answer = await fetch(element.dataset['from'] ?? location.href, {
      credentials: 'same-origin', redirect: 'error', headers: { 'Stepup-Console-Live': '1' }, // asked by nobody: no use of the session
    });
    if (!answer.ok || !answer.headers.get('content-type')?.startsWith('text/html')) return undefined;
    const page = new DOMParser().parseFromString(markup.createHTML(await answer.text()), 'text/html');
    const found = page.getElementById(element.id);
    return found ? document.adoptNode(found) : undefined;
  } catch {
    return undefined;
  }
}
