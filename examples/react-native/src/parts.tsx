import { createContext, type ReactNode, useContext, useState } from 'react';
import { Pressable, StyleSheet, Text, TextInput, useColorScheme, View } from 'react-native';

const light = { ground: '#eef0f4', card: '#ffffff', text: '#14161a', muted: '#5b6270', edge: '#858c99', accent: '#2152e5', onAccent: '#ffffff', bad: '#b3261e' };
const dark = { ground: '#0c0e12', card: '#17191e', text: '#f2f4f7', muted: '#a8b0bd', edge: '#7a8290', accent: '#9db7ff', onAccent: '#0c1226', bad: '#ffb4ab' };
const Colors = createContext(light);

export const Theme = ({ children }: { children: ReactNode }) => (
  <Colors.Provider value={useColorScheme() === 'dark' ? dark : light}>{children}</Colors.Provider>
);
export const useColors = () => useContext(Colors);

export const Card = ({ title, hint, children }: { title: string; hint: string; children: ReactNode }) => {
  const colors = useColors();
  return (
    <View style={[styles.card, { backgroundColor: colors.card }]}>
      <Text role="heading" aria-level={2} style={[styles.title, { color: colors.text }]}>{title}</Text>
      <Text style={[styles.hint, { color: colors.muted }]}>{hint}</Text>
      {children}
    </View>
  );
};

export const Button = ({ children, onPress, busy = false, quiet = false }: { children: string; onPress: () => void; busy?: boolean; quiet?: boolean }) => {
  const colors = useColors();
  return (
    <Pressable
      role="button"
      disabled={busy}
      style={[styles.button, quiet ? { borderColor: colors.edge, borderWidth: 1 } : { backgroundColor: colors.accent }, busy && styles.busy]}
      onPress={onPress}
    >
      <Text style={[styles.buttonText, { color: quiet ? colors.text : colors.onAccent }]}>{children}</Text>
    </Pressable>
  );
};

export const Field = ({ label, value, onChange, code = false }: { label: string; value: string; onChange: (text: string) => void; code?: boolean }) => {
  const colors = useColors();
  return (
    <View>
      <Text style={[styles.label, { color: colors.muted }]}>{label}</Text>
      <TextInput
        aria-label={label}
        style={[styles.field, { color: colors.text, borderColor: colors.edge }]}
        inputMode={code ? 'numeric' : 'email'}
        autoComplete={code ? 'one-time-code' : 'email'}
        autoCapitalize="none"
        autoCorrect={false}
        value={value}
        onChangeText={onChange}
      />
    </View>
  );
};

export interface Said {
  readonly kind: 'good' | 'bad';
  readonly text: string;
}

/** Does one thing at a time, and says how it went. */
export const useDoing = () => {
  const [said, setSaid] = useState<Said | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (what: () => Promise<string | void>): Promise<void> => {
    setBusy(true);
    setSaid(null);
    try {
      const text = await what();
      if (text) setSaid({ kind: 'good', text });
    } catch (error) {
      setSaid({ kind: 'bad', text: (error as Error).message });
    }
    setBusy(false);
  };
  return { said, busy, run };
};

export const Say = ({ said }: { said: Said | null }) => {
  const colors = useColors();
  return (
    <View role={said?.kind === 'bad' ? 'alert' : 'status'} accessibilityLiveRegion="polite">
      {said && <Text style={[styles.said, { color: said.kind === 'bad' ? colors.bad : colors.muted }]}>{said.text}</Text>}
    </View>
  );
};

const styles = StyleSheet.create({
  card: { padding: 20, borderRadius: 16, gap: 10 },
  title: { fontSize: 18, fontWeight: '600' },
  hint: { fontSize: 14, lineHeight: 20 },
  button: { minHeight: 48, paddingHorizontal: 18, paddingVertical: 12, borderRadius: 12, alignItems: 'center', justifyContent: 'center' },
  buttonText: { fontSize: 16, fontWeight: '600', textAlign: 'center' },
  busy: { opacity: 0.5 },
  label: { fontSize: 13, marginBottom: 4 },
  field: { minHeight: 48, borderWidth: 1, borderRadius: 12, paddingHorizontal: 14, fontSize: 16 },
  said: { fontSize: 14, lineHeight: 20 },
});
