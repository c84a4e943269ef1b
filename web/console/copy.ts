/** Shows the buttons that copy, and lets them. */
export function copies(part: ParentNode): void {
  if (!navigator.clipboard) return;
  for (const button of part.querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
    button.hidden = false;
    const label = button.getAttribute('aria-label') ?? 'Copy';
    let back = 0;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(button.dataset['copy'] ?? '');
      button.classList.add('done');
      button.setAttribute('aria-label', 'Copied');
      clearTimeout(back);
      back = setTimeout(() => {
        button.classList.remove('done');
        button.setAttribute('aria-label', label);
      }, 1500);
    });
  }
}
