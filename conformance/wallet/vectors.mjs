// Writes internal/chain/evm/testdata/viem.json: what viem makes of a few requests, for tests that run without it.
//   node vectors.mjs > ../../internal/chain/evm/testdata/viem.json
import { hashMessage, hashTypedData, keccak256, serializeTransaction, toHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { hashAuthorization } from 'viem/utils';

const key = toHex(Uint8Array.from({ length: 32 }, (_, i) => i + 1));
const account = privateKeyToAccount(key);
const a = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045';
const b = '0x000000000000000000000000000000000000dEaD';
const word = (n) => toHex(BigInt(n), { size: 32 });
const authorization = await account.signAuthorization({ chainId: 0, address: a, nonce: 129 });
const base = { chainId: 1, nonce: 0, gas: 21000n, value: 0n, to: a };
const transactions = [
  { ...base, type: 'legacy', gasPrice: 20000000000n, value: 10n ** 18n },
  { ...base, type: 'legacy', gasPrice: 0n, chainId: 4503599627370496, nonce: 127, gas: 128n, to: undefined, data: '0x00' },
  { ...base, type: 'eip2930', gasPrice: 1n, nonce: 128, accessList: [] },
  { ...base, type: 'eip2930', gasPrice: 255n, accessList: [{ address: b, storageKeys: [word(0), word(1)] }, { address: a, storageKeys: [] }], data: toHex(new Uint8Array(56).fill(7)) },
  { ...base, type: 'eip1559', maxFeePerGas: 3000000000n, maxPriorityFeePerGas: 1000000000n, value: 1n },
  { ...base, type: 'eip1559', maxFeePerGas: 2n ** 64n, maxPriorityFeePerGas: 0n, to: undefined, data: toHex(new Uint8Array(300).fill(96)), value: 2n ** 128n },
  { ...base, type: 'eip7702', maxFeePerGas: 2n, maxPriorityFeePerGas: 2n, authorizationList: [authorization, authorization] },
];
const documents = [
  { types: { A: [{ name: 'x', type: 'int8' }, { name: 'y', type: 'int256' }, { name: 'z', type: 'uint256' }] }, primaryType: 'A', domain: { chainId: 1 }, message: { x: -128, y: `${-(2n ** 255n)}`, z: `${2n ** 256n - 1n}` } },
  { types: { A: [{ name: 'list', type: 'B[2][]' }, { name: 'none', type: 'bytes[]' }], B: [{ name: 'c', type: 'C' }, { name: 's', type: 'string[2]' }], C: [{ name: 'b', type: 'bytes3' }, { name: 'ok', type: 'bool' }] }, primaryType: 'A', domain: { name: 'é', version: '2', chainId: 31337, verifyingContract: a, salt: word(5) },
    message: { list: [[{ c: { b: '0x010203', ok: true }, s: ['', '\n'] }, { c: { b: '0xffffff', ok: false }, s: ['a', '😀'] }]], none: [] } },
  { types: { Empty: [] }, primaryType: 'Empty', domain: { verifyingContract: b }, message: {} },
];
const messages = ['0x00', '0x6869', toHex(new Uint8Array(100).fill(65)), toHex('Ünïcode\n')];
const authorizations = [{ chainId: 0, address: a, nonce: 0 }, { chainId: 1, address: b, nonce: 128 }, { chainId: 4503599627370496, address: a, nonce: 4294967296 }];

process.stdout.write(`${JSON.stringify({
  key, address: account.address, publicKey: account.publicKey,
  transactions: await Promise.all(transactions.map(async (tx) => ({ unsigned: serializeTransaction(tx), digest: keccak256(serializeTransaction(tx)), signed: await account.signTransaction(tx), hash: keccak256(await account.signTransaction(tx)) }))),
  documents: documents.map((document) => ({ document, digest: hashTypedData(document) })),
  messages: messages.map((raw) => ({ message: raw, digest: hashMessage({ raw }) })),
  authorizations: authorizations.map((x) => ({ ...x, digest: hashAuthorization(x) })),
}, null, 1)}\n`);
