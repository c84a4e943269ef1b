import { type LegacyMfaOptions, promptMfaAuth, type StepUpClient } from '@stepup-auth/client';

export interface UiModule {
  readonly mfa: {
    /** Legacy: asks for a second factor, and resolves with a token of action-based MFA. Use `stepUpAuth.promptStepUpAuth`. */
    show(params?: LegacyMfaOptions): Promise<string>;
  };
}

export const uiOf = (client: StepUpClient): UiModule => ({ mfa: { show: (params) => promptMfaAuth(params, client) } });
