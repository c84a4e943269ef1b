import type { StepUpCheckResponse, StepUpCredential } from '@stepup-auth/core';
import { acknowledgeRecoveryCodes } from '../acknowledgeRecoveryCodes.js';
import { authenticateMfaRecoveryCode } from '../authenticateMfaRecoveryCode.js';
import { authenticatePasskeyMFA } from '../authenticatePasskeyMFA.js';
import { authenticateTotpMfaDevice } from '../authenticateTotpMfaDevice.js';
import { getMfaRecoveryCodes } from '../getMfaRecoveryCodes.js';
import { begin, type Begun } from './call.js';
import { askable, check } from './check.js';
import { enrolPasskey, passkeyOptions } from './enrolPasskey.js';
import { coreOf } from './client.js';
import { only, type StepUpMethods } from './only.js';
import type { StepUpPromptRequest } from './prompt.js';
import { secondFactors, withProofs } from './proofs.js';
import { preparePasskeyMFA } from '../preparePasskeyMFA.js';
import { registerTotpMfaDevice } from '../registerTotpMfaDevice.js';
import { sendEmailOTP, type OTPVerification } from '../sendEmailOTP.js';
import { sendSmsOTP } from '../sendSmsOTP.js';
import { signInWithSocialPopUp } from '../signInWithSocialPopUp.js';
import { verifyOTP } from '../verifyOTP.js';
import { verifyWalletAccount } from '../verifyWalletAccount.js';
import { usesPasskeys } from './webauthn.js';
import type {
  PromptBinding,
  PromptCredential,
  PromptDone,
  PromptEndpoints,
  PromptFactor,
  PromptPurpose,
  PromptTotp,
  PromptView,
} from '../prompt/endpoints.js';

export interface ClientEndpointsParams {
  /** What a prompt is given. */
  readonly request: StepUpPromptRequest;
  /** Whether factors may be enrolled in it, those that the environment has. */
  readonly enrol?: boolean;
}

/**
 * The endpoints of `<stepup-prompt>` over a client: for a prompt of your own around the element.
 *
 * @example
 * ```ts
 * import { registerStepUpPrompt } from '@stepup-auth/client';
 * import { clientEndpoints, defineStepUpPrompt, StepUpPromptElement } from '@stepup-auth/client/prompt';
 *
 * defineStepUpPrompt();
 * registerStepUpPrompt({
 *   prompt: async (request) => {
 *     const element = new StepUpPromptElement();
 *     element.setAttribute('mode', 'inline');
 *     element.endpoints = clientEndpoints({ request });
 *     document.querySelector('main')?.append(element);
 *     await element.ask({ signal: request.signal }).finally(() => element.remove());
 *   },
 * });
 * ```
 */
export const clientEndpoints = ({ request, enrol = true }: ClientEndpointsParams): PromptEndpoints => new ClientEndpoints(request, enrol);

const link = 'credential:link';

interface About {
  readonly requestedScopes: readonly string[];
  readonly bindingId: string | undefined;
}

class ClientEndpoints implements PromptEndpoints {
  readonly enrol: NonNullable<PromptEndpoints['enrol']>;
  /** What was said a moment ago is read once; after that the server is asked. */
  #check: StepUpCheckResponse | null;
  readonly #sent = new Map<string, OTPVerification>();
  #totp: PromptTotp | null = null;
  #creation: { readonly begun: Begun; readonly options: unknown } | null = null;

