// Every state of the prompt, by a fake server: what the view is, what the endpoints answer, and what the person does.
import { StepUpPromptElement, defineStepUpPrompt } from '@stepup-auth/client/prompt';

defineStepUpPrompt();

const never = () => new Promise(() => {});
const refuse = (code, more) => () => Promise.reject(Object.assign(new Error(more?.message ?? code), { code, ...more }));
const email = { id: 'e', format: 'email', alias: 'ada@example.com', digits: 6, displayed: true };
const sms = { id: 's', format: 'phoneNumber', alias: '+1 555 010 0199', digits: 6, displayed: true };
const wallet = { id: 'w', format: 'blockchain', alias: '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045', address: '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045', chain: 'EVM', displayed: true };
const social = { id: 'o', format: 'oauth', type: 'github', alias: 'ada-lovelace' };
const totp = { id: 't', format: 'totp', type: 'totp', alias: 'Authenticator', digits: 6 };
const passkey = { id: 'p', format: 'passkey', type: 'passkey', alias: 'Laptop' };
const base = { app: { name: 'Example Bank' }, account: 'ada@example.com', scopes: [{ scope: 'wallet:export' }], recoveryCodes: false };
const mfa = { ...base, credentials: [totp, passkey], defaultCredentialId: 't', recoveryCodes: true };
const mailed = { ...base, credentials: [email], defaultCredentialId: 'e' };
const several = { ...base, credentials: [email, sms, wallet, social], defaultCredentialId: 'e' };
const device = { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', uri: 'otpauth://totp/Example%20Bank:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Example%20Bank' };
const codes = ['4HTQ-8ZK2-MPW9-XCV7', '3NDB-G5RJ-1QM8-TA2K', 'PYDH-V6EF-N7BZ-SXC4', 'WM0T-3MGA-9RKQ-JE81', 'FH2W-VNDP-6Y0C-5TBX', 'SV4Q-DKJN-7GMR-2ZWE', '8HC1-PK3T-QN6F-0MXD', 'Y9BR-5GJA-W2VZ-H4ES', '1TKC-D7MP-8XQN-RF3G', 'ZB6W-A0HY-J5VE-9S2Q'];

const click = (selector, n = 0) => async (root) => (await until(() => [...root.querySelectorAll(selector)].filter((button) => !button.ariaDisabled)[n])).click();
const type = (text, selector = 'input') => async (root) => {
  const field = await until(() => root.querySelector(selector));
  field.value = text;
  field.dispatchEvent(new Event('input', { bubbles: true }));
};
const wait = (selector) => (root) => until(() => root.querySelector(selector));
const until = async (what) => {
  for (const end = Date.now() + 5_000; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const value = what();
    if (value) return value;
    if (Date.now() > end) throw new Error(`never came: ${what}`);
  }
};
const provider = { request: async ({ method }) => (method === 'eth_requestAccounts' ? [wallet.address] : '0x00') };
const announce = () => window.addEventListener('eip6963:requestProvider', () => {
  for (const name of ['MetaMask', 'Rabby']) window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: { info: { uuid: name, name }, provider } }));
}, { once: true });

