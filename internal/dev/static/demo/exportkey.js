// The key pair that an exported private key is sealed to (HPKE, RFC 9180). It is
// made for one export, lives in this page's memory and never leaves it.

import { fromBase64url, toBase64url } from './bytes.js'
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from './vendor/hpke.js'

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })

export class ExportKey {
  #pair

  static async make() {
    const key = new ExportKey()
    key.#pair = await suite.kem.generateKeyPair()
    key.publicKey = toBase64url(await suite.kem.serializePublicKey(key.#pair.publicKey))
    return key
  }

  /** The private key of the wallet, as text. It opens for this wallet and this operation only. */
  async open({ encapsulatedKey, ciphertext }, { environmentId, walletId, operationId }) {
    const info = new TextEncoder().encode(['stepup wallet export v1', environmentId, walletId, operationId].join('\n'))
    const recipient = await suite.createRecipientContext({ recipientKey: this.#pair.privateKey, enc: fromBase64url(encapsulatedKey), info })
    return new TextDecoder().decode(await recipient.open(fromBase64url(ciphertext)))
  }
}
