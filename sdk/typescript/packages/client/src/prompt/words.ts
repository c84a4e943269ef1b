/** Cuts a text at what stands in braces: texts as they are, and values that are to be kept apart from the direction of what is around them. */
export const partsOf = (text: string, values: Readonly<Record<string, string>> = {}): readonly (string | { readonly value: string })[] =>
  text.split(/(\{\w+\})/).map((part) => {
    const value = values[/^\{(\w+)\}$/.exec(part)?.[1] ?? ''];
    return value === undefined ? part : { value };
  });

/** The same where only text can be, such as in a label. */
export const plainWords = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);

/** A duration as clocks show it. */
export const clock = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
};

/** Digits as they were meant: pasted with spaces and hyphens, or typed in full width. */
export const digitsOf = (typed: string): string => typed.normalize('NFKC').replace(/\D/g, '').slice(0, 8);

/** What to call a provider. */
export const providerName = (type: string | undefined): string => {
  const known: Readonly<Record<string, string>> = { github: 'GitHub', linkedin: 'LinkedIn', paypal: 'PayPal', twitter: 'X', tiktok: 'TikTok' };
  const name = type ?? '';
  return known[name] ?? name.charAt(0).toUpperCase() + name.slice(1);
};

/** A long address, shortened for the eye. */
export const short = (text: string): string => (text.length > 30 && !/[\s@]/.test(text) ? `${text.slice(0, 6)}…${text.slice(-4)}` : text);

/** Browser and system of a user agent, if they are well-known ones. */
export const agentName = (agent: string): string => {
  const browsers = ['Edg', 'OPR', 'SamsungBrowser', 'FxiOS', 'Firefox', 'CriOS', 'Chrome', 'Safari']; // who names others too comes first
  const browser = browsers.find((name) => agent.includes(`${name}/`));
  const system = /Windows|iPhone|iPad|Android|CrOS|Mac OS X|Linux/.exec(agent)?.[0];
  const names: Readonly<Record<string, string>> = {
    Edg: 'Edge', OPR: 'Opera', SamsungBrowser: 'Samsung Internet', FxiOS: 'Firefox', CriOS: 'Chrome', 'Mac OS X': 'macOS', CrOS: 'ChromeOS',
  };
  const of = (name: string): string => names[name] ?? name;
  if (browser && system) return `${of(browser)} (${of(system)})`;
  return agent.length > 60 ? `${agent.slice(0, 60)}…` : agent;
};
