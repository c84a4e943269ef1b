import { type IconName, isWaiting, partsOf, problemOn, type Said } from '@stepup-auth/client/prompt/headless';
import { type ReactNode, useEffect } from 'react';
import { AccessibilityInfo, ActivityIndicator, Platform, Pressable, Text, type TextStyle, View } from 'react-native';
import type { Ui } from './context.js';
import { Icon } from './Icon.js';

/** Around a value: it keeps its own direction, and the text around it keeps its. */
const [isolate, end] = ['\u2068', '\u2069'];

/** A sentence with its values filled in. */
export const Words = ({ ui, said, style }: { ui: Ui; said: Said; style: TextStyle }): ReactNode => (
  <Text style={style}>
    {partsOf(said.text, said.values).map((part, n) =>
      typeof part === 'string' ? part : <Text key={n} style={ui.styles.value}>{`${isolate}${part.value}${end}`}</Text>)}
  </Text>
);

/** What is asked of the user on this screen. */
export const Ask = ({ ui, said, centered = false }: { ui: Ui; said: Said; centered?: boolean }): ReactNode => (
  <Words ui={ui} said={said} style={{ ...ui.styles.ask, ...(centered ? ui.styles.center : {}) }} />
);

/** The button that goes on. It keeps the focus while it works, so it is never disabled but by its say. */
export const Primary = ({ ui, children, onPress }: { ui: Ui; children: ReactNode; onPress: () => void }): ReactNode => {
  const { busy } = ui.flow.state;
  const off = busy || isWaiting(ui);
  return (
    <Pressable
      role="button"
      accessibilityState={{ disabled: off, busy }}
      aria-disabled={off}
      aria-busy={busy}
      style={({ pressed }: { pressed: boolean }) => [ui.styles.primary, pressed && !off && ui.styles.pressed, off && ui.styles.off]}
      onPress={() => {
        if (!off) onPress();
      }}
    >
      {busy && <ActivityIndicator color={ui.colors.onAccent} />}
      <Text style={ui.styles.primaryText}>{children}</Text>
    </Pressable>
  );
};

export const Link = ({ ui, children, onPress, disabled = false }: { ui: Ui; children: string; onPress: () => void; disabled?: boolean }): ReactNode => (
  <Pressable
    role="button"
    accessibilityState={{ disabled }}
    aria-disabled={disabled}
    hitSlop={4}
    style={ui.styles.link}
    onPress={() => {
      if (!disabled) onPress();
    }}
  >
    <Text style={ui.styles.linkText}>{children}</Text>
  </Pressable>
);

/** One way in a list. */
export const Way = ({ ui, id, icon, name, hint, onPress }: {
  ui: Ui;
  /** What tests find it by. */
  id: string;
  icon: IconName;
  name: string;
  hint: Said;
  onPress: () => void;
}): ReactNode => {
  const { styles, colors } = ui;
  const { busy } = ui.flow.state;
  return (
    <Pressable
      testID={`stepup-way-${id}`}
      role="button"
      accessibilityState={{ disabled: busy }}
      aria-disabled={busy}
      style={({ pressed }: { pressed: boolean }) => [styles.way, pressed && styles.wayPressed]}
      onPress={() => {
        if (!busy) onPress();
      }}
    >
      <View style={styles.tile}><Icon name={icon} color={colors.accent} /></View>
      <View style={styles.grow}>
        <Text style={styles.wayName}>{name}</Text>
        <Words ui={ui} said={hint} style={styles.wayHint} />
      </View>
      <Icon name="next" color={colors.muted} turned={ui.rtl} />
    </Pressable>
  );
};

/** A remark with a sign before it. */
export const Note = ({ ui, icon, isBad = false, children }: { ui: Ui; icon: IconName; isBad?: boolean; children: ReactNode }): ReactNode => (
  <View style={[ui.styles.note, isBad && ui.styles.bad]}>
    <Icon name={icon} color={isBad ? ui.colors.bad : ui.colors.muted} />
    <View style={ui.styles.grow}>{children}</View>
  </View>
);

/** What went wrong. It is there before anything did, so that screen readers hear of it. */
export const ProblemLine = ({ ui }: { ui: Ui }): ReactNode => {
  const { styles } = ui;
  const problem = problemOn(ui);
  const aloud = problem && plain(problem.said);
  useEffect(() => {
    if (aloud && Platform.OS === 'ios') AccessibilityInfo.announceForAccessibility(aloud); // which knows no live regions
  }, [aloud]);
  const style = { ...styles.noteText, ...(problem?.calm ? {} : styles.badText) };
  return (
    <View role={problem?.calm ? 'status' : 'alert'} accessibilityLiveRegion={problem?.calm ? 'polite' : 'assertive'}>
      {problem && (
        <Note ui={ui} icon={problem.calm ? 'info' : 'alert'} isBad={!problem.calm}>
          <Words ui={ui} said={problem.more ? { ...problem.said, text: `${problem.said.text} ${problem.more}` } : problem.said} style={style} />
          {problem.detail && <Text style={style}>{problem.detail}</Text>}
          {problem.wait && <View aria-hidden importantForAccessibility="no"><Words ui={ui} said={problem.wait} style={style} /></View>}
        </Note>
      )}
    </View>
  );
};

const plain = ({ text, values }: Said): string => partsOf(text, values).map((part) => (typeof part === 'string' ? part : part.value)).join('');

export const Emblem = ({ ui, icon, color }: { ui: Ui; icon: IconName; color?: string }): ReactNode => (
  <View style={ui.styles.emblem}><Icon name={icon} color={color ?? ui.colors.accent} size={28} /></View>
);
