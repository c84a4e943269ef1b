/**
 * A form with data-fragment="NAME" takes what stands behind the # of the address into that field, and out of the address. It is sent
 * only when somebody presses the button.
 */
export function fragments(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-fragment]');
  if (!form || location.hash.length < 2) return;
  const field = form.elements.namedItem(form.dataset['fragment']!) as HTMLInputElement;
  field.value = decodeURIComponent(location.hash.slice(1));
  field.closest<HTMLElement>('.field')!.hidden = true;
  history.replaceState(null, '', location.pathname + location.search);
}
