import { BlockList, isIP } from 'node:net';

/** Throws unless it is an http or https address without user, query, fragment and final slash. */
export const checkAddress = (address: string): void => {
  const parsed = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined;
  if (parsed === undefined || !/^https?:\/\/[^/\\\s]+(?:\/[^\s\\]*)?$/.test(address) || parsed.username !== '' || parsed.password !== '' || /[?#]|\/$/.test(address)) {
    throw new Error(`${JSON.stringify(address)} is not an http or https address without user, query, fragment and final slash`);
  }
};

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Throws for plain HTTP to another machine. Names below localhost stand for this one (RFC 6761 section 6.3). */
export const checkTransport = (address: string): void => {
  if (address.startsWith('https://')) return;
  // As it is written: URL would take 127.1 for an address.
  const written = /^http:\/\/(?:\[([^\]]*)\]|([^/:]*))/.exec(address);
  const host = (written?.[1] ?? written?.[2] ?? '').toLowerCase().replace(/\.$/, '');
  const version = isIP(host);
  if (host === 'localhost' || host.endsWith('.localhost') || (version !== 0 && loopback.check(host, version === 4 ? 'ipv4' : 'ipv6'))) return;
  throw new Error(
    `${JSON.stringify(address)} is plain HTTP to another machine, where others can read and change what is sent: use https, ` +
      'or set plainHttp for a network that nobody else is on',
  );
};
