// The upgrade guide's flows on the real React Native, against servers of this tree, before and after, with the prompt and without, by
// authenticator app and passkey, at both versions: each ends in a key that a web view shows, and an export that is refused.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react-native';
import { forwardRef, useEffect, useImperativeHandle, useState } from 'react';
import { Text } from 'react-native';
import { createClient, type ReactNativeClientOptions } from '@stepup-auth/react-native';
import { StepUpPrompts, webViewKeys } from '@stepup-auth/react-native/prompt';

const { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } = require('../../../sdk/typescript/node_modules/@hpke/core');
const { person, servers } = JSON.parse(process.env['STEPUP_TEST']!);
const root = join(__dirname, '../../../sdk/typescript/test/guide/react-native');

/** The guide's own code, with nothing but its import changed. */
const guide = (name: string): ((app: object) => Promise<void>) => {
  const text = readFileSync(join(root, `${name}.mjs`), 'utf8');
  const [, imported, body] = /^import (\{ \w+ \}) from '@dynamic-labs\/sdk-api-core';\n([\s\S]*)$/.exec(text)!;
  return new Function('core', `const ${imported} = core; ${body!.replace('export const exportKey =', 'return')}`)(require('@stepup-auth/core'));
};

/** In the place of the web view, with a page in it that does what the server's does: test/live/reveal.mjs has that one. */
const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const views: { readonly props: any }[] = [];
const WebView = forwardRef((props: any, ref) => {
  const [key, setKey] = useState('');
  const [pair] = useState(() => suite.kem.generateKeyPair());
  const say = (message: object) => props.onMessage({ nativeEvent: { data: JSON.stringify(message), url: props.source.uri } });
  useImperativeHandle(ref, () => ({ postMessage: async (text: string) => {
    const message = JSON.parse(text);
    if (message.type === 'stepup:reveal') {
      say({ type: 'recipient', recipientKey: Buffer.from(await suite.kem.serializePublicKey((await pair).publicKey)).toString('base64url') });
    } else {
      const { encapsulatedKey, ciphertext, info } = message.sealed;
      const bytes = (one: string) => Uint8Array.from(Buffer.from(one, 'base64url')).buffer;
      const opened = await suite.open({ recipientKey: await pair, enc: bytes(encapsulatedKey), info: new TextEncoder().encode(info) }, bytes(ciphertext));
      await act(async () => setKey(Buffer.from(opened).toString()));
    }
  } }));
  useEffect(() => {
    views.push({ props });
    say({ type: 'ready' });
  }, []);
  return <Text testID="page" onPress={() => say({ type: 'closed' })}>{key}</Text>;
});

const newAddress = (): string => `rn.${Math.random().toString(36).slice(2)}@mail.example`;

/** What a person does with what they have: test/lib/servers.js. */
const ask = async (what: string, about: object): Promise<any> => {
  const response = await fetch(`${person}/${what}`, { method: 'POST', body: JSON.stringify(about) });
  const said = await response.json();
  if (!response.ok) throw new Error(said);
  return said;
};
const codeFor = (to: string): Promise<string> => ask('code', { to });
const openAuthenticator = async (uri: string) => {
  const codes: string[] = [await ask('totp', { uri, n: 0 }), await ask('totp', { uri, n: 1 })];
  return (n: number): string => codes[n]!;
};

/** An app with a new user signed in by mail, and its prompts. */
const openApp = async (version: string, options: Partial<ReactNativeClientOptions> = {}) => {
  const keys = webViewKeys(WebView);
  const client = createClient({ ...servers[version], origin: 'http://localhost:3000', showKey: keys.showKey, ...options });
  const email = newAddress();
  await client.auth.email.sendOTP(email);
  await client.auth.email.verifyOTP(await codeFor(email));
  await render(<StepUpPrompts client={client} keys={keys} language="en" />);
  const stepUp = async (scope: string): Promise<void> => {
    if (version === '2026_01_01') return;
    await client.stepUpAuth.sendOtp({ requestedScopes: [scope] });
    await client.stepUpAuth.verifyOtp({ verificationToken: await codeFor(email), requestedScopes: [scope] });
  };
  return { client, email, stepUp };
};

const withTotp = async (version: string) => {
  const app = await openApp(version);
  await app.stepUp('credential:link');
  const code = await openAuthenticator((await app.client.mfa.addDevice('totp')).uri);
  await app.client.mfa.verifyDevice(code(0), 'totp');
  await app.client.mfa.completeAcknowledgement();
  return { ...app, code };
};

const withPasskey = async (version: string) => {
  const device = newAddress();
  const app = await openApp(version, {
    passkey: {
      register: (options) => ask('register', { device, options }),
      authenticate: (options) => ask('authenticate', { device, options }),
    },
  });
  await app.stepUp('credential:link');
  await app.client.passkeys.register();
  return { ...app, code: (): string => '' };
};

const rejection = (promise: Promise<unknown>): Promise<any> => promise.then(() => { throw new Error('it was not refused'); }, (error) => error);
/** Lets a call go on while the screen changes. */
const until = async <T,>(what: () => T): Promise<T> => waitFor(what, { timeout: 20_000 });

