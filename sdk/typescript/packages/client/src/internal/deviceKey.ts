/** What a device is known by: a P-256 key that signs for it. On the wire both are hex. */
export interface DeviceKeyAdapter {
  /** The public key as a compressed point, 33 bytes. */
  publicKey(): string | Promise<string>;
  /** ECDSA with SHA-256 over the UTF-8 of the text: r and s, 64 bytes. */
  sign(text: string): string | Promise<string>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A key that never leaves the browser, the same in all its tabs and after a reload; outside of browsers one that ends with the process. */
export const deviceKeyOf = (name: string): DeviceKeyAdapter => {
  let made: Promise<CryptoKeyPair> | undefined;
  const pair = (): Promise<CryptoKeyPair> => (made ??= keptPair(name).catch((error: unknown) => {
    made = undefined;
    throw error;
  }));
  return {
    publicKey: async () => {
      const point = new Uint8Array(await crypto.subtle.exportKey('raw', (await pair()).publicKey));
      return (point[64]! % 2 ? '03' : '02') + hex(point.slice(1, 33));
    },
    sign: async (text) => hex(new Uint8Array(await crypto.subtle.sign(algorithm, (await pair()).privateKey, new TextEncoder().encode(text)))),
  };
};

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const keptPair = async (name: string): Promise<CryptoKeyPair> => {
  const fresh = () => crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']) as Promise<CryptoKeyPair>;
  if (typeof indexedDB === 'undefined') return fresh();
  const database = await openDatabase();
  const read = () => done<CryptoKeyPair | undefined>(keys(database, 'readonly').get(name));
  try {
    const held = await read();
    if (held) return held;
    const made = await fresh();
    await done(keys(database, 'readwrite').add(made, name)).catch(() => undefined); // another tab was faster
    return (await read()) ?? made;
  } finally {
    database.close();
  }
};

const store = 'deviceKeys';

const keys = (database: IDBDatabase, mode: IDBTransactionMode): IDBObjectStore => database.transaction(store, mode).objectStore(store);

const openDatabase = (): Promise<IDBDatabase> => {
  const request = indexedDB.open('stepup', 1);
  request.onupgradeneeded = () => void request.result.createObjectStore(store);
  return done(request);
};

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = (event) => {
      event.preventDefault();
      reject(request.error ?? new Error('The browser keeps no key.'));
    };
  });
