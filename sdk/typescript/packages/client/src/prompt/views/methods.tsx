import type { VNode } from 'preact';
import type { PromptCredential } from '../endpoints.js';
import type { Screen } from '../flow.js';
import { CodeField } from './CodeField.js';
import type { Ui } from './context.js';
import { Icon, type IconName } from './icons.js';
import { Link, Primary, ProblemLine, Way } from './parts.js';
import { clock, plainWords, providerName, short, words } from './words.js';

type On<N extends Screen['name']> = Extract<Screen, { name: N }>;

const iconOf = (format: string): IconName => {
  const icons: Readonly<Record<string, IconName>> = { email: 'email', phoneNumber: 'sms', blockchain: 'wallet', oauth: 'social', totp: 'totp' };
  return icons[format] ?? 'passkey';
};

const nameOf = ({ texts }: Ui, { format, type }: PromptCredential): string => {
  const names: Readonly<Record<string, string>> = { email: texts.email, phoneNumber: texts.sms, blockchain: texts.wallet, totp: texts.totp };
  return format === 'oauth' ? plainWords(texts.social, { provider: providerName(type) }) : (names[format] ?? texts.passkey);
};

const hintOf = ({ texts }: Ui, { format, alias, address }: PromptCredential): VNode | string => {
  const to = short(alias ?? address ?? '');
  const hints: Readonly<Record<string, string>> = {
    email: texts.emailHint, phoneNumber: texts.smsHint, blockchain: texts.walletHint, totp: texts.totpHint, oauth: texts.socialHint,
  };
  return <>{words(hints[format] ?? texts.passkeyHint, { to })}</>;
};

/** All ways, to choose one of them. */
export const Choose = ({ ui }: { ui: Ui }): VNode => {
  const { flow, texts } = ui;
  const { busy, enrolling } = flow.state;
  return (
    <>
      <h2 class="ask" id="ask">{texts.chooseWay}</h2>
      <ProblemLine ui={ui} />
      <ul class="ways">
        {flow.offers.map((credential, n) => (
          <Way
            key={credential.id}
            icon={iconOf(credential.format)}
            name={nameOf(ui, credential)}
            hint={hintOf(ui, credential)}
            busy={busy}
            focus={n === 0}
            onClick={() => void flow.choose(credential)}
          />
        ))}
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
  const { flow, texts, now } = ui;
  const { credential, sent } = screen;
  const to = credential.alias ?? '';
  if (!sent) {
    return (
      <>
        <p class="ask" id="ask">{words(texts.willSend, { to })}</p>
        <ProblemLine ui={ui} />
        <Primary ui={ui} focus onClick={() => void flow.sendCode()}>{texts.sendCode}</Primary>
      </>
    );
  }
  const wait = sent.again - now;
  if (sent.until <= now) {
    return (
      <>
        <p class="ask" id="ask">{flow.state.problem ? words(texts.willSend, { to }) : texts.codeExpired}</p>
        <ProblemLine ui={ui} />
        <Primary ui={ui} focus onClick={() => void flow.sendCode()}>{texts.resend}</Primary>
      </>
    );
  }
  return (
    <>
      <p class="ask" id="ask">{words(texts.sent, { to })}</p>
      <CodeField ui={ui} label={texts.code} digits={credential.digits} />
      <p class="aside">
        {words(texts.validFor, { time: clock(sent.until - now) })}
        {' · '}
        {wait > 0
          ? <span>{words(texts.resendIn, { time: clock(wait) })}</span>
          : <Link disabled={flow.state.busy} onClick={() => void flow.sendCode()}>{texts.resend}</Link>}
      </p>
      {credential.format === 'email' && wait <= 0 && <p class="aside">{texts.spam}</p>}
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
