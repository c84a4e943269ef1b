import type { PromptCredential, PromptView } from './endpoints.js';

const known: ReadonlySet<string> = new Set(['email', 'phoneNumber', 'blockchain', 'oauth', 'totp', 'passkey']);

/** What may be offered of a view: known methods, that show what is confirmed where that must be, the default one first. */
export const offersOf = (view: PromptView): readonly PromptCredential[] => {
  const offers = view.credentials.filter(
    ({ format, displayed }) =>
      known.has(format) && (displayed === true || !view.binding?.mustDisplay) && (format !== 'passkey' || view.passkeys?.usable !== false),
  );
  return [...offers].sort((a, b) => Number(b.id === view.defaultCredentialId) - Number(a.id === view.defaultCredentialId));
};

/** Whether it is a second factor. */
export const isMfa = ({ format }: PromptCredential): boolean => format === 'totp' || format === 'passkey';

/** Why nothing would do, whatever is proven. */
export const closedBy = ({ reason, credentials }: PromptView): 'disputed' | 'cooling_down' | undefined => {
  if (reason === 'cooling_down') return 'cooling_down';
  return reason === 'disputed' && credentials.length === 0 ? 'disputed' : undefined;
};
