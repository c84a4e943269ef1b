const focusable = 'a[href], button:enabled, input:enabled:not([type=hidden]), select:enabled, textarea:enabled, summary, [tabindex]';

/** Lets keys scroll what is wider than its place and has nothing in it to go to. */
export function scrollers(part: ParentNode): void {
  for (const box of part.querySelectorAll<HTMLElement>('.table, .scroll')) {
    if (box.scrollWidth <= box.clientWidth || box.querySelector(focusable)) continue;
    box.tabIndex = 0;
  }
}
