// Ask for a proof, right before what matters
import { client } from './client.js';

export const proveByApp = async (code: string): Promise<void> => {
  const requestedScopes = ['{{.Scope}}'];
  if (await client.stepUpAuth.isStepUpRequired({ scope: '{{.Scope}}' })) {
    await client.stepUpAuth.verifyTotpMfa({ code, requestedScopes });
  }
};
