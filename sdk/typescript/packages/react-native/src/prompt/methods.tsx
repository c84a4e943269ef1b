import { codeOf, hintOf, iconOf, nameOf, providerName, type Screen, short } from '@stepup-auth/client/prompt/headless';
import { type ReactNode, useState } from 'react';
import { Pressable, Text, View } from 'react-native';
import { CodeField, RecoveryField } from './CodeField.js';
import type { Ui } from './context.js';
import { Ask, Emblem, Link, Note, Primary, ProblemLine, Way, Words } from './parts.js';

type On<N extends Screen['name']> = Extract<Screen, { name: N }>;
type OnCredential = On<'totp' | 'passkey' | 'wallet' | 'social'>;

/** All ways, to choose one of them. */
export const Choose = ({ ui }: { ui: Ui }): ReactNode => {
  const { flow, texts, styles } = ui;
  return (
    <>
      <Text role="heading" style={styles.ask}>{texts.chooseWay}</Text>
      <ProblemLine ui={ui} />
      {flow.offers.map((credential) => (
        <Way
          key={credential.id}
          ui={ui}
          id={credential.id}
          icon={iconOf(credential.format)}
          name={nameOf(texts, credential)}
          hint={hintOf(texts, credential)}
          onPress={() => void flow.choose(credential)}
        />
      ))}
      {flow.recovery && (
        <Way ui={ui} id="recovery" icon="recovery" name={texts.recovery} hint={{ text: texts.recoveryHint }} onPress={() => flow.useRecoveryCode()} />
      )}
      {flow.enrollable.length > 0 && !flow.state.enrolling && (
        <Way ui={ui} id="enrol" icon="plus" name={texts.enrolAnother} hint={{ text: texts.enrolFirst }} onPress={() => flow.chooseEnrolment()} />
      )}
      {flow.withoutPasskeys && <Text style={styles.aside}>{texts.passkeysOff}</Text>}
    </>
  );
};

/** A code by mail or text message. */
export const SentCode = ({ ui, screen }: { ui: Ui; screen: On<'code'> }): ReactNode => {
  const { flow, texts, styles } = ui;
  const { ask, send, validFor, resendIn, spam } = codeOf(ui, screen);
  if (send !== undefined) {
    return (
      <>
        <Ask ui={ui} said={ask} />
        <ProblemLine ui={ui} />
        <Primary ui={ui} onPress={() => void flow.sendCode()}>{send}</Primary>
      </>
    );
  }
  return (
    <>
      <Ask ui={ui} said={ask} />
      <CodeField ui={ui} label={texts.code} digits={screen.credential.digits} />
      <Words ui={ui} said={validFor} style={styles.aside} />
      {resendIn
        ? <Words ui={ui} said={resendIn} style={styles.aside} />
        : <Link ui={ui} disabled={flow.state.busy} onPress={() => void flow.sendCode()}>{texts.resend}</Link>}
      {spam && <Text style={styles.aside}>{texts.spam}</Text>}
    </>
  );
};

export const Totp = ({ ui, screen }: { ui: Ui; screen: OnCredential }): ReactNode => (
  <>
    <Ask ui={ui} said={{ text: ui.flow.state.enrolled === 'totp' ? ui.texts.enterNextTotp : ui.texts.enterTotp }} />
    <CodeField ui={ui} label={ui.texts.code} digits={screen.credential.digits} />
  </>
);

export const Passkey = ({ ui }: { ui: Ui }): ReactNode => {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Emblem ui={ui} icon="passkey" />
      <Ask ui={ui} said={{ text: ui.texts.passkeyHow }} centered />
      <ProblemLine ui={ui} />
      <Primary ui={ui} onPress={() => void ui.flow.usePasskey()}>{ui.texts.usePasskey}</Primary>
      <Pressable role="button" accessibilityState={{ expanded: open }} aria-expanded={open} style={ui.styles.link} onPress={() => setOpen(!open)}>
        <Text style={ui.styles.linkText}>{ui.texts.passkeyElsewhere}</Text>
      </Pressable>
      {open && <Text style={ui.styles.aside}>{ui.texts.passkeyElsewhereHow}</Text>}
    </>
  );
};

export const Wallet = ({ ui, screen }: { ui: Ui; screen: OnCredential }): ReactNode => {
  const { flow, texts, styles } = ui;
  const { wallets, problem } = flow.state;
  const to = short(screen.credential.address ?? screen.credential.alias ?? '');
  return (
    <>
      <Emblem ui={ui} icon="wallet" />
      <Ask ui={ui} said={{ text: texts.walletHow, values: { to } }} centered />
      <ProblemLine ui={ui} />
      {!wallets && !problem && <Text style={styles.aside}>{texts.walletLooking}</Text>}
      {wallets?.length === 0 && (
        <>
          <Note ui={ui} icon="info"><Text style={styles.noteText}>{texts.walletNone}</Text></Note>
          <Primary ui={ui} onPress={() => void flow.choose(screen.credential)}>{texts.tryAgain}</Primary>
        </>
      )}
      {wallets?.map((wallet) => (
        <Primary key={wallet.name} ui={ui} onPress={() => void flow.useWallet(wallet)}>
          <Words ui={ui} said={{ text: texts.walletSign, values: { wallet: wallet.name } }} style={styles.primaryText} />
        </Primary>
      ))}
    </>
  );
};

export const Social = ({ ui, screen }: { ui: Ui; screen: OnCredential }): ReactNode => {
  const { alias = '', type } = screen.credential;
  const provider = providerName(type);
  return (
    <>
      <Emblem ui={ui} icon="social" />
      <Ask ui={ui} said={{ text: ui.texts.socialHow, values: { provider, to: alias } }} centered />
      <ProblemLine ui={ui} />
      <Primary ui={ui} onPress={() => void ui.flow.useSocial()}>
        <Words ui={ui} said={{ text: ui.texts.socialButton, values: { provider } }} style={ui.styles.primaryText} />
      </Primary>
    </>
  );
};

export const Recovery = ({ ui }: { ui: Ui }): ReactNode => (
  <View>
    <Ask ui={ui} said={{ text: ui.texts.recoveryHow }} />
    <RecoveryField ui={ui} />
  </View>
);
