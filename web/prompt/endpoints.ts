import { browserPasskey } from '../../sdk/typescript/packages/client/src/internal/browserPasskey.js';
import type {
  PromptCredential,
  PromptDone,
  PromptEndpoints,
  PromptPurpose,
  PromptSent,
  PromptTotp,
  PromptView,
} from '../../sdk/typescript/packages/client/src/prompt/endpoints.js';
import { prompt, secret } from './arrival.js';
import { call, Refusal } from './call.js';

/** What the hosted routes say besides what the component draws. */
interface HostedView extends PromptView {
  /** What proves that a factor may be enrolled. */
  readonly enrolment?: Pick<PromptView, 'credentials' | 'defaultCredentialId' | 'recoveryCodes' | 'reason' | 'coolDownSeconds'> & {
    readonly proven: boolean;
  };
}

interface Proof {
  readonly credentialId: string;
  readonly purpose: PromptPurpose;
}

const way = (purpose: PromptPurpose): string => (purpose === 'enrolment' ? '/enrol' : '');

/** The endpoints of `<stepup-prompt>` over the routes of a hosted prompt. */
export class HostedEndpoints implements PromptEndpoints {
  /** Traded once; after that the cookie lets the page in. */
  #secret = secret;
  #view: HostedView | undefined;
  #sent = new Map<string, string>();
  #asked: Record<string, unknown> | undefined;
  #creation: unknown;
  #totp: PromptTotp | undefined;

  readonly read = async (): Promise<PromptView> => {
    const view = (this.#secret ? await call('/open', { secret: this.#secret }) : await call('')) as unknown as HostedView;
    this.#secret = '';
    this.#view = { ...view, credentials: view.credentials.map(withDigits) };
    return browserPasskey.isSupported?.() ? this.#view : { ...this.#view, passkeys: { usable: false } };
  };

  readonly sendCode = async ({ credentialId, purpose }: Proof): Promise<PromptSent> => {
    const before = this.#sent.get(credentialId + purpose);
    const sent = await call(`${way(purpose)}/codes`, { credentialId, ...(before ? { verificationId: before } : {}) });
    this.#sent.set(credentialId + purpose, String(sent['verificationId']));
    return sent as PromptSent;
  };

  readonly verifyCode = ({ credentialId, purpose, code }: Proof & { code: string }): Promise<PromptDone> => {
    const verificationId = this.#sent.get(credentialId + purpose);
    return this.#verify(purpose, { credentialId, code, ...(verificationId ? { verificationId } : {}) });
  };

  readonly passkey: PromptEndpoints['passkey'] = {
    prepare: async (what) => {
      this.#asked = await this.#challenge(what);
    },
    verify: async (what) => {
      const asked = this.#asked ?? (await this.#challenge(what));
      this.#asked = undefined;
      const optionsJSON = asked['passkey'] as PublicKeyCredentialRequestOptionsJSON;
      const { id, rawId, type, authenticatorAttachment, response } = await browserPasskey.authenticate({ optionsJSON });
      return this.#verify(what.purpose, { passkey: whole({ id, rawId, type, authenticatorAttachment, response: whole(response) }) });
    },
  };

  readonly wallet: PromptEndpoints['wallet'] = async ({ credentialId, purpose, wallet }) => {
    const asked = (await this.#challenge({ credentialId, purpose }))['wallet'] as { message: string };
    const signature = await wallet.signMessage({ message: asked.message });
    return this.#verify(purpose, { wallet: { credentialId, message: asked.message, signature } });
  };

  /** By going there: the page is another one when it comes back. */
  readonly social = async (what: Proof): Promise<PromptDone> => {
    const asked = (await this.#challenge(what))['social'] as { provider: string; url: string };
    const { leaveFor } = await import('./elsewhere.js');
    return leaveFor(prompt.id, asked.url, { purpose: what.purpose, provider: asked.provider });
  };

  readonly recovery: PromptEndpoints['recovery'] = ({ code, purpose }) => this.#verify(purpose, { recoveryCode: code });

  readonly enrol: NonNullable<PromptEndpoints['enrol']> = {
    read: async () => {
      await this.read();
      const { enrolment, passkeys } = this.#view!;
      if (!enrolment || enrolment.proven) return null;
      return { ...enrolment, credentials: enrolment.credentials.map(withDigits), scopes: [{ scope: 'credential:link' }], ...(passkeys ? { passkeys } : {}) };
    },
    totp: {
      begin: async () => {
        this.#totp = (await call('/enrol/totp', {})) as unknown as PromptTotp;
        return this.#totp;
      },
      confirm: async ({ code }) => void (await call('/enrol/totp/confirm', { id: this.#totp?.id, code })),
    },
    passkey: {
      prepare: async () => {
        this.#creation = await call('/enrol/passkey', {});
      },
      create: async () => {
        if (!this.#creation) await this.enrol.passkey.prepare();
        const optionsJSON = this.#creation as PublicKeyCredentialCreationOptionsJSON;
        this.#creation = undefined;
        const { id, rawId, type, authenticatorAttachment, response } = await browserPasskey.register({ optionsJSON });
        await call('/enrol/passkey/confirm', whole({ id, rawId, type, authenticatorAttachment, response }));
      },
    },
  };

  readonly cancel = async (): Promise<PromptDone> => (await call('/cancel', {})) as PromptDone;

  #challenge({ credentialId, purpose }: Proof): Promise<Record<string, unknown>> {
    return call(`${way(purpose)}/challenge`, { credentialId });
  }

  async #verify(purpose: PromptPurpose, body: object): Promise<PromptDone> {
    const answer = await call(`${way(purpose)}/verify`, body);
    if (purpose === 'enrolment') return {};
    if (typeof answer['location'] !== 'string') throw new Refusal('unknown_error', 'The server did not say where to go.');
    return { location: answer['location'] };
  }
}

/** All codes of the server's own have six. */
const withDigits = (credential: PromptCredential): PromptCredential =>
  ['email', 'phoneNumber', 'totp'].includes(credential.format) ? { ...credential, digits: 6 } : credential;

/** Without the members that are not there. */
const whole = (object: object): object => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null && value !== undefined));
