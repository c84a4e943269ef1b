// Opens an exported key as an app would, by a library that is not ours.
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { privateKeyToAccount } from 'viem/accounts';

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

/** Exports a key by the call that is given the recipient key, opens it, and answers the address it has. */
export const addressOfExport = async (exportTo) => {
  const pair = await suite.kem.generateKeyPair();
  const sealed = await exportTo(new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey)));
  const bytes = (text) => Buffer.from(text, 'base64url');
  const opened = await suite.open({ recipientKey: pair, enc: bytes(sealed.encapsulatedKey), info: Buffer.from(sealed.info) }, bytes(sealed.ciphertext));
  return privateKeyToAccount(`0x${Buffer.from(opened)}`).address;
};
