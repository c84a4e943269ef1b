// The Chromium that is installed, and pages of apps for it.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { chromium } from 'playwright-core';

/** By the clock: pages behind another one draw nothing. */
export const often = { polling: 50 };

const executablePath = () => {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // the next one
    }
  }
  throw new Error('There is no Chromium here; type: apt-get install -y chromium');
};

/**
 * Starts a browser in which all of localhost, whatever the port, is answered by answer(request, response): the app's own origin and
 * others.
 */
export const openBrowser = async (answer) => {
  const pages = http.createServer(answer).listen(0, '127.0.0.1');
  await once(pages, 'listening');
  const browser = await chromium.launch({
    executablePath: executablePath(),
    ignoreDefaultArgs: ['--hide-scrollbars'], // which hides from tests what people see
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      `--host-resolver-rules=MAP localhost 127.0.0.1:${pages.address().port}`], // whoever else has port 3000 here
  });
  const close = async () => {
    await browser.close();
    pages.closeAllConnections();
    pages.close();
  };
  return { browser, close };
};
