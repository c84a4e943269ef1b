// An authenticator with the browser in front of it, in the form that the client's coreConfig takes one: one Ed25519 key per
// relying party, which answers as if its user had just touched it and shown a finger.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { appOrigin } from './app.mjs';

const text = (bytes) => Buffer.from(bytes).toString('base64url');
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const [present, verified, attested] = [0x01, 0x04, 0x40];

/** CBOR (RFC 8949) of what an attestation object is made of. A Map keeps its order. */
const cbor = (value) => {
  const head = (major, n) => (n < 24 ? Buffer.of((major << 5) | n) : n < 256 ? Buffer.of((major << 5) | 24, n) : Buffer.of((major << 5) | 25, n >> 8, n & 255));
  if (Number.isInteger(value)) return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, value.length), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  return Buffer.concat([head(5, value.size), ...[...value].flat().map(cbor)]);
};

export const newAuthenticator = () => {
  const keys = [];
  const device = { origin: appOrigin, isSupported: () => true };

  const clientData = (type, challenge) => Buffer.from(JSON.stringify({ type, challenge, origin: device.origin, crossOrigin: false }));
  const data = (key, flags, more = Buffer.alloc(0)) => {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(key.counter);
    return Buffer.concat([sha256(key.rpId), Buffer.of(flags), counter, more]);
  };
  const answer = (key, response) => ({
    id: text(key.id), rawId: text(key.id), type: 'public-key', authenticatorAttachment: 'platform', clientExtensionResults: {}, response,
  });

  device.register = async ({ optionsJSON: { rp, user, challenge, pubKeyCredParams, excludeCredentials } }) => {
    if (!pubKeyCredParams.some(({ alg }) => alg === -8)) throw new Error('Ed25519 is not offered');
    if (excludeCredentials.some(({ id }) => keys.some((key) => text(key.id) === id))) throw new Error('there is one already');
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const key = { id: randomBytes(20), rpId: rp.id, user: user.id, privateKey, counter: 0 };
    const same = keys.findIndex(({ rpId, user: owner }) => rpId === key.rpId && owner === key.user);
    keys.splice(same < 0 ? keys.length : same, 1, key); // an account has one key per device
    const cose = cbor(new Map([[1, 1], [3, -8], [-1, 6], [-2, Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url')]]));
    const credential = Buffer.concat([Buffer.alloc(16), Buffer.of(0, key.id.length), key.id, cose]);
    const attestation = cbor(new Map([['fmt', 'none'], ['attStmt', new Map()], ['authData', data(key, present | verified | attested, credential)]]));
    return answer(key, { attestationObject: text(attestation), clientDataJSON: text(clientData('webauthn.create', challenge)), transports: ['internal'] });
  };

  device.authenticate = async ({ optionsJSON: { rpId, challenge, allowCredentials = [] } }) => {
    const key = keys.find(({ id, rpId: made }) => made === rpId && (!allowCredentials.length || allowCredentials.some((c) => c.id === text(id))));
    if (!key) throw new Error('no passkey for this');
    key.counter += 1;
    const [authenticatorData, client] = [data(key, present | verified), clientData('webauthn.get', challenge)];
    const signature = sign(null, Buffer.concat([authenticatorData, sha256(client)]), key.privateKey);
    return answer(key, { authenticatorData: text(authenticatorData), clientDataJSON: text(client), signature: text(signature), userHandle: key.user });
  };

  /** Makes the counter stand still, as that of a copy would. */
  device.copied = () => { for (const key of keys) key.counter -= 1; };
  return device;
};
