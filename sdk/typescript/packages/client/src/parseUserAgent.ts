/** A device in words. */
export interface ParsedUserAgent {
  /** `Firefox on Linux`. */
  displayText: string;
  type: 'mobile' | 'desktop';
}

const browsers: readonly (readonly [string, RegExp])[] = [
  ['Edge', /\bEdg(e|A|iOS)?\//],
  ['Opera', /\bOPR\/|\bOpera\b/],
  ['Samsung Browser', /\bSamsungBrowser\//],
  ['Firefox', /\b(Firefox|FxiOS)\//],
  ['Chrome', /\b(Chrome|Chromium|CriOS)\//],
  ['Safari', /\bSafari\//],
];

const systems: readonly (readonly [string, RegExp])[] = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMacintosh\b|\bMac OS X\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
];

/**
 * What a browser says of itself, as people would say it. It is a name to tell devices apart by, and proves nothing.
 *
 * @throws nothing, whatever it is given.
 * @returns null where neither browser nor system is known.
 * @example
 * ```ts
 * import { parseUserAgent } from '@stepup-auth/client';
 *
 * const device = parseUserAgent({ userAgent: navigator.userAgent });
 * console.log(device?.displayText ?? 'Unknown device');
 * ```
 */
export const parseUserAgent = ({ userAgent }: { userAgent: string }): ParsedUserAgent | null => {
  const [browser, system] = [browsers, systems].map((table) => table.find(([, is]) => is.test(userAgent ?? ''))?.[0]);
  if (!browser && !system) return null;
  return {
    displayText: browser && system ? `${browser} on ${system}` : (browser ?? system ?? ''),
    type: ['iPhone', 'iPad', 'Android'].includes(system ?? '') ? 'mobile' : 'desktop',
  };
};
