// A second opinion on exports: @hpke/core opens what our signer seals, for its own key and operation only, and viem and Solana's kit find the
// wallet's key in it.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { createKeyPairSignerFromBytes, getBase58Encoder } from '@solana/kit';
import { privateKeyToAccount } from 'viem/accounts';
import { startIntents } from './lib/intents.mjs';

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const infoOf = ({ environmentId, walletId, operationId }) => new TextEncoder().encode(`stepup wallet export v1\n${environmentId}\n${walletId}\n${operationId}`);
const importers = {
  EVM: async (text) => { assert.match(text, /^[0-9a-f]{64}$/); return privateKeyToAccount(`0x${text}`).address; },
  SOL: async (text) => (await createKeyPairSignerFromBytes(getBase58Encoder().encode(text))).address,
};

let intents;
before(() => { intents = startIntents(); });
after(() => intents?.stop());

/** Opens an export with the private key; what the operation says may differ from what was sealed for. */
const open = async (answer, recipientKey, operation) => {
  const bytes = (text) => Uint8Array.from(Buffer.from(text, 'base64'));
  const recipient = await suite.createRecipientContext({ recipientKey, enc: bytes(answer.export.encapsulatedKey), info: infoOf(operation) });
  return new TextDecoder().decode(await recipient.open(bytes(answer.export.ciphertext)));
};

describe('exports', () => {
  it('are of the suite that clients are told of', () => {
    assert.deepEqual([suite.kem.id, suite.kdf.id, suite.aead.id], [0x0020, 0x0001, 0x0002]);
  });

  for (const chain of ['EVM', 'SOL']) {
    it(`of ${chain} open for their key and operation only, and hold the key of the wallet`, async () => {
      const key = randomBytes(32).toString('hex');
      const { address } = await intents.ask({ chain, key, body: { message: 'Whose key?' } });
      const operation = { environmentId: randomUUID(), walletId: randomUUID(), operationId: randomUUID() };
      const mine = await suite.kem.generateKeyPair();
      const exportPublicKey = await suite.kem.serializePublicKey(mine.publicKey);
      const answer = await intents.export({ chain, key, operation, exportPublicKey });
      assert.equal(answer.error, undefined);
      assert.equal(Buffer.from(answer.export.encapsulatedKey, 'base64').length, 32);
      assert.equal(await importers[chain](await open(answer, mine, operation)), address);

      const other = await suite.kem.generateKeyPair();
      await assert.rejects(open(answer, other, operation), 'another key opens it');
      for (const name of Object.keys(operation)) await assert.rejects(open(answer, mine, { ...operation, [name]: randomUUID() }), `it opens for another ${name}`);
    });
  }

  it('are not sealed to keys that everybody could open', async () => {
    for (const exportPublicKey of [new Uint8Array(32), Uint8Array.from({ length: 32 }, (_, i) => (i ? 0 : 1)), new Uint8Array(31)]) {
      const answer = await intents.export({ chain: 'EVM', key: '01'.repeat(32), operation: {}, exportPublicKey });
      assert.match(answer.error, /X25519 public key/);
    }
  });
});
