import type { VNode } from 'preact';
import type { Screen } from '../flow.js';
import { codeOf, hintOf, iconOf, nameOf } from '../model.js';
import { providerName, short } from '../words.js';
import { CodeField } from './CodeField.js';
import type { Ui } from './context.js';
import { Icon } from './icons.js';
import { Link, Primary, ProblemLine, Way } from './parts.js';
import { words } from './words.js';

type On<N extends Screen['name']> = Extract<Screen, { name: N }>;

/** All ways, to choose one of them. */
export const Choose = ({ ui }: { ui: Ui }): VNode => {
  const { flow, texts } = ui;
  const { busy, enrolling } = flow.state;
  return (
    <>
      <h2 class="ask" id="ask">{texts.chooseWay}</h2>
      <ProblemLine ui={ui} />
      <ul class="ways">
        {flow.offers.map((credential, n) => {
          const hint = hintOf(texts, credential);
          return (
            <Way
              key={credential.id}
              icon={iconOf(credential.format)}
              name={nameOf(texts, credential)}
              hint={words(hint.text, hint.values)}
              busy={busy}
              focus={n === 0}
              onClick={() => void flow.choose(credential)}
            />
          );
        })}
        {flow.recovery && (
          <Way icon="recovery" name={texts.recovery} hint={texts.recoveryHint} busy={busy} onClick={() => flow.useRecoveryCode()} />
        )}
        {flow.enrollable.length > 0 && !enrolling && (
          <Way icon="plus" name={texts.enrolAnother} hint={texts.enrolFirst} busy={busy} onClick={() => flow.chooseEnrolment()} />
        )}
      </ul>
      {flow.withoutPasskeys && <p class="aside">{texts.passkeysOff}</p>}
    </>
  );
};

/** A code by mail or text message. */
export const SentCode = ({ ui, screen }: { ui: Ui; screen: On<'code'> }): VNode => {
  const { flow, texts } = ui;
  const { ask, send, validFor, resendIn, spam } = codeOf(ui, screen);
  const asked = <p class="ask" id="ask">{words(ask.text, ask.values)}</p>;
  if (send !== undefined) {
    return (
      <>
        {asked}
        <ProblemLine ui={ui} />
        <Primary ui={ui} focus onClick={() => void flow.sendCode()}>{send}</Primary>
      </>
    );
  }
  return (
    <>
      {asked}
      <CodeField ui={ui} label={texts.code} digits={screen.credential.digits} />
      <p class="aside">
        {words(validFor.text, validFor.values)}
        {' · '}
        {resendIn
          ? <span>{words(resendIn.text, resendIn.values)}</span>
          : <Link disabled={flow.state.busy} onClick={() => void flow.sendCode()}>{texts.resend}</Link>}
      </p>
      {spam && <p class="aside">{texts.spam}</p>}
    </>
  );
};

export const Totp = ({ ui, screen }: { ui: Ui; screen: On<'totp' | 'passkey' | 'wallet' | 'social'> }): VNode => (
  <>
    <p class="ask" id="ask">{ui.flow.state.enrolled === 'totp' ? ui.texts.enterNextTotp : ui.texts.enterTotp}</p>
    <CodeField ui={ui} label={ui.texts.code} digits={screen.credential.digits} />
  </>
);

export const Passkey = ({ ui }: { ui: Ui }): VNode => (
  <>
    <div class="emblem"><Icon name="passkey" /></div>
    <p class="ask center" id="ask">{ui.texts.passkeyHow}</p>
    <ProblemLine ui={ui} />
    <Primary ui={ui} focus onClick={() => void ui.flow.usePasskey()}>{ui.texts.usePasskey}</Primary>
    <details class="more">
      <summary>{ui.texts.passkeyElsewhere}</summary>
      <p>{ui.texts.passkeyElsewhereHow}</p>
    </details>
  </>
);

export const Wallet = ({ ui, screen }: { ui: Ui; screen: On<'totp' | 'passkey' | 'wallet' | 'social'> }): VNode => {
  const { flow, texts } = ui;
  const { wallets, problem, busy } = flow.state;
  const to = short(screen.credential.address ?? screen.credential.alias ?? '');
  return (
    <>
      <div class="emblem"><Icon name="wallet" /></div>
      <p class="ask center" id="ask">{words(texts.walletHow, { to })}</p>
      <ProblemLine ui={ui} />
      {!wallets && !problem && <p class="aside center">{texts.walletLooking}</p>}
      {wallets?.length === 0 && (
        <>
          <p class="note calm"><Icon name="info" /><span>{texts.walletNone}</span></p>
          <Primary ui={ui} focus onClick={() => void flow.choose(screen.credential)}>{texts.tryAgain}</Primary>
        </>
      )}
      {wallets?.map((wallet, n) => (
        <Primary key={wallet.name} ui={ui} focus={n === 0 && !busy} onClick={() => void flow.useWallet(wallet)}>
          {words(texts.walletSign, { wallet: wallet.name })}
        </Primary>
      ))}
    </>
  );
};

export const Social = ({ ui, screen }: { ui: Ui; screen: On<'totp' | 'passkey' | 'wallet' | 'social'> }): VNode => {
  const { alias = '', type } = screen.credential;
  const provider = providerName(type);
  return (
    <>
      <div class="emblem"><Icon name="social" /></div>
      <p class="ask center" id="ask">{words(ui.texts.socialHow, { provider, to: alias })}</p>
      <ProblemLine ui={ui} />
      <Primary ui={ui} focus onClick={() => void ui.flow.useSocial()}>{words(ui.texts.socialButton, { provider })}</Primary>
    </>
  );
};

export const Recovery = ({ ui }: { ui: Ui }): VNode => (
  <>
    <p class="ask" id="ask">{ui.texts.recoveryHow}</p>
    <form
      novalidate
      onSubmit={(event) => {
        event.preventDefault();
        void ui.flow.verifyCode(event.currentTarget.querySelector('input')!.value.trim());
      }}
    >
      <label class="field">
        <span class="aloud">{ui.texts.recoveryCode}</span>
        <input
          class="text"
          name="recovery"
          dir="ltr"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          readOnly={ui.flow.state.busy}
          aria-describedby="ask problem"
          aria-invalid={ui.flow.state.problem ? 'true' : undefined}
          data-focus=""
        />
      </label>
      <ProblemLine ui={ui} />
      <Primary ui={ui}>{ui.texts.verify}</Primary>
    </form>
  </>
);
