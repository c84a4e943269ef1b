import { Platform, StyleSheet } from 'react-native';

/** The colours of the prompt; those of the web component, by the same names. */
export interface PromptColors {
  readonly surface: string;
  readonly raised: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly edge: string;
  readonly accent: string;
  readonly onAccent: string;
  readonly bad: string;
  readonly badGround: string;
  readonly good: string;
  readonly backdrop: string;
}

const light: PromptColors = {
  surface: '#ffffff', raised: '#f5f6f8', text: '#14161a', muted: '#5b6270', line: '#e1e4e9', edge: '#858c99', accent: '#2152e5',
  onAccent: '#ffffff', bad: '#b3261e', badGround: '#fdeeed', good: '#146c3a', backdrop: 'rgba(13, 16, 23, 0.52)',
};

const dark: PromptColors = {
  surface: '#17191e', raised: '#22252c', text: '#f2f4f7', muted: '#a8b0bd', line: '#343943', edge: '#7a8290', accent: '#9db7ff',
  onAccent: '#0c1226', bad: '#ffb4ab', badGround: '#3a1f1e', good: '#7ddaa0', backdrop: 'rgba(13, 16, 23, 0.52)',
};

export const colorsOf = (isDark: boolean, own: Partial<PromptColors> | undefined): PromptColors => ({ ...(isDark ? dark : light), ...own });

const inner = 12;
const mono = Platform.OS === 'ios' ? 'Menlo' : 'monospace';

/** All of the sheet's looks. Sides are start and end, so that they turn with the direction of the app. */
export const stylesOf = (colors: PromptColors, rtl: boolean) =>
  ({
    fill: { flex: 1, justifyContent: 'flex-end' },
    centered: { justifyContent: 'center', padding: 16 },
    backdrop: { position: 'absolute', top: 0, bottom: 0, left: 0, right: 0, backgroundColor: colors.backdrop },
    sheet: {
      alignSelf: 'center', width: '100%', maxWidth: 480, maxHeight: '94%', backgroundColor: colors.surface, borderTopLeftRadius: 20,
      borderTopRightRadius: 20, borderWidth: StyleSheet.hairlineWidth, borderColor: colors.line, overflow: 'hidden', direction: rtl ? 'rtl' : 'ltr',
    },
    floating: { maxWidth: 400, borderRadius: 20 },
    header: { flexDirection: 'row', alignItems: 'center', minHeight: 52, paddingTop: 12, paddingStart: 20, paddingEnd: 12, gap: 8 },
    app: { flex: 1, color: colors.muted, fontSize: 14, fontWeight: '500' },
    iconButton: { width: 44, height: 44, alignItems: 'center', justifyContent: 'center', borderRadius: 22 },
    body: { paddingHorizontal: 20, paddingTop: 4, paddingBottom: 20 },
    title: { color: colors.text, fontSize: 22, lineHeight: 28, fontWeight: '700', marginTop: 4 },
    label: { color: colors.muted, fontSize: 13, lineHeight: 18, fontWeight: '500' },
    step: { color: colors.accent },
    approved: { marginTop: 14, paddingVertical: 12, paddingHorizontal: 16, borderRadius: inner, backgroundColor: colors.raised },
    exactly: { backgroundColor: colors.surface, borderWidth: 1.5, borderColor: colors.accent },
    line: { color: colors.text, fontSize: 16, lineHeight: 22, fontWeight: '600', marginTop: 2 },
    nextLine: { marginTop: 8, paddingTop: 8, borderTopWidth: StyleSheet.hairlineWidth, borderTopColor: colors.line },
    name: { fontFamily: mono, fontWeight: '500', fontSize: 15 },
    ask: { color: colors.text, fontSize: 15, lineHeight: 22, marginTop: 20, marginBottom: 14 },
    center: { textAlign: 'center' },
    value: { fontWeight: '600' },
    aside: { color: colors.muted, fontSize: 14, lineHeight: 20, marginTop: 14, textAlign: 'center' },
    row: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'center' },
    field: {
      minHeight: 56, paddingVertical: 4, paddingHorizontal: 16, borderWidth: 1, borderColor: colors.edge, borderRadius: inner,
      backgroundColor: colors.surface, color: colors.text, fontSize: 17, fontWeight: '500', writingDirection: 'ltr',
    },
    code: { fontSize: 26, fontWeight: '600', letterSpacing: 7, textAlign: 'center' },
    text: { fontFamily: mono, letterSpacing: 1 },
    wrong: { borderColor: colors.bad },
    primary: {
      minHeight: 52, marginTop: 14, paddingVertical: 12, paddingHorizontal: 20, borderRadius: inner, backgroundColor: colors.accent, flexDirection: 'row',
      alignItems: 'center', justifyContent: 'center', gap: 10,
    },
    primaryText: { color: colors.onAccent, fontSize: 16, fontWeight: '600', textAlign: 'center', flexShrink: 1 },
    secondary: { backgroundColor: colors.raised },
    secondaryText: { color: colors.text },
    pressed: { opacity: 0.8 },
    off: { opacity: 0.6 },
    link: { minHeight: 44, paddingHorizontal: 8, alignItems: 'center', justifyContent: 'center' },
    linkText: { color: colors.accent, fontSize: 15, fontWeight: '500', textAlign: 'center' },
    way: { flexDirection: 'row', alignItems: 'center', gap: 14, minHeight: 64, paddingVertical: 10, paddingHorizontal: 12, borderRadius: inner },
    wayPressed: { backgroundColor: colors.raised },
    tile: { width: 40, height: 40, borderRadius: 10, backgroundColor: colors.raised, alignItems: 'center', justifyContent: 'center' },
    wayName: { color: colors.text, fontSize: 16, lineHeight: 22, fontWeight: '500' },
    wayHint: { color: colors.muted, fontSize: 14, lineHeight: 20 },
    grow: { flex: 1 },
    note: { flexDirection: 'row', gap: 10, marginTop: 10, padding: 12, borderRadius: inner, backgroundColor: colors.raised },
    bad: { backgroundColor: colors.badGround },
    noteText: { flex: 1, color: colors.text, fontSize: 14, lineHeight: 20 },
    badText: { color: colors.bad },
    emblem: { alignSelf: 'center', width: 64, height: 64, marginTop: 20, borderRadius: 32, backgroundColor: colors.raised, alignItems: 'center', justifyContent: 'center' },
    ending: { alignItems: 'stretch', paddingBottom: 4 },
    foot: { borderTopWidth: StyleSheet.hairlineWidth, borderTopColor: colors.line, paddingVertical: 14, paddingHorizontal: 20 },
    footText: { color: colors.muted, fontSize: 13, lineHeight: 19 },
    qr: { alignSelf: 'center', padding: 0, borderRadius: inner, overflow: 'hidden', backgroundColor: '#ffffff', direction: 'ltr' },
    secret: { color: colors.text, fontFamily: mono, fontSize: 14, lineHeight: 22, textAlign: 'center', marginTop: 4, writingDirection: 'ltr' },
    codes: { flexDirection: 'row', flexWrap: 'wrap', justifyContent: 'center', padding: 12, borderRadius: inner, backgroundColor: colors.raised },
    keptCode: { width: '50%', minWidth: 152, color: colors.text, fontFamily: mono, fontSize: 13, lineHeight: 26, textAlign: 'center', writingDirection: 'ltr' },
    skeleton: { height: 56, marginTop: 16, borderRadius: inner, backgroundColor: colors.raised },
  }) as const;

export type Styles = ReturnType<typeof stylesOf>;