const types = async (text: string): Promise<void> => {
  await fireEvent.changeText(await until(() => screen.getByLabelText('Code')), text);
};

const ways = [
  { way: 'totp', enrolled: withTotp, prove: async () => {} },
  { way: 'passkey', enrolled: withPasskey, prove: async () => {} },
  { way: 'prompt', enrolled: withTotp, prove: async (code: string) => types(code) },
] as const;

describe.each(['2026_04_01', '2026_01_01'])('the upgrade guide at %s', (version) => {
  describe.each(['before', 'after'])('%s', (when) => {
    it.each(ways)('$way', async ({ way, enrolled, prove }) => {
      const { client, code } = await enrolled(version);
      const { address } = await client.wallets.create({ chain: 'EVM' });
      const done = guide(`${when}-${way}`)({ client, code: code(1) });
      done.catch(() => {});
      await prove(code(1));
      if (when === 'before' && version === '2026_04_01') {
        expect(await rejection(done)).toMatchObject({ code: 'elevated_access_token_required', scope: 'wallet:export' });
        expect(screen.queryByTestId('page')).toBeNull();
        return;
      }
      const page = await until(() => screen.getByText(/^[0-9a-f]{64}$/));
      const { source, originWhitelist, onShouldStartLoadWithRequest } = views.at(-1)!.props;
      expect(source.uri).toBe(`${servers[version].apiBaseUrl}/sdk/${servers[version].environmentId}/reveal`);
      expect(originWhitelist).toEqual([new URL(source.uri).origin]);
      expect([source.uri, `${source.uri}?x`, 'https://elsewhere.example/'].map((url) => onShouldStartLoadWithRequest({ url }))).toEqual([true, false, false]);
      expect(address).toMatch(/^0x/);
      await fireEvent.press(page);
      await done;
      await until(() => expect(screen.queryByTestId('page')).toBeNull());
      if (when === 'before' && way === 'passkey') return; // whose token works more than once
      expect(await rejection(client.wallets.primary!.exportWaasPrivateKey())).toMatchObject({ code: 'elevated_access_token_required' });
      await until(() => expect(screen.queryByTestId('page')).toBeNull());
    });
  });
});

describe('the prompt', () => {
  it('is closed by the user, which rejects, and by the end of the session', async () => {
    const { client } = await withTotp('2026_04_01');
    const closed = rejection(client.stepUpAuth.promptStepUpAuth({ requestedScopes: ['wallet:export'] }));
    await fireEvent.press(await until(() => screen.getByLabelText('Cancel and close')));
    expect(await closed).toMatchObject({ code: 'step_up_cancelled' });
    const ended = rejection(client.stepUpAuth.promptStepUpAuth({ requestedScopes: ['wallet:export'] }));
    await until(() => screen.getByLabelText('Code'));
    await client.auth.logout();
    expect(await ended).toMatchObject({ code: 'step_up_cancelled' });
    await until(() => expect(screen.queryByLabelText('Code')).toBeNull());
  });

  it('enrols a factor where nothing else would do, and keeps the recovery codes until they are kept', async () => {
    const { client, email } = await openApp('2026_04_01');
    const asked = client.stepUpAuth.promptMfa({ requestedScopes: ['wallet:export'] });
    asked.catch(() => {});
    await fireEvent.press(await until(() => screen.getByText('Set up an authenticator app')));
    await fireEvent.press(await until(() => screen.getByText('Send code')));
    await types(await codeFor(email));
    const secret = (await until(() => screen.getByText(/^[A-Z2-7]{4}( [A-Z2-7]{1,4})+$/))).props['children'].replaceAll(' ', '');
    const code = await openAuthenticator(`otpauth://totp/x?secret=${secret}&period=30&digits=6&algorithm=SHA1`);
    await fireEvent.changeText(screen.getByLabelText('Code from the app'), code(0));
    await fireEvent.press(await until(() => screen.getByText('I have kept them')));
    await types(code(1));
    expect(await asked).toMatch(/^ey/);
  });

  it('says what went wrong, keeps what was typed, and asks in the language and direction of the app', async () => {
    const { client } = await withTotp('2026_04_01');
    await cleanup();
    await render(<StepUpPrompts client={client} language="de" dir="rtl" theme="dark" />);
    const asked = rejection(client.stepUpAuth.promptStepUpAuth({ requestedScopes: ['wallet:export'] }));
    const field = await until(() => screen.getByPlaceholderText('••••••'));
    await until(() => screen.getByText('Bestätigen'));
    expect(field.props).toMatchObject({ inputMode: 'numeric', autoComplete: 'one-time-code', textContentType: 'oneTimeCode' });
    await fireEvent.changeText(field, '000 000');
    await until(() => screen.getByText('Der Code ist falsch. Prüfen Sie ihn und versuchen Sie es erneut.'));
    expect(screen.getByPlaceholderText('••••••').props['value']).toBe('000000');
    await cleanup();
    expect(await asked).toMatchObject({ code: 'step_up_cancelled' });
  });
});
