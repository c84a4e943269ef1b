import { inFours, type PromptTotp, qrOf } from '@stepup-auth/client/prompt/headless';
import { type ReactNode, useMemo, useState } from 'react';
import { Linking, Text, View } from 'react-native';
import { CodeField } from './CodeField.js';
import type { Ui } from './context.js';
import { Ask, Emblem, Link, Primary, ProblemLine, Way } from './parts.js';

/** Which factor to enrol. */
export const Enrol = ({ ui }: { ui: Ui }): ReactNode => {
  const { flow, texts } = ui;
  return (
    <>
      <Ask ui={ui} said={{ text: flow.offers.length > 0 ? texts.enrolFirst : texts.enrolWhy }} />
      <ProblemLine ui={ui} />
      {flow.enrollable.includes('passkey') && (
        <Way ui={ui} id="passkey" icon="passkey" name={texts.enrolPasskey} hint={{ text: texts.enrolPasskeyHint }} onPress={() => void flow.enrol('passkey')} />
      )}
      {flow.enrollable.includes('totp') && (
        <Way ui={ui} id="totp" icon="totp" name={texts.enrolTotp} hint={{ text: texts.enrolTotpHint }} onPress={() => void flow.enrol('totp')} />
      )}
    </>
  );
};

export const EnrolTotp = ({ ui, totp }: { ui: Ui; totp: PromptTotp }): ReactNode => {
  const { texts, styles } = ui;
  return (
    <>
      <Ask ui={ui} said={{ text: texts.enrolTotpHow }} />
      <Qr ui={ui} text={totp.uri} label={texts.qrLabel} />
      <Link ui={ui} onPress={() => void Linking.openURL(totp.uri).catch(() => undefined)}>{ui.app.openTotp}</Link>
      <Text style={styles.aside}>{texts.enrolTotpKey}</Text>
      <Text style={styles.secret} selectable>{inFours(totp.secret)}</Text>
      <Copy ui={ui} text={totp.secret} />
      <CodeField ui={ui} label={texts.enrolTotpCode} digits={6} focus={false} />
    </>
  );
};

export const EnrolPasskey = ({ ui }: { ui: Ui }): ReactNode => (
  <>
    <Emblem ui={ui} icon="passkey" />
    <Ask ui={ui} said={{ text: ui.texts.enrolPasskeyHow }} centered />
    <ProblemLine ui={ui} />
    <Primary ui={ui} onPress={() => void ui.flow.usePasskey()}>{ui.texts.enrolPasskeyButton}</Primary>
  </>
);

/** Recovery codes to keep. */
export const Keep = ({ ui, codes }: { ui: Ui; codes: readonly string[] }): ReactNode => (
  <>
    <Ask ui={ui} said={{ text: ui.texts.keepHow }} />
    <View style={ui.styles.codes}>{codes.map((code) => <Text key={code} style={ui.styles.keptCode} selectable>{code}</Text>)}</View>
    <Copy ui={ui} text={codes.join('\n')} />
    <ProblemLine ui={ui} />
    <Primary ui={ui} onPress={() => void ui.flow.kept()}>{ui.texts.kept}</Primary>
  </>
);

const Copy = ({ ui, text }: { ui: Ui; text: string }): ReactNode => {
  const [copied, setCopied] = useState(false);
  const { copy } = ui;
  if (!copy) return null;
  const done = (): void => {
    copy(text);
    setCopied(true);
  };
  return <Link ui={ui} onPress={done}>{copied ? ui.texts.copied : ui.texts.copy}</Link>;
};

const module = 4;

/** Drawn of boxes, one for each run of dark modules: nothing else draws without a native module. Black on white in every theme, for cameras. */
const Qr = ({ ui, text, label }: { ui: Ui; text: string; label: string }): ReactNode => {
  const rows = useMemo(() => qrOf(text).map(runsOf), [text]);
  const size = rows.length * module;
  return (
    <View style={[ui.styles.qr, { width: size, height: size }]} role="img" aria-label={label} accessibilityLabel={label} accessible>
      {rows.flatMap((runs, y) => runs.map(([from, length]) => (
        <View
          key={`${y}:${from}`}
          style={{ position: 'absolute', top: y * module, left: from * module, width: length * module, height: module, backgroundColor: '#000000' }}
        />
      )))}
    </View>
  );
};

/** Where a row is dark: from which module on, and how many. */
const runsOf = (row: readonly boolean[]): readonly (readonly [number, number])[] => {
  const runs: [number, number][] = [];
  row.forEach((dark, x) => {
    const last = runs.at(-1);
    if (dark && last && last[0] + last[1] === x) last[1] += 1;
    else if (dark) runs.push([x, 1]);
  });
  return runs;
};
