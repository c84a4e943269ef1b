import { digitsOf } from '@stepup-auth/client/prompt/headless';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Platform, TextInput } from 'react-native';
import type { Ui } from './context.js';
import { Primary, ProblemLine } from './parts.js';

/** A refusal gives the focus back to the field, with what was typed selected; nothing takes away what was typed. */
const useRefusal = (ui: Ui, length: number) => {
  const field = useRef<TextInput>(null);
  const { problem, busy } = ui.flow.state;
  const refused = problem !== null && !busy;
  useEffect(() => {
    if (!refused) return;
    field.current?.focus();
    field.current?.setSelection?.(0, length);
  }, [refused]); // not while it is mended
  return field;
};

/** One field for a code of six to eight digits. A code whose length is known is verified as soon as it is complete, once. */
export const CodeField = ({ ui, label, digits, focus = true }: {
  ui: Ui;
  label: string;
  digits?: number | undefined;
  /** Whether the screen begins with it. */
  focus?: boolean;
}): ReactNode => {
  const { flow, styles, colors } = ui;
  const { problem, busy } = flow.state;
  const [code, setCode] = useState('');
  const field = useRefusal(ui, code.length);
  const verify = (): void => {
    if (!flow.state.busy) void flow.verifyCode(code);
  };
  return (
    <>
      <TextInput
        ref={field}
        style={[styles.field, styles.code, problem !== null && !problem.calm && styles.wrong]}
        accessibilityLabel={label}
        aria-label={label}
        aria-invalid={problem !== null && !problem.calm}
        inputMode="numeric"
        autoComplete={Platform.OS === 'android' ? 'sms-otp' : 'one-time-code'}
        textContentType="oneTimeCode"
        importantForAutofill="yes"
        autoCapitalize="none"
        autoCorrect={false}
        spellCheck={false}
        autoFocus={focus}
        returnKeyType="done"
        placeholder={'•'.repeat(digits ?? 6)}
        placeholderTextColor={colors.edge}
        selectionColor={colors.accent}
        value={code}
        onChangeText={(typed: string) => {
          if (busy) return;
          const next = digitsOf(typed);
          setCode(next);
          if (digits !== undefined && next.length === digits && next !== code) void flow.verifyCode(next);
        }}
        onSubmitEditing={verify}
      />
      <ProblemLine ui={ui} />
      <Primary ui={ui} onPress={verify}>{ui.texts.verify}</Primary>
    </>
  );
};

/** One field for a recovery code, as it was kept. */
export const RecoveryField = ({ ui }: { ui: Ui }): ReactNode => {
  const { flow, styles } = ui;
  const [code, setCode] = useState('');
  const field = useRefusal(ui, code.length);
  const verify = (): void => {
    if (!flow.state.busy) void flow.verifyCode(code.trim());
  };
  return (
    <>
      <TextInput
        ref={field}
        style={[styles.field, styles.text, flow.state.problem !== null && styles.wrong]}
        accessibilityLabel={ui.texts.recoveryCode}
        aria-label={ui.texts.recoveryCode}
        aria-invalid={flow.state.problem !== null}
        autoComplete="off"
        autoCapitalize="characters"
        autoCorrect={false}
        spellCheck={false}
        autoFocus
        returnKeyType="done"
        selectionColor={ui.colors.accent}
        value={code}
        onChangeText={(typed: string) => {
          if (!flow.state.busy) setCode(typed);
        }}
        onSubmitEditing={verify}
      />
      <ProblemLine ui={ui} />
      <Primary ui={ui} onPress={verify}>{ui.texts.verify}</Primary>
    </>
  );
};
