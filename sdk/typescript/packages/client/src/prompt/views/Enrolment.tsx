import type { VNode } from 'preact';
import type { PromptTotp } from '../endpoints.js';
import { inFours } from '../model.js';
import { CodeField } from './CodeField.js';
import type { Ui } from './context.js';
import { Icon } from './icons.js';
import { Primary, ProblemLine, Way } from './parts.js';
import { Qr } from './Qr.js';

export { css } from '../enrolmentStyles.js';

/** Which factor to enrol. */
export const Enrol = ({ ui }: { ui: Ui }): VNode => {
  const { flow, texts } = ui;
  const { busy } = flow.state;
  return (
    <>
      <p class="ask" id="ask">{flow.offers.length > 0 ? texts.enrolFirst : texts.enrolWhy}</p>
      <ProblemLine ui={ui} />
      <ul class="ways">
        {flow.enrollable.includes('passkey') && (
          <Way icon="passkey" name={texts.enrolPasskey} hint={texts.enrolPasskeyHint} busy={busy} focus onClick={() => void flow.enrol('passkey')} />
        )}
        {flow.enrollable.includes('totp') && (
          <Way icon="totp" name={texts.enrolTotp} hint={texts.enrolTotpHint} busy={busy} onClick={() => void flow.enrol('totp')} />
        )}
      </ul>
    </>
  );
};

export const EnrolTotp = ({ ui, totp }: { ui: Ui; totp: PromptTotp }): VNode => {
  const { texts } = ui;
  return (
    <>
      <p class="ask" id="ask">{texts.enrolTotpHow}</p>
      <div class="qr"><Qr text={totp.uri} label={texts.qrLabel} /></div>
      <p class="aside center">{texts.enrolTotpKey}</p>
      <p class="secret"><code dir="ltr">{inFours(totp.secret)}</code><Copy ui={ui} text={totp.secret} /></p>
      <CodeField ui={ui} label={texts.enrolTotpCode} digits={6} focus={false} />
    </>
  );
};

export const EnrolPasskey = ({ ui }: { ui: Ui }): VNode => (
  <>
    <div class="emblem"><Icon name="passkey" /></div>
    <p class="ask center" id="ask">{ui.texts.enrolPasskeyHow}</p>
    <ProblemLine ui={ui} />
    <Primary ui={ui} focus onClick={() => void ui.flow.usePasskey()}>{ui.texts.enrolPasskeyButton}</Primary>
  </>
);

/** Recovery codes to keep. */
export const Keep = ({ ui, codes }: { ui: Ui; codes: readonly string[] }): VNode => (
  <>
    <p class="ask" id="ask">{ui.texts.keepHow}</p>
    <ul class="codes" dir="ltr">{codes.map((code) => <li key={code}><code>{code}</code></li>)}</ul>
    <p class="center"><Copy ui={ui} text={codes.join('\n')} /></p>
    <ProblemLine ui={ui} />
    <Primary ui={ui} focus onClick={() => void ui.flow.kept()}>{ui.texts.kept}</Primary>
  </>
);

const Copy = ({ ui, text }: { ui: Ui; text: string }): VNode => (
  <button
    type="button"
    class="link"
    onClick={({ currentTarget: button }) => {
      void navigator.clipboard?.writeText(text).then(
        () => {
          button.textContent = ui.texts.copied;
        },
        () => undefined, // it can be selected by hand
      );
    }}
  >
    {ui.texts.copy}
  </button>
);
