// A page on which the upgrade guide's code is run in a browser, with nothing but its import changed. The screens are React Native's, by
// react-native-web; whoever drives the page finds all of it in `guide`.
import { createClient } from '@stepup-auth/react-native';
import { StepUpPrompts } from '@stepup-auth/react-native/prompt';
import { createRoot } from 'react-dom/client';
import * as afterPasskey from '../../../../sdk/typescript/test/guide/react-native/after-passkey.mjs';
import * as afterPrompt from '../../../../sdk/typescript/test/guide/react-native/after-prompt.mjs';
import * as afterTotp from '../../../../sdk/typescript/test/guide/react-native/after-totp.mjs';
import * as beforePasskey from '../../../../sdk/typescript/test/guide/react-native/before-passkey.mjs';
import * as beforePrompt from '../../../../sdk/typescript/test/guide/react-native/before-prompt.mjs';
import * as beforeTotp from '../../../../sdk/typescript/test/guide/react-native/before-totp.mjs';

const flows = {
  before: { totp: beforeTotp, passkey: beforePasskey, prompt: beforePrompt },
  after: { totp: afterTotp, passkey: afterPasskey, prompt: afterPrompt },
};
const said = (promise) => promise.then(() => 'done', ({ code, scope }) => [code, scope].filter(Boolean).join(' '));

let made = 0;
const root = createRoot(document.getElementById('app'));

window.guide = {
  /** Makes a client in the place of the one before, beside which the prompts are rendered. */
  open: async (options) => {
    await window.guide.client?.auth.logout();
    const client = createClient(options);
    window.guide.client = client;
    made += 1;
    root.render(<StepUpPrompts key={made} client={client} language="en" />);
  },
  /** Begins one of the flows; `outcome` says how it ended. */
  begin: (when, way, code) => {
    window.guide.outcome = said(flows[when][way].exportKey({ client: window.guide.client, code }));
  },
  again: () => said(window.guide.client.wallets.primary.exportWaasPrivateKey()),
};
