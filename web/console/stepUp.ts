import { browserPasskey } from '../../sdk/typescript/packages/client/src/internal/browserPasskey.js';
import { StepUpPromptElement } from '../../sdk/typescript/packages/client/src/prompt/element.js';
import type { PromptDone, PromptEndpoints, PromptView } from '../../sdk/typescript/packages/client/src/prompt/endpoints.js';
import { call, post, Refusal, whole } from './passkeys.js';

const none = (): never => {
  throw new Refusal('mfa_invalid_request', 'The console takes an authenticator app or a passkey.');
};

/** The endpoints of `<stepup-prompt>` over the routes of the console. */
class ConsoleEndpoints implements PromptEndpoints {
  #asked: Record<string, unknown> | undefined;

  constructor(readonly scope: string) {}

  readonly read = async (): Promise<PromptView> => {
    const view = (await call(`/console/step-up/prompt?scope=${encodeURIComponent(this.scope)}`)) as unknown as PromptView;
    const credentials = view.credentials.map((one) => (one.format === 'totp' ? { ...one, digits: 6 } : one));
    return { ...view, credentials, passkeys: { usable: browserPasskey.isSupported?.() ?? false } };
  };

  readonly verifyCode = async ({ credentialId, code }: { credentialId: string; code: string }): Promise<PromptDone> =>
    this.#verify({ credentialId, code });

  readonly passkey: PromptEndpoints['passkey'] = {
    prepare: async () => {
      this.#asked = await post('/console/passkey/options');
    },
    verify: async () => {
      const asked = this.#asked ?? (await post('/console/passkey/options'));
      this.#asked = undefined;
      const optionsJSON = asked as unknown as PublicKeyCredentialRequestOptionsJSON;
      return this.#verify({ passkey: whole(await browserPasskey.authenticate({ optionsJSON })) });
    },
  };

  readonly sendCode = none;
  readonly wallet = none;
  readonly social = none;
  readonly recovery = none;
  readonly cancel = (): Promise<PromptDone> => Promise.resolve({});

  #verify(proof: object): Promise<PromptDone> {
    return post('/console/step-up/prompt', { scope: this.scope, ...proof }) as Promise<PromptDone>;
  }
}

/** Asks in the component in place of the form's fields, and sends the form on once it is proven. */
export function stepUp(form: HTMLFormElement): void {
  customElements.define('stepup-prompt', StepUpPromptElement);
  const prompt = new StepUpPromptElement();
  prompt.setAttribute('mode', 'inline');
  prompt.endpoints = new ConsoleEndpoints(form.dataset['stepUp']!);
  prompt.addEventListener('stepup-verified', () => form.submit());
  prompt.addEventListener('stepup-cancelled', ({ detail }) => {
    prompt.remove();
    form.closest('.gate')?.classList.remove('asking');
    form.hidden = detail.reason === 'cancelled';
    if (form.hidden) location.assign(document.querySelector<HTMLAnchorElement>('a[data-return]')?.href ?? '/console/');
  });
  form.hidden = true;
  form.closest('.gate')?.classList.add('asking');
  form.before(prompt);
  void prompt.ask().catch(() => undefined); // the events say how it ended
}
