/**
 * Asks before a form with data-confirm is sent, in the words of that attribute. What cannot be undone has a page of its own in place
 * of this, which works without scripts too.
 */
export function confirmations(): void {
  document.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement;
    const question = form.dataset['confirm'];
    if (!question || form.dataset['confirmed']) return;
    event.preventDefault();
    const submitter = (event as SubmitEvent).submitter;
    const destroys = submitter?.classList.contains('danger') ?? false;
    void ask(question, submitter?.textContent?.trim() || 'Go on', destroys).then((yes) => {
      if (!yes) return;
      form.dataset['confirmed'] = 'yes';
      form.requestSubmit(submitter as HTMLElement | null);
      delete form.dataset['confirmed'];
    });
  });
}

function ask(question: string, action: string, destroys: boolean): Promise<boolean> {
  const dialog = element('dialog');
  const title = element('h2', `${action}?`);
  title.id = 'confirm-title';
  dialog.setAttribute('aria-labelledby', title.id);
  const no = element('button', 'Cancel', 'button');
  const yes = element('button', action, destroys ? 'button danger primary' : 'button primary');
  const actions = element('div', '', 'actions');
  actions.append(no, yes);
  dialog.append(title, element('p', question), actions);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      resolve(dialog.returnValue === 'yes');
      dialog.remove();
    });
    no.addEventListener('click', () => dialog.close('no'));
    yes.addEventListener('click', () => dialog.close('yes'));
    dialog.showModal();
  });
}

function element<K extends keyof HTMLElementTagNameMap>(name: K, text = '', className = ''): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}
