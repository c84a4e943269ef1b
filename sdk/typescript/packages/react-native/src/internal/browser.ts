import type { OpenPopup } from '@stepup-auth/client';

/** The system's browser over the app: pages in it have the user's logins and passkeys, and the app sees nothing of them. */
export interface BrowserAdapter {
  /**
   * Opens a page. Resolves with the address under redirectUri that the page comes back to the app with, or with null when the user has
   * closed it. Without a redirectUri nothing comes back.
   */
  open(url: string, redirectUri?: string): Promise<string | null>;
  /** Closes the page that is open, if one is. */
  close(): void;
}

/** A window for social logins, whose answer comes from the server while it is open. */
export const popupOf = (browser: BrowserAdapter): OpenPopup => () => {
  let closed = false;
  const end = (): void => {
    closed = true;
  };
  return {
    navigate: (url) => void browser.open(url).then(end, end),
    isClosed: () => closed,
    close: () => {
      if (!closed) browser.close();
      end();
    },
  };
};
