/*
 * What this package uses of React Native, so that it is compiled without installing that. examples/react-native compiles the same sources
 * against React Native's own types.
 */
declare module 'react-native' {
  import type { ComponentType, ReactNode, RefAttributes } from 'react';

  type Look = Readonly<Record<string, unknown>> | null | undefined | false | readonly Look[];
  type Props = Readonly<Record<string, unknown>> & { readonly style?: Look; readonly children?: ReactNode };
  interface Host {
    focus(): void;
  }

  export const View: ComponentType<Props & RefAttributes<Host>>;
  export const Text: ComponentType<Props & RefAttributes<Host>>;
  export const Image: ComponentType<Props>;
  export const Modal: ComponentType<Props & { readonly onRequestClose: () => void }>;
  export const ScrollView: ComponentType<Props>;
  export const KeyboardAvoidingView: ComponentType<Props>;
  export const ActivityIndicator: ComponentType<Props>;
  export const Pressable: ComponentType<Omit<Props, 'style'> & { readonly style?: Look | ((state: { readonly pressed: boolean }) => Look) }>;
  export type TextInput = Host & { setSelection?(start: number, end: number): void };
  export const TextInput: ComponentType<Props & { readonly onChangeText: (text: string) => void } & RefAttributes<TextInput>>;
  export type TextStyle = Readonly<Record<string, unknown>>;

  export const AccessibilityInfo: {
    announceForAccessibility(text: string): void;
    sendAccessibilityEvent?(host: Host, event: 'focus'): void;
    isReduceMotionEnabled(): Promise<boolean>;
  };
  export const I18nManager: { readonly isRTL: boolean };
  export const Linking: { openURL(url: string): Promise<unknown> };
  export const Platform: { readonly OS: string };
  export const StyleSheet: { readonly hairlineWidth: number };
  export const useColorScheme: () => string | null | undefined;
  export const useWindowDimensions: () => { readonly width: number; readonly height: number };
}
