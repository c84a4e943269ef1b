// Runs conformance/cases/clients on @stepup-auth/client: see README.md there.
import { memory } from './fake.mjs';
import { clock, comparison, openNetwork, openSet, plain, settled } from './frame.mjs';

const set = openSet('clients');
const { expand, tokens } = set;
const environmentId = '7c2a1c0e-5f5b-4c9c-9d5e-2f1f6a3f0b11';
const issuer = `https://auth.example/api/v0/sdk/${environmentId}`;
/** Every case there is: `file.json: name`, and the case with what its file gives. */
export const clientCases = set.cases;

const answerOf = (answer) => {
  const { status, headers, text, body } = set.answer(answer);
  return new Response(body === undefined ? (text ?? null) : JSON.stringify(expand(body)), { status, headers });
};

const made = { id: 'AQID', rawId: 'AQID', type: 'public-key', response: { clientDataJSON: 'e30', authenticatorData: 'AA', attestationObject: 'AA', signature: 'AA' } };

/** Runs one case; returns what is not as expected. `sdk` is the package. */
export const runCase = async (sdk, one) => {
  const { given } = one;
  const faults = [];
  const equal = comparison();
  const storage = memory();
  let now = (one.clock ?? clock) * 1000;

  const settings = structuredClone(set.answers[given.version === '2026_01_01' ? 'settings-2026-01-01' : 'settings'].body);
  if (given.actions) settings.security.mfa.actions = given.actions.map((action) => ({ action, required: true }));
  const network = openNetwork(issuer, answerOf);
  const fetch = async (url, options) => {
    const isSettings = url === `${issuer}/settings`; // a client reads them when it will: they are nobody's step
    return isSettings ? new Response(JSON.stringify(settings), { headers: { 'content-type': 'application/json' } }) : network.fetch(url, options);
  };

  let client;
  const prompted = [];
  const open = () => {
    client = sdk.createStepUpClient({
      environmentId, apiBaseUrl: 'https://auth.example', origin: 'https://app.example', storage, redirectStorage: memory(), fetch, now: () => now,
      openPopup: () => ({ navigate: () => {}, isClosed: () => false, close: () => {} }),
      passkey: {
        register: async () => made,
        authenticate: async () => {
          if (given.passkey === 'closed') throw new DOMException('closed', 'NotAllowedError');
          return made;
        },
      },
    });
    if (given.prompt) sdk.registerStepUpPrompt({
      prompt: async ({ requestedScopes, binding }) => {
        prompted.push([...requestedScopes]);
        if (given.prompt === 'closes') throw new sdk.StepUpCancelledError();
        if (given.prompt === 'proves') await sdk.authenticateTotpMfaDevice({ code: '000000', requestedScopes, bindingId: binding?.bindingId }, client);
      },
    }, client);
    return sdk.initializeClient(client);
  };

  const walletAccount = ({ address, chain }) => ({ address, chain, signMessage: async () => '0xsigned' });
  const otp = ({ verification, code, requestedScopes }) => {
    const { id, ...where } = verification ?? {};
    return { verificationToken: code, ...(verification ? { otpVerification: { verificationUUID: id, ...where } } : {}), ...(requestedScopes ? { requestedScopes } : {}) };
  };
  /** The calls of which no more is seen than that they were done. */
  const acts = {
    signIn: ({ jwt }) => sdk.signInWithExternalJwt({ externalJwt: jwt }, client),
    refresh: () => sdk.refreshAuth(client),
    reload: () => open(),
    exportWallet: (a) => sdk.exportWallet(a, client),
    signWithWallet: (a) => sdk.signWithWallet(a, client),
    refreshWallet: (a) => sdk.refreshWallet(a, client),
    reshareWallet: (a) => sdk.reshareWallet(a, client),
    restoreWallet: (a) => sdk.restoreWallet(a, client),
    deleteWallet: (a) => sdk.deleteWallet(a, client),
    disableWallet: (a) => sdk.disableWallet(a, client),
    createWallet: (a) => sdk.createWallet(a, client),
    wallets: () => sdk.getWallets(client),
    verifyTotp: (a) => sdk.authenticateTotpMfaDevice(a, client),
    verifyRecoveryCode: (a) => sdk.authenticateMfaRecoveryCode(a, client),
    verifyPasskey: (a) => sdk.authenticatePasskeyMFA(a, client),
    sendEmailOtp: (a) => sdk.sendEmailOTP(a, client),
    sendSmsOtp: (a) => sdk.sendSmsOTP(a, client),
    verifyOtp: (a) => sdk.verifyOTP(otp(a), client),
    verifyWallet: ({ requestedScopes, ...a }) => sdk.verifyWalletAccount({ walletAccount: walletAccount(a), ...(requestedScopes ? { requestedScopes } : {}) }, client),
    transferWallet: (a) => sdk.transferWalletAccount({ walletAccount: walletAccount(a) }, client),
    verifySocial: (a) => sdk.signInWithSocialPopUp(a, client),
    verifyExternal: ({ jwt }) => sdk.requestExternalAuthElevatedToken({ externalJwt: jwt }, client),
    unlinkCredential: ({ credentialId }) => sdk.unlinkCredential({ verifiedCredentialId: credentialId }, client),
    unlinkWallet: ({ credentialId }) => sdk.removeWalletAccount({ walletAccount: { id: credentialId } }, client),
    unlinkSocial: ({ credentialId }) => sdk.unlinkSocialAccount({ verifiedCredentialId: credentialId }, client),
    registerTotp: () => sdk.registerTotpMfaDevice(client),
    registerPasskey: () => sdk.registerPasskey({}, client),
    deleteDevice: (a) => sdk.deleteMfaDevice(a, client),
    deletePasskey: (a) => sdk.deletePasskey(a, client),
    disputeDevice: (a) => sdk.disputeMfaDevice(a, client),
    confirmCredential: (a) => sdk.confirmCredential(a, client),
    updateUser: ({ fields }) => sdk.updateUser({ userFields: fields }, client),
    deleteUser: () => sdk.deleteUser(client),
    recoveryCodes: () => sdk.getMfaRecoveryCodes(client),
    newRecoveryCodes: () => sdk.createNewMfaRecoveryCodes(client),
  };
  const ensure = async ({ scope, binding, answers: list, action }) => {
    const got = [];
    const run = ({ token }) => {
      if (action) return acts[action.call](action.with);
      got.push(token() ?? null);
      return answerOf(list[Math.min(got.length, list.length) - 1]);
    };
    const { outcome, error, result } = await sdk.ensure(binding ? { scope, binding } : scope, run, client);
    const status = result?.status > 200 ? { status: result.status } : {};
    return { outcome, prompted, ...(list ? { tokens: got } : {}), ...(error?.reason ? { reason: error.reason } : {}), ...status };
  };
  const calls = {
    ...Object.fromEntries(Object.entries(acts).map(([name, act]) => [name, async (a) => { await act(a); return { done: true }; }])),
    check: async ({ scope }) => {
      const { isRequired, reason, credentials, defaultCredentialId } = await sdk.checkStepUpAuth({ scope }, client);
      return { required: isRequired, reason, ...(credentials.length ? { credentials: credentials.map(({ id }) => id) } : {}), ...(defaultCredentialId ? { default: defaultCredentialId } : {}) };
    },
    held: async ({ scope, boundTo }) => ({ token: sdk.getElevatedAccessToken({ scope, consume: false, ...(boundTo ? { boundTo } : {}) }, client) ?? null }),
    mfaToken: async () => ({ token: client.mfaToken }),
    consumeMfaToken: async () => ({ token: await sdk.consumeMfaToken(client) }),
    user: async () => (client.user ? { user: client.user.id, session: client.user.sessionId } : { user: null }),
    logout: () => sdk.logout(client),
    isMfaRequired: async ({ action }) => ({ required: await sdk.isMfaRequiredForAction({ mfaAction: action }, client) }),
    registerBinding: async (a) => {
      const { bindingId, hash, summary } = await sdk.registerBinding(a, client);
      return { binding: { bindingId, hash, summary } };
    },
    prompt: async (a) => ({ token: await sdk.promptStepUpAuth(a, client), prompted }),
    ensure,
    together: async ({ calls: all }) => ({ all: await Promise.all(all.map(({ call, with: a }) => outcome(call, a))) }),
  };
  const outcome = async (call, a = {}) => {
    if (!calls[call]) throw new Error(`this runner does not know the call ${call}`);
    try {
      return plain(await calls[call](a));
    } catch (error) {
      if (!(error instanceof sdk.StepUpError)) throw error;
      const { code, scope, reason, retryAfterSeconds } = error;
      return { error: code, ...(scope ? { scope } : {}), ...(reason ? { reason } : {}), ...(retryAfterSeconds ? { retryAfter: retryAfterSeconds } : {}) };
    }
  };

  // who is signed in, and what was proven, before the first step
  const enrol = async () => {
    network.reset({ 'POST /externalAuth/signin': [given.signedIn === true ? 'session' : given.signedIn] });
    await open();
    if (!given.signedIn) return;
    await sdk.signInWithExternalJwt({ externalJwt: 'assertion-0' }, client);
    for (const name of given.held ?? []) {
      const scope = tokens.get(name)?.claims.scope;
      network.reset({ 'POST /users/mfa/auth/totp': [scope ? `proof-${name}` : name] });
      await sdk.authenticateTotpMfaDevice({ code: '000000', ...(scope ? { requestedScopes: scope.split(' ') } : { createMfaToken: { singleUse: name === 'proof-legacy' } }) }, client);
    }
  };
  try {
    await enrol();
  } catch (error) {
    return [`before the first step: ${error.stack}`];
  }
  network.reset(one.network);

  const compare = (at, want, got) => {
    if (!equal(want, got)) faults.push(`${at}: want ${JSON.stringify(want)}, got ${JSON.stringify(got)}`);
  };
  for (const [i, step] of one.steps.entries()) {
    now += (step.after ?? 0) * 1000;
    network.requests = [];
    prompted.length = 0;
    let got;
    try {
      got = await outcome(step.call, expand(step.with ?? {}));
    } catch (error) {
      faults.push(`step ${i + 1}: ${error.stack}`);
      continue;
    }
    await settled();
    compare(`step ${i + 1}`, expand(step.expect), got);
    const { requests } = network;
    const wanted = step.requests ?? [];
    if (wanted.length !== requests.length) {
      faults.push(`step ${i + 1}: want ${wanted.map(({ to }) => to)}, got ${requests.map(({ to }) => to)}`);
      continue;
    }
    for (const [n, want] of wanted.entries()) {
      const at = `step ${i + 1}, request ${n + 1}`;
      compare(`${at}: to`, want.to, requests[n].to);
      for (const [name, value] of Object.entries(expand(want.headers ?? {}))) compare(`${at}: ${name}`, value, requests[n].headers.get(name));
      if ('body' in want) compare(`${at}: body`, expand(want.body), JSON.parse(requests[n].body ?? 'null'));
    }
  }
  return [...network.strange, ...faults];
};
