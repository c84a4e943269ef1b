/** What react-native-webview gives the page of a web view to speak to its app; other apps may do the same under that name. */
export interface Bridge {
  postMessage(text: string): void;
}

/** No other page can put it there: it is the app's, as the web view is. */
export const bridgeOf = (page: object): Bridge | undefined => {
  const { ReactNativeWebView: bridge } = page as { readonly ReactNativeWebView?: Partial<Bridge> };
  return typeof bridge?.postMessage === 'function' ? (bridge as Bridge) : undefined;
};

/**
 * Hears what the app says, JSON in an event that its web view dispatches: at the window on iOS, at the document on Android. What other windows
 * post, an opener among them, are events of the browser's, which are trusted; those are nobody's here.
 */
export const hear = (listener: (message: unknown) => void): void => {
  const heard = (event: Event): void => {
    const { isTrusted, data } = event as MessageEvent<unknown>;
    if (isTrusted || typeof data !== 'string' || data.length > 100_000) return;
    let message: unknown;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    listener(message);
  };
  addEventListener('message', heard);
  document.addEventListener('message', heard);
};