  constructor(
    private readonly request: StepUpPromptRequest,
    private readonly mayEnrol: boolean,
  ) {
    this.#check = request.check;
    const { client } = request;
    this.enrol = {
      read: async () => {
        const answer = await this.#asked(link);
        return answer.isRequired ? this.#view(answer, [link], undefined) : null;
      },
      totp: {
        begin: async () => {
          const { id, secret, uri } = await registerTotpMfaDevice(client);
          this.#totp = { id, secret, uri };
          return this.#totp;
        },
        confirm: async ({ code }) => {
          await authenticateTotpMfaDevice({ code, ...(this.#totp?.id === undefined ? {} : { deviceId: this.#totp.id }) }, client);
        },
      },
      passkey: {
        prepare: async () => {
          const begun = await begin(client, 'required');
          this.#creation = { begun, options: await passkeyOptions(begun) };
        },
        create: async () => {
          if (!this.#creation) await this.enrol.passkey.prepare();
          const { begun, options } = this.#creation!;
          this.#creation = null;
          await enrolPasskey(begun, options, {});
        },
      },
      recoveryCodes: async () => {
        if (client.user?.mfaBackupCodeAcknowledgement !== 'pending') return [];
        return (await getMfaRecoveryCodes(client)).recoveryCodes;
      },
      acknowledge: () => acknowledgeRecoveryCodes(client),
    };
  }

  readonly read = async (): Promise<PromptView> => {
    const { requestedScopes, createMfaToken, methods, binding, check: first } = this.request;
    const known = this.#check;
    this.#check = null;
    const answer = known ?? (await (createMfaToken ? this.#factors() : this.#said(requestedScopes[0]!, methods)));
    const mustDisplay = binding?.mustDisplay ?? (first.binding?.require === 'always' && first.binding.displayed);
    const shown: PromptBinding | undefined = binding && { summary: binding.summary, hash: binding.hash, mustDisplay };
    return this.#view(answer, requestedScopes, shown);
  };

  readonly sendCode = async ({ credentialId, purpose }: { credentialId: string; purpose: PromptPurpose }): Promise<object> => {
    const { client } = this.request;
    const credential = client.user?.verifiedCredentials.find(({ id }) => id === credentialId);
    const about = this.#about(purpose);
    if (credential?.phoneNumber !== undefined) {
      const { phoneNumber, phoneCountryCode, isoCountryCode } = credential;
      const number = phoneCountryCode === undefined ? phoneNumber : `+${phoneCountryCode}${phoneNumber}`;
      const country = isoCountryCode === undefined ? {} : { isoCountryCode };
      this.#sent.set(credentialId, await sendSmsOTP({ phoneNumber: number, ...country, ...about }, client));
    } else {
      this.#sent.set(credentialId, await sendEmailOTP({ email: credential?.email ?? '', ...about }, client));
    }
    return {};
  };

  readonly verifyCode = async (what: { credentialId: string; purpose: PromptPurpose; code: string }): Promise<PromptDone> => {
    const { credentialId, purpose, code } = what;
    const { client } = this.request;
    const otpVerification = this.#sent.get(credentialId);
    const { requestedScopes } = this.#about(purpose);
    if (otpVerification) await verifyOTP({ verificationToken: code, otpVerification, requestedScopes }, client);
    else await authenticateTotpMfaDevice({ code, deviceId: credentialId, ...this.#aboutMfa(purpose) }, client);
    return {};
  };

  readonly passkey: PromptEndpoints['passkey'] = {
    prepare: async ({ purpose }) => {
      const { bindingId } = this.#about(purpose);
      await preparePasskeyMFA({ bindingId }, this.request.client);
    },
    verify: async ({ purpose }) => {
      await authenticatePasskeyMFA(this.#aboutMfa(purpose), this.request.client);
      return {};
    },
  };

  readonly wallet: PromptEndpoints['wallet'] = async ({ purpose, wallet }) => {
    await verifyWalletAccount({ walletAccount: wallet, ...this.#about(purpose) }, this.request.client);
    return {};
  };

  readonly social: PromptEndpoints['social'] = async ({ credentialId, purpose }) => {
    const { client, check: first } = this.request;
    const profile = client.user?.verifiedCredentials.find(({ id }) => id === credentialId);
    const provider = first.credentials.find(({ id }) => id === credentialId)?.type ?? profile?.oauthProvider ?? '';
    await signInWithSocialPopUp({ provider, ...this.#about(purpose) }, client);
    return {};
  };

  readonly recovery: PromptEndpoints['recovery'] = async ({ code, purpose }) => {
    await authenticateMfaRecoveryCode({ code, ...this.#aboutMfa(purpose) }, this.request.client);
    return {};
  };

  readonly cancel = (): Promise<PromptDone> => Promise.resolve({}); // nobody else knows of it

  #begun(): Promise<Begun> {
    return begin(this.request.client, 'required');
  }

  /** Legacy: second factors alone. */
  async #factors(): Promise<StepUpCheckResponse> {
    const factors = await secondFactors(await this.#begun());
    return { isRequired: true, ...factors, reason: factors.credentials.length > 0 ? 'step_up_required' : 'no_method' };
  }

  /** What the server says of a scope. */
  async #said(scope: string, methods: StepUpMethods | undefined): Promise<StepUpCheckResponse> {
    return only(methods, await withProofs(await this.#begun(), await this.#asked(scope)));
  }

  async #asked(scope: string): Promise<StepUpCheckResponse> {
    const answer = await check(this.#begun(), scope);
    if (answer.reason === 'check_failed') throw answer.error;
    askable(answer);
    return answer;
  }

  /** What a proof is about. */
  #about(purpose: PromptPurpose): About {
    if (purpose === 'enrolment') return { requestedScopes: [link], bindingId: undefined };
    return { requestedScopes: this.request.requestedScopes, bindingId: this.request.binding?.bindingId };
  }

  #aboutMfa(purpose: PromptPurpose): About & { createMfaToken?: { singleUse: boolean } } {
    const { createMfaToken } = this.request;
    return { ...this.#about(purpose), ...(purpose === 'prompt' && createMfaToken ? { createMfaToken } : {}) };
  }

  #view(answer: StepUpCheckResponse, scopes: readonly string[], binding: PromptBinding | undefined): PromptView {
    const { client } = this.request;
    const { credentials, defaultCredentialId, reason, coolDownSeconds } = answer;
    const name = client.projectSettings?.general.displayName;
    const { user } = client;
    const account = user?.email ?? user?.phoneNumber ?? user?.username ?? user?.alias;
    return {
      ...(name ? { app: { name } } : {}),
      ...(account ? { account } : {}),
      scopes: scopes.map((scope, n) => ({ scope, ...(n === 0 && answer.allows !== undefined ? { words: answer.allows } : {}) })),
      ...(binding ? { binding } : {}),
      credentials: credentials.map((credential) => this.#credential(credential)),
      ...(defaultCredentialId === undefined ? {} : { defaultCredentialId }),
      recoveryCodes: credentials.some(({ format }) => this.#methods.some(({ type, allowBackupCodes }) => type === format && allowBackupCodes)),
      enrol: this.#enrollable(answer),
      passkeys: { usable: usesPasskeys(coreOf(client)) },
      ...(reason === undefined ? {} : { reason }),
      ...(coolDownSeconds === undefined ? {} : { coolDownSeconds }),
    };
  }

  #credential({ id, format, type, alias }: StepUpCredential): PromptCredential {
    const profile = this.request.client.user?.verifiedCredentials.find((credential) => credential.id === id);
    return {
      id,
      format,
      ...(type === undefined ? {} : { type }),
      ...(alias === undefined ? {} : { alias }),
      ...(format === 'email' || format === 'phoneNumber' || format === 'totp' ? { digits: 6 } : {}),
      displayed: format === 'email' || format === 'phoneNumber' || format === 'blockchain',
      ...(profile?.address === undefined ? {} : { address: profile.address }),
      ...(profile?.chain === undefined ? {} : { chain: /sol/i.test(profile.chain) ? 'SOL' : 'EVM' }),
    };
  }

  get #methods(): readonly { type: string; enabled: boolean; allowBackupCodes?: boolean }[] {
    return (this.request.client.projectSettings?.security.mfa?.methods ?? []).filter(({ enabled }) => enabled);
  }

  /** Factors of the environment, for users who have none yet, and where nothing that they have would do. */
  #enrollable({ credentials, reason }: StepUpCheckResponse): readonly PromptFactor[] {
    const { user, projectSettings } = this.request.client;
    if (!this.mayEnrol || !projectSettings || this.request.methods === 'reauthentication') return [];
    if (reason === 'disputed' || reason === 'cooling_down') return [];
    const has = (factor: PromptFactor): boolean => user?.verifiedCredentials.some(({ format }) => format === factor) ?? false;
    if (credentials.length > 0 && (has('totp') || has('passkey') || credentials.some(isFactor))) return [];
    const factors: readonly PromptFactor[] = ['passkey', 'totp'];
    return factors.filter((factor) => !has(factor) && this.#methods.some(({ type }) => type === factor));
  }
}

const isFactor = ({ format }: { readonly format: string }): boolean => format === 'totp' || format === 'passkey';
