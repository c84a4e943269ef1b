// An app of ours around the published, unmodified client: what a browser would give it comes in through coreConfig.
import { randomBytes, webcrypto } from 'node:crypto';
import * as sdk from '@dynamic-labs-sdk/client';

export const appOrigin = 'http://localhost:3000';
export const newAddress = (who = 'user') => `${who}.${randomBytes(6).toString('hex')}@mail.example`;

export const claimsOf = (jwt) => {
  const [header, payload] = jwt.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  return { header: JSON.parse(header), ...JSON.parse(payload) };
};

const storage = () => {
  const items = new Map();
  return {
    getItem: async (key) => items.get(key) ?? null,
    setItem: async (key, value) => { items.set(key, value); },
    removeItem: async (key) => { items.delete(key); },
  };
};

/** P-256 keys. On the wire a public key is a compressed point and a signature is r‖s, both in hex. */
const keychain = () => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const pairs = new Map();
  const publicHex = async (name) => {
    const point = Buffer.from(await webcrypto.subtle.exportKey('raw', pairs.get(name).publicKey));
    const parity = point.at(-1) % 2 ? '03' : '02';
    return parity + point.subarray(1, 33).toString('hex');
  };
  return {
    generateKey: async (name) => {
      pairs.set(name, await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']));
      return publicHex(name);
    },
    getPublicKey: async (name) => (pairs.has(name) ? publicHex(name) : null),
    hasKey: async (name) => pairs.has(name),
    importKey: async () => { throw new Error('this keychain imports nothing'); },
    removeKey: async (name) => { pairs.delete(name); },
    sign: async (name, message) =>
      Buffer.from(await webcrypto.subtle.sign(algorithm, pairs.get(name).privateKey, Buffer.from(message))).toString('hex'),
  };
};

const silent = { debug() {}, info() {}, warn() {}, error() {}, on() {}, off() {} };

/** A started app on a server, and what a person with a mailbox does in it. */
export const openApp = async (server, mailbox, { passkey } = {}) => {
  const requests = [];
  const navigations = [];
  let extraHeaders = {};
  const client = sdk.createDynamicClient({
    environmentId: server.environment,
    autoInitialize: false,
    instrumentation: { enabled: false },
    metadata: { name: 'Conformance', universalLink: appOrigin },
    coreConfig: {
      apiBaseUrl: server.apiBase,
      storageAdapter: storage(),
      keychain: keychain(),
      logger: silent,
      ...(passkey ? { passkey } : {}),
      navigate: async (url) => { navigations.push(String(url)); },
      fetch: async (url, init = {}) => {
        // The client goes on fetching in the background, settings and nonces after a logout; when a test is over and its server
        // stops, nobody waits for that any more.
        const response = await fetch(url, { ...init, headers: { ...init.headers, ...extraHeaders } })
          .catch((error) => { if (server.stopping()) return new Promise(() => {}); throw error; });
        requests.push({ method: init.method ?? 'GET', path: String(url).replace(server.issuer, ''), headers: init.headers, response: response.clone() });
        return response;
      },
    },
  });
  await sdk.initializeClient(client);

  const app = {
    client,
    requests,
    navigations,
    bearer: () => ({ authorization: `Bearer ${client.token}` }),
    claims: () => claimsOf(client.token),
    /** The client attaches no token where its own version never did; an app can, in the fetch it hands in. */
    withToken: async (token, run) => {
      extraHeaders = { 'x-dyn-elevated-access-token': token };
      try { return await run(); } finally { extraHeaders = {}; }
    },
    /** Asks for a code and types it in. Signed out this signs in; signed in it links the address or, with scopes, steps up. */
    enterCode: async (email, requestedScopes) => {
      const otpVerification = await sdk.sendEmailOTP({ email }, client);
      const verificationToken = await mailbox.code(email);
      return sdk.verifyOTP({ otpVerification, verificationToken, requestedScopes }, client);
    },
    stepUp: async (email, ...scopes) => {
      await app.enterCode(email, scopes);
      return sdk.getElevatedAccessToken({ scope: scopes[0], consume: false }, client);
    },
    emails: () => client.user.verifiedCredentials.filter((c) => c.format === 'email').map((c) => c.email).sort(),
  };
  return app;
};

/** An app with a new user signed in. */
export const signedIn = async (server, mailbox, options) => {
  const app = await openApp(server, mailbox, options);
  const email = newAddress();
  const response = await app.enterCode(email);
  return { ...app, email, response };
};
