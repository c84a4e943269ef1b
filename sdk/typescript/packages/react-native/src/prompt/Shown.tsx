import { en, languageFor, loadTexts, type PromptTextOverrides, type PromptTexts } from '@stepup-auth/client/prompt/headless';
import { type ReactNode, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { AccessibilityInfo, I18nManager, KeyboardAvoidingView, Modal, Platform, Pressable, ScrollView, useColorScheme, useWindowDimensions, View } from 'react-native';
import { appTexts } from './appTexts.js';
import type { Ask } from './asks.js';
import type { Ui } from './context.js';
import { colorsOf, type PromptColors, stylesOf } from './look.js';
import { isKept, Sheet } from './Sheet.js';

/** How prompts look and speak. */
export interface Looks {
  /** By default that of the system. */
  theme?: 'auto' | 'light' | 'dark';
  /** Colours in place of those of the theme. */
  colors?: Partial<PromptColors>;
  /** `en`, `de`, `es`, `fr`, `pt` or `ja`; by default that of the system. */
  language?: string;
  /** Words in place of those of the language. */
  texts?: PromptTextOverrides;
  /** By default that of the app. */
  dir?: 'ltr' | 'rtl';
  /** Copies a text, by a module of the app's; without it keys and recovery codes are selected by hand. */
  copy?: (text: string) => void;
}

/** The languages that the system prefers; React Native has no other say of them without a native module. */
const systemLanguages = (): readonly string[] => {
  const { languages } = (globalThis as { navigator?: { languages?: readonly string[] } }).navigator ?? {};
  return languages?.length ? languages : [Intl.DateTimeFormat().resolvedOptions().locale];
};

const useTexts = (language: string, own: PromptTextOverrides | undefined): PromptTexts => {
  const [loaded, setLoaded] = useState<{ readonly language: string; readonly texts: PromptTexts } | null>(null);
  useEffect(() => {
    let wanted = true;
    void loadTexts(language).then((texts) => {
      if (wanted) setLoaded({ language, texts });
    });
    return () => {
      wanted = false;
    };
  }, [language]);
  return useMemo(() => {
    const texts = loaded?.language === language ? loaded.texts : en;
    const scopes = { ...texts.scopes, ...own?.scopes };
    return { ...texts, ...appTexts[texts === en ? 'en' : language], ...own, scopes };
  }, [loaded, language, own]);
};

/** The time, every second: codes and pauses end by it. */
const useNow = (): number => {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const ticking = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(ticking);
  }, []);
  return now;
};

/** Whether things are to appear without moving; null until the system has said so. */
export const useReducedMotion = (): boolean | null => {
  const [reduced, setReduced] = useState<boolean | null>(null);
  useEffect(() => {
    let wanted = true;
    AccessibilityInfo.isReduceMotionEnabled().catch(() => false).then((value) => {
      if (wanted) setReduced(value);
    });
    return () => {
      wanted = false;
    };
  }, []);
  return reduced;
};

/** The colours of the theme, and the app's in their place. */
export const useColors = ({ theme = 'auto', colors }: Looks): PromptColors => {
  const scheme = useColorScheme();
  return colorsOf(theme === 'dark' || (theme === 'auto' && scheme === 'dark'), colors);
};

/** One question over the app. */
export const Shown = ({ ask, reduced, ...looks }: Looks & { ask: Ask; reduced: boolean }): ReactNode => {
  const { language: wished, texts: ownTexts, dir, copy } = looks;
  const { screen } = useSyncExternalStore(ask.subscribe, ask.state, ask.state);
  const language = languageFor(wished ? [wished, ...systemLanguages()] : systemLanguages());
  const texts = useTexts(language, ownTexts);
  const ticked = useNow();
  const colors = useColors(looks);
  const { width } = useWindowDimensions();
  const rtl = dir === undefined ? I18nManager.isRTL : dir === 'rtl';
  const styles = stylesOf(colors, rtl);
  const isWide = width >= 600;
  const now = Math.max(ticked, Date.now()); // what has just been sent began after the last second
  const app = appTexts[language] ?? appTexts['en']!;
  const ui: Ui = { flow: ask.flow, texts, app, now, colors, styles, rtl, copy };
  const dismiss = (): void => {
    if (!isKept(screen)) ask.flow.close();
  };
  return (
    <Modal visible transparent statusBarTranslucent animationType={reduced ? 'none' : isWide ? 'fade' : 'slide'} onRequestClose={dismiss}>
      <KeyboardAvoidingView style={[styles.fill, isWide && styles.centered]} behavior={Platform.OS === 'ios' ? 'padding' : undefined}>
        <Pressable style={styles.backdrop} accessible={false} focusable={false} aria-hidden importantForAccessibility="no" onPress={dismiss} />
        <View style={[styles.sheet, isWide && styles.floating]} accessibilityViewIsModal>
          <ScrollView keyboardShouldPersistTaps="handled" bounces={false}><Sheet ui={ui} /></ScrollView>
        </View>
      </KeyboardAvoidingView>
    </Modal>
  );
};
