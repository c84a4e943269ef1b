/** Sends a form with data-auto as soon as a choice in it changes, and hides the button that does it without scripts. */
export function filters(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-auto]')) {
    form.addEventListener('change', (event) => {
      if ((event.target as HTMLElement).matches('select, input[type=checkbox], input[type=radio], input[type=date]')) form.requestSubmit();
    });
    if (!form.querySelector('input[type=search], input[type=text]')) {
      for (const button of form.querySelectorAll<HTMLElement>('button[type=submit]')) button.hidden = true;
    }
  }
}
