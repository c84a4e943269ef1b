import { MFAAction, type MfaBackupCodeAcknowledgement, UpdateSelfResponseFromJSON } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';
import { pend } from './internal/pend.js';
import { send } from './internal/send.js';
import { verified } from './internal/verified.js';
import type { OTPVerification } from './sendEmailOTP.js';

export interface UserFields {
  email?: string;
  /** With `+`. */
  phoneNumber?: string;
  alias?: string;
  firstName?: string;
  lastName?: string;
  username?: string;
  jobTitle?: string;
  team?: string;
  tShirtSize?: string;
  country?: string;
  policiesConsent?: boolean;
  metadata?: object;
  mfaBackupCodeAcknowledgement?: MfaBackupCodeAcknowledgement;
  emailNotification?: boolean;
  discordNotification?: boolean;
  newsletterNotification?: boolean;
}

/**
 * Changes the profile, which needs a token for `user:update` where that action is on. A new address or number needs one for
 * `credential:update` and takes effect when the code that is sent to it comes back by `verifyOTP`; then the answer says where it went.
 *
 * @throws StepUpRequiredError without a token, APIError `username_already_exists`, `email_already_exists`, `metadata_size_exceeded`.
 * @example
 * ```ts
 * import { updateUser } from '@stepup-auth/client';
 *
 * await updateUser({ userFields: { firstName: 'Ada' } });
 * ```
 */
export const updateUser = async ({ userFields }: { userFields: UserFields }, client?: StepUpClient): Promise<OTPVerification | undefined> => {
  const { core, within } = await begin(client, 'required');
  const moves = userFields.email !== undefined || userFields.phoneNumber !== undefined;
  const gate = { scopes: moves ? ['credential:update'] : ['user:update'], legacy: MFAAction.UserUpdate };
  const json = await send(core, { method: 'PUT', path: '/users', session: within, body: userFields, gate });
  const { emailVerification, smsVerification } = read(UpdateSelfResponseFromJSON, json);
  await verified(core, json, { within });
  const verification = emailVerification ?? smsVerification;
  return verification && pend(core, within, verification, [], true);
};
