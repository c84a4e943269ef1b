import { type ReactNode, useEffect, useLayoutEffect, useRef, useSyncExternalStore } from 'react';
import { Modal, View } from 'react-native';
import type { ShownKey, WebViewKeys } from './keys.js';
import type { PromptColors } from './look.js';

interface Heard {
  readonly nativeEvent: { readonly data: string; readonly url: string };
}

/** The key that is shown, if one is: over the app, out of sight until there is something to see. */
export const KeyPage = ({ keys, colors }: { keys: WebViewKeys; colors: PromptColors }): ReactNode => {
  useEffect(() => keys.draw(), [keys]);
  const shown = useSyncExternalStore(keys.subscribe, keys.state, keys.state);
  return shown && <Page key={shown.request.wallet.walletId} keys={keys} shown={shown} colors={colors} />;
};

const Page = ({ keys, shown, colors }: { keys: WebViewKeys; shown: ShownKey; colors: PromptColors }): ReactNode => {
  const { webView: WebView } = keys;
  const { url } = shown.request;
  const page = useRef<{ postMessage(text: string): void }>(null);
  const isShown = useSyncExternalStore(keys.subscribe, () => shown.isShown, () => false);
  useLayoutEffect(() => { // before the page says anything
    keys.speakBy((text) => page.current?.postMessage(text));
    return () => keys.speakBy(null);
  }, [keys, shown]);
  return (
    <Modal visible transparent statusBarTranslucent animationType="fade" onRequestClose={() => shown.end()}>
      <View style={{ flex: 1, justifyContent: 'center', padding: 16, backgroundColor: colors.backdrop, opacity: isShown ? 1 : 0 }}>
        <View style={{ alignSelf: 'center', width: '100%', maxWidth: 480, height: 480, maxHeight: '90%', borderRadius: 16, overflow: 'hidden' }}>
          <WebView
            ref={page}
            source={{ uri: url }}
            onMessage={({ nativeEvent }: Heard) => shown.heard(nativeEvent.data, nativeEvent.url)}
            onError={() => shown.lost()}
            onHttpError={() => shown.lost()}
            onRenderProcessGone={() => shown.lost()}
            onContentProcessDidTerminate={() => shown.lost()}
            // Nothing but this page is loaded here, and nothing of it is kept.
            originWhitelist={[originOf(url)]}
            onShouldStartLoadWithRequest={(request: { readonly url: string }) => request.url === url}
            setSupportMultipleWindows={false}
            javaScriptCanOpenWindowsAutomatically={false}
            incognito
            cacheEnabled={false}
            domStorageEnabled={false}
            sharedCookiesEnabled={false}
            thirdPartyCookiesEnabled={false}
            allowFileAccess={false}
            mixedContentMode="never"
            webviewDebuggingEnabled={false}
            saveFormDataDisabled
          />
        </View>
      </View>
    </Modal>
  );
};

const originOf = (url: string): string => /^https?:\/\/[^/]+/.exec(url)?.[0] ?? url;
