// Ask for a proof, right before what matters
import { client } from './client.js';

export const proveByApp = async (code: string): Promise<void> => {
  const requestedScopes = [{{literal .Scope}}];
  if (await client.stepUpAuth.isStepUpRequired({ scope: {{literal .Scope}} })) {
    await client.stepUpAuth.verifyTotpMfa({ code, requestedScopes });
  }
};
