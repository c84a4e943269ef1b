/** A window in which the user logs in elsewhere. */
export interface Popup {
  /** Goes there. */
  navigate(url: string): void;
  /** Whether the user has closed it. */
  isClosed(): boolean;
  close(): void;
}

/** Opens an empty window, at once, while the user's tap still counts; null where the browser refuses. */
export type OpenPopup = () => Popup | null;

/** The browser's own. The window keeps its opener: browsers let nobody else close it. */
export const openBrowserPopup: OpenPopup = () => {
  const opened = (globalThis as { open?: typeof window.open }).open?.('about:blank', '_blank', 'popup,width=500,height=700') ?? null;
  if (!opened) return null;
  return {
    navigate: (url) => opened.location.replace(url),
    isClosed: () => opened.closed,
    close: () => opened.close(),
  };
};
