// An app on a server of this tree, and what a person with a mailbox does in it.
import { randomBytes } from 'node:crypto';
import * as sdk from '@stepup-auth/client';
import { openAuthenticator } from './authenticator.mjs';

export const appOrigin = 'http://localhost:3000';
export const newAddress = (who = 'user') => `${who}.${randomBytes(6).toString('hex')}@mail.example`;
export const claimsOf = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString());

/** A client whose requests are kept, and whatever else its options say. */
export const openApp = (server, options = {}) => {
  const requests = [];
  const client = sdk.createStepUpClient({
    environmentId: server.environment,
    apiBaseUrl: server.apiBase,
    origin: appOrigin,
    ...options,
    fetch: async (url, init) => {
      const response = await (options.fetch ?? fetch)(url, init);
      requests.push({ url: String(url), path: String(url).replace(server.issuer, ''), method: init.method, headers: init.headers, status: response.status });
      return response;
    },
  });
  return { client, requests, token: (scope) => sdk.getElevatedAccessToken({ scope, consume: false }, client) };
};

/** An app with a new user signed in, and how that user steps up by mail. */
export const signedIn = async (server, mailbox, options) => {
  const app = openApp(server, options);
  const email = newAddress();
  const enterCode = async (address, requestedScopes) => {
    const otpVerification = await sdk.sendEmailOTP({ email: address, ...(requestedScopes ? { requestedScopes } : {}) }, app.client);
    return sdk.verifyOTP({ otpVerification, verificationToken: await mailbox.code(address), ...(requestedScopes ? { requestedScopes } : {}) }, app.client);
  };
  await enterCode(email);
  const stepUp = (...scopes) => enterCode(email, scopes);
  return { ...app, email, enterCode, stepUp };
};

/** The same with an authenticator app enrolled; code(n) is one of the next codes. */
export const withAuthenticator = async (server, mailbox, options) => {
  const app = await signedIn(server, mailbox, options);
  await app.stepUp('credential:link');
  const device = await sdk.registerTotpMfaDevice(app.client);
  const code = openAuthenticator(device.uri);
  await sdk.authenticateTotpMfaDevice({ code: code(0), deviceId: device.id }, app.client);
  return { ...app, code, device };
};

/** The error that a promise rejects with, which must be one of ours. */
export const rejection = async (promise) => {
  const error = await promise.then(
    (value) => {
      throw new Error(`did not reject but answered ${JSON.stringify(value)}`);
    },
    (e) => e,
  );
  if (!(error instanceof sdk.StepUpError)) throw error;
  return error;
};
