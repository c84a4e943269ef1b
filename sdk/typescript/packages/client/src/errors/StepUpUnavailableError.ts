import { StepUpError } from './StepUpError.js';

/**
 * `no_prompt`: no prompt is registered, and there is no page to show the built-in one on. `prompt_not_loaded`: the built-in one could not be
 * fetched; `cause` says why. `no_method`: the user has nothing that the scope accepts. `check_failed`: the server could not be asked.
 * `disputed`, `cooling_down`: as `checkStepUpAuth` says them. `device_not_registered`: the session waits for its device, see
 * `isDeviceRegistrationRequired`.
 */
export type StepUpUnavailableReason =
  | 'no_prompt'
  | 'prompt_not_loaded'
  | 'no_method'
  | 'check_failed'
  | 'disputed'
  | 'cooling_down'
  | 'device_not_registered';

/** Nobody could be asked for a proof. `code` is `step_up_unavailable`, `reason` says why. */
export class StepUpUnavailableError extends StepUpError {
  override readonly name: string = 'StepUpUnavailableError';
  readonly reason: StepUpUnavailableReason;

  constructor(reason: StepUpUnavailableReason, cause?: unknown) {
    const why = reason === 'check_failed' && cause instanceof Error ? ` ${cause.message}` : '';
    super({ code: 'step_up_unavailable', message: sentences[reason] + why, cause });
    this.reason = reason;
  }
}

const sentences: Record<StepUpUnavailableReason, string> = {
  no_prompt: 'No prompt is registered: verify with a function of your own choice, or register one with registerStepUpPrompt.',
  prompt_not_loaded: 'The built-in prompt could not be loaded: reload the page.',
  no_method: 'The user has nothing to prove it with: offer to add a second factor or another credential.',
  check_failed: 'The server could not be asked whether a step-up is required.',
  disputed: 'A change to the account is denied, and nobody has decided about it yet.',
  cooling_down: 'A factor has just changed: the scope cannot be proven yet.',
  device_not_registered: 'The session waits for its device: the user opens the link in their mail, in this browser.',
};