/** name: view, what is other than by default, and the steps up to the state. */
export const states = {
  loading: { view: null, endpoints: { read: never } },
  'way-chosen-by-user': { view: several },
  'email-before-sending': { view: mailed },
  'email-code': { view: mailed, steps: [click('.primary'), wait('.code'), type('4821')] },
  'email-code-resend': { view: mailed, endpoints: { sendCode: async () => ({ resendAfterSeconds: 0 }) }, steps: [click('.primary'), wait('.aside .link')] },
  'sms-code': { view: { ...mailed, credentials: [sms] }, steps: [click('.primary'), wait('.code')] },
  'wrong-code': { view: mailed, endpoints: { verifyCode: refuse('wrong_email_verification_token') }, steps: [click('.primary'), type('482 193'), wait('.bad')] },
  'code-expired': { view: mailed, endpoints: { verifyCode: refuse('invalid_email_verification') }, steps: [click('.primary'), type('482193'), wait('.bad')] },
  'too-many-tries': { view: mfa, endpoints: { verifyCode: refuse('mfa_rate_limited', { retryAfterSeconds: 95 }) }, steps: [type('482193'), wait('.bad')] },
  offline: { view: mfa, endpoints: { verifyCode: refuse('network_error') }, steps: [type('482193'), wait('.bad')] },
  refused: { view: mfa, endpoints: { verifyCode: refuse('who_knows', { message: 'The environment no longer takes this method.' }) }, steps: [type('482193'), wait('.bad')] },
  working: { view: mfa, endpoints: { verifyCode: never }, steps: [type('482193'), wait('.spinner')] },
  'authenticator-app': { view: mfa },
  'another-way': { view: mfa, steps: [click('.others .link')] },
  passkey: { view: { ...mfa, defaultCredentialId: 'p' } },
  'passkey-elsewhere': { view: { ...mfa, defaultCredentialId: 'p' }, steps: [click('summary')] },
  'passkey-closed': { view: { ...mfa, defaultCredentialId: 'p' }, endpoints: { passkey: { prepare: async () => {}, verify: refuse('passkey_cancelled') } }, steps: [click('.primary'), wait('.calm')] },
  wallet: { view: { ...base, credentials: [wallet] }, before: announce, steps: [wait('.primary')] },
  'wallet-missing': { view: { ...base, credentials: [wallet] }, steps: [wait('.calm')] },
  'social-login': { view: { ...base, credentials: [social] } },
  'recovery-code': { view: mfa, steps: [click('.others .link'), click('.way', 2)] },
  'bound-transaction': { view: { ...mailed, scopes: [{ scope: 'transfer:create' }], binding: { summary: 'Pay 250.00 EUR to Grace Hopper, DE89 3704 0044 0532 0130 00\nPay 1,000.00 EUR to Example Energy GmbH, DE02 1203 0000 0000 2020 51', mustDisplay: true } }, steps: [click('.primary'), wait('.code')] },
  'several-scopes': { view: { ...mfa, scopes: [{ scope: 'credential:link' }, { scope: 'transfer:create', words: 'send money' }, { scope: 'vault:open' }] } },
  'action-based': { view: { ...mfa, scopes: [] } },
  'asked-elsewhere': { view: { ...mfa, asked: { address: '203.0.113.7', userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1' } } },
  'nothing-yet': { view: { ...base, credentials: [], enrol: ['passkey', 'totp'], reason: 'no_method' } },
  'enrol-first-proof': { view: { ...base, credentials: [], enrol: ['totp'], reason: 'no_method' }, steps: [click('.way'), wait('.screen-code .primary')] },
  'enrol-authenticator-app': { view: { ...base, credentials: [], enrol: ['totp'], reason: 'no_method' }, linking: null, steps: [click('.way'), wait('.qr svg')] },
  'enrol-passkey': { view: { ...base, credentials: [], enrol: ['passkey'], reason: 'no_method' }, linking: null, steps: [click('.way'), wait('.screen-enrolPasskey .primary')] },
  'recovery-codes': { view: { ...base, credentials: [], enrol: ['totp'], reason: 'no_method' }, linking: null, steps: [click('.way'), type('482193'), wait('.codes')] },
  'enrolled-now-confirm': {
    view: { ...base, credentials: [], enrol: ['totp'], reason: 'no_method' }, later: { ...mfa, credentials: [totp] }, linking: null, steps: [click('.way'), type('482193'), click('.screen-keep .primary'), wait('.screen-totp')],
  },
  disputed: { view: { ...base, credentials: [], reason: 'disputed' } },
  'cooling-down': { view: { ...base, credentials: [], reason: 'cooling_down', coolDownSeconds: 5025 } },
  'no-method': { view: { ...base, credentials: [], reason: 'no_method', passkeys: { usable: false, why: 'other_domain' } } },
  'passkeys-elsewhere': { view: { ...several, credentials: [email, sms], passkeys: { usable: false, why: 'other_domain' } } },
  'used-before': { view: null, endpoints: { read: refuse('prompt_over', { payload: { reason: 'finished' } }) } },
  'not-loaded': { view: null, endpoints: { read: refuse('network_error') } },
  expired: { view: null, endpoints: { read: refuse('prompt_over') } },
  'signed-out': { view: null, endpoints: { read: refuse('session_ended') } },
  'not-open': { view: null, endpoints: { read: refuse('prompt_not_open') } },
  done: { view: mfa, mode: 'inline', steps: [type('482193'), wait('.good')] },
};

const endpointsOf = ({ view, later, linking = { ...mailed, scopes: [{ scope: 'credential:link' }] }, endpoints = {} }) => {
  let reads = 0;
  return {
    read: async () => (reads++ && later ? later : view),
    sendCode: async () => ({}),
    verifyCode: async () => ({}),
    passkey: { prepare: async () => {}, verify: async () => ({}) },
    wallet: async () => ({}),
    social: async () => ({}),
    recovery: async () => ({}),
    cancel: async () => ({}),
    ...endpoints,
    enrol: {
      read: async () => linking,
      totp: { begin: async () => device, confirm: async () => {} },
      passkey: { prepare: async () => {}, create: async () => {} },
      recoveryCodes: async () => codes,
      acknowledge: async () => {},
    },
  };
};

/** Shows a state in place of the one before, and answers once it stands there. */
export const show = async (name, { theme = 'light', lang = 'en', dir = 'ltr' } = {}) => {
  globalThis.shown?.remove();
  document.documentElement.dir = dir;
  document.documentElement.lang = lang;
  document.documentElement.dataset.theme = theme;
  const state = states[name];
  state.before?.();
  const element = new StepUpPromptElement();
  globalThis.shown = element;
  element.setAttribute('theme', theme);
  if (state.mode) element.setAttribute('mode', state.mode);
  element.endpoints = endpointsOf(state);
  document.querySelector('main').append(element);
  element.ask().catch(() => {});
  const root = element.shadowRoot;
  if (state.view) await until(() => root.querySelector('.screen') && !root.querySelector('.skeleton'));
  for (const step of state.steps ?? []) await step(root);
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  await Promise.all(root.getAnimations().filter(({ effect }) => effect.getTiming().iterations === 1).map(({ finished }) => finished.catch(() => {})));
};
