import { browserPasskey } from '../../sdk/typescript/packages/client/src/internal/browserPasskey.js';

/**
 * Forms with data-passkey="get" or "create": their button asks the browser for a passkey, with the options of data-options, and puts
 * its answer into the field passkey. Hidden where browsers have none.
 */
export function passkeys(): void {
  if (!browserPasskey.isSupported?.()) return;
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-passkey]')) {
    form.hidden = false;
    if (form.dataset['stepUp']) continue; // its component asks
    form.addEventListener('submit', (event) => {
      const field = form.elements.namedItem('passkey') as HTMLInputElement;
      if (field.value) return;
      event.preventDefault();
      void answer(form).then(
        (text) => {
          field.value = text;
          form.requestSubmit();
        },
        (error: unknown) => complain(form, error),
      );
    });
  }
}

async function answer(form: HTMLFormElement): Promise<string> {
  const options: unknown = await post(form.dataset['options']!);
  const given =
    form.dataset['passkey'] === 'create'
      ? await browserPasskey.register({ optionsJSON: options as PublicKeyCredentialCreationOptionsJSON })
      : await browserPasskey.authenticate({ optionsJSON: options as PublicKeyCredentialRequestOptionsJSON });
  return JSON.stringify(whole(given));
}

/** What a call was refused with, as the component of the step-up reads it too. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}

/** Calls a route of the console. */
export async function post(path: string, body: object = {}): Promise<Record<string, unknown>> {
  return call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

export async function call(path: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
  let response: Response;
  let json: Record<string, unknown> | undefined;
  try {
    response = await fetch(path, { ...init, cache: 'no-store', redirect: 'error' });
  } catch {
    throw new Refusal('network_error', 'The server could not be reached.');
  }
  try {
    json = (await response.json()) as Record<string, unknown>;
  } catch {
    json = undefined;
  }
  if (response.ok && json) return json;
  throw new Refusal(
    typeof json?.['code'] === 'string' ? json['code'] : 'unknown_error',
    typeof json?.['error'] === 'string' ? json['error'] : `The server answered ${response.status}.`,
  );
}

/** Without the members that are not there. */
export const whole = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, member: unknown) => (member === null ? undefined : member)));

function complain(form: HTMLFormElement, error: unknown): void {
  let note = form.querySelector<HTMLElement>('.field-error');
  if (!note) {
    note = document.createElement('p');
    note.className = 'field-error';
    note.setAttribute('role', 'alert');
    form.append(note);
  }
  note.textContent = error instanceof Refusal ? error.message : 'No passkey was used. Try again, or take another way.';
}
