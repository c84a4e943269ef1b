import type { JwtVerifiedCredential, StepUpCheckResponse, StepUpCredential } from '@stepup-auth/core';
import type { Begun } from './call.js';
import { mfaMethods } from './mfaMethods.js';

/**
 * The answer of a check with the proofs that there are. Where none is required the server lists none, and yet one may be wanted: the
 * caller asks for it, or a gate that stands in every version does. Then second factors are offered, else what the user signs in with.
 */
export const withProofs = async (begun: Begun, check: StepUpCheckResponse): Promise<StepUpCheckResponse> => {
  if (check.isRequired || check.credentials.length > 0) return check;
  const factors = await secondFactors(begun);
  return factors.credentials.length > 0 ? { ...check, ...factors } : { ...check, ...signInCredentials(begun) };
};

type Proofs = Pick<StepUpCheckResponse, 'credentials' | 'defaultCredentialId'>;

/** The user's second factors, as a check lists them. */
export const secondFactors = async (begun: Begun): Promise<Proofs> => {
  const { devices, passkeys } = await mfaMethods(begun);
  const credentials: StepUpCredential[] = [
    ...devices.map(({ id = '', alias = '' }) => ({ id, alias, format: 'totp' as const, type: 'totp' })),
    ...passkeys.map(({ id, alias = '' }) => ({ id, alias, format: 'passkey' as const, type: 'passkey' })),
  ];
  return withDefault(credentials, devices.find(({ _default }) => _default)?.id);
};

const signInCredentials = ({ core }: Begun): Proofs => {
  const { verifiedCredentials = [], lastVerifiedCredentialId } = core.user ?? {};
  const counting = verifiedCredentials.filter(
    ({ signInEnabled, confirmed, disputed }) => signInEnabled && confirmed !== false && !disputed,
  );
  return withDefault(counting.map(listed), lastVerifiedCredentialId);
};

const listed = (credential: JwtVerifiedCredential): StepUpCredential => {
  const { id, format, email, phoneNumber, publicIdentifier, address, oauthProvider } = credential;
  const alias = email ?? address ?? publicIdentifier ?? phoneNumber;
  return { id, format, ...(oauthProvider ? { type: oauthProvider } : {}), ...(alias === undefined ? {} : { alias }) };
};

const withDefault = (credentials: StepUpCredential[], id: string | undefined): Proofs => {
  const first = credentials.find((credential) => credential.id === id) ?? credentials[0];
  return { credentials, ...(first ? { defaultCredentialId: first.id } : {}) };
};
