// Second opinions on what EVM wallets sign: viem and ethers come to the same hashes from the same requests, read the same fields, take our
// signatures, and a real EVM mines our transactions. The requests are random; SEED repeats a run.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Transaction, TypedDataEncoder, hashMessage as ethersHashMessage, verifyMessage as ethersVerify, verifyTypedData as ethersVerifyTypedData } from 'ethers';
import { concat, encodeFunctionData, erc20Abi, formatEther, getAddress, hashMessage, hashTypedData, keccak256, maxUint256, parseTransaction, recoverTransactionAddress, serializeTransaction, toHex, verifyMessage, verifyTypedData } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { hashAuthorization } from 'viem/utils';
import { startChain } from './lib/chain.mjs';
import { startIntents } from './lib/intents.mjs';
import { randomness } from './lib/random.mjs';

const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
const { random, pick, times, bytes } = randomness(seed);
const hex = (n) => toHex(bytes(n));
const address = () => pick(getAddress(hex(20)), hex(20), '0x0000000000000000000000000000000000000000');
// Often at the edges of encodings.
const number = (bits) => pick(0n, 1n, 0x7fn, 0x80n, 0xffn, 0x100n, 2n ** BigInt(bits) - 1n, bits > 8 ? BigInt(hex(1 + random(bits / 8))) : BigInt(random(128))) % 2n ** BigInt(bits);
const text = () => String.fromCodePoint(...times(random(80), () => pick(10, 32 + random(95), 0xe9, 0x4e2d, 0x202e, 0x1f600)));
const key = toHex(Uint8Array.from(times(32, (i) => i + 1)));
const account = privateKeyToAccount(key);

let intents;
const ask = (body) => intents.ask({ key, body });
const understood = async (body) => {
  const answer = await ask(body);
  assert.equal(answer.error, undefined, `${answer.error}\n${typeof body === 'string' ? body : JSON.stringify(body, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}\nSEED=${seed}`);
  return answer;
};
const same = (ours, theirs, what) => assert.equal(`0x${ours}`, theirs, `${JSON.stringify(what, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}\nSEED=${seed}`);

before(() => { intents = startIntents(); });
after(() => intents?.stop());

describe(`requests (SEED=${seed})`, () => {
  it('messages have the hash and the signature that viem and ethers give them', async () => {
    for (let n = 0; n < 150; n += 1) {
      const raw = n % 2 ? bytes(1 + random(200)) : undefined;
      const message = raw ? toHex(raw) : `${text()}.`;
      const answer = await understood(raw ? { message, encoding: 'hex' } : { message });
      same(answer.toSign, hashMessage(raw ? { raw } : message), message);
      same(answer.toSign, ethersHashMessage(raw ?? message), message);
      same(answer.signature, await account.signMessage({ message: raw ? { raw } : message }), message);
      if (n < 10) {
        assert.equal(await verifyMessage({ address: account.address, message: raw ? { raw } : message, signature: `0x${answer.signature}` }), true);
        assert.equal(ethersVerify(raw ?? message, `0x${answer.signature}`), account.address);
      }
    }
  });

  const accessList = () => times(random(3), () => ({ address: address(), storageKeys: times(random(3), () => hex(32)) }));
  const randomTransaction = async (type) => {
    const fees = number(64);
    const tx = {
      type, chainId: Number(pick(1n, 137n, 1n + number(40))), nonce: Number(number(40)), gas: 1n + number(40), value: number(pick(64, 256)), data: pick('0x', hex(1), hex(random(70)), hex(56)),
      ...(random(8) || type === 'eip7702' ? { to: address() } : { data: hex(1 + random(90)) }),
      ...(type === 'legacy' || type === 'eip2930' ? { gasPrice: fees } : { maxFeePerGas: fees, maxPriorityFeePerGas: fees === 0n ? 0n : number(64) % fees }),
      ...(type !== 'legacy' && { accessList: accessList() }),
    };
    if (type === 'eip7702') {
      tx.authorizationList = await Promise.all(times(1 + random(2), () => account.signAuthorization({ chainId: pick(0, 1, tx.chainId), address: address(), nonce: Number(number(40)) })));
    }
    return tx;
  };
  // As clients write numbers: all of these mean the same.
  const spelled = (tx) => {
    const spell = (v) => (typeof v === 'bigint' || typeof v === 'number' ? pick(`${v}`, toHex(v), BigInt(v) < 2n ** 53n ? Number(v) : `${v}`) : v);
    return Object.fromEntries(Object.entries(tx).map(([k, v]) => [k, k === 'type' ? v : k === 'authorizationList'
      ? v.map(({ chainId, address: a, nonce, yParity, r, s, v: parity }) => ({ chainId: spell(chainId), address: a, nonce: spell(nonce), yParity, r, s, ...(random(2) && { v: `${parity}` }) })) : spell(v)]));
  };
  const ethersType = { legacy: 0, eip2930: 1, eip1559: 2, eip7702: 4 };

  for (const type of Object.keys(ethersType)) {
    it(`${type} transactions have the hash, the fields and the signed form that viem and ethers give them`, async () => {
      for (let n = 0; n < 80; n += 1) {
        const tx = await randomTransaction(type);
        const unsigned = serializeTransaction(tx);
        const signed = await account.signTransaction(tx);
        for (const body of [{ transaction: spelled(tx) }, { transaction: unsigned }]) {
          const answer = await understood(body);
          same(answer.toSign, keccak256(unsigned), tx);
          same(answer.signedTransaction, signed, tx);
          const line = (label) => answer.lines.find((l) => l.label === label)?.value;
          assert.deepEqual([line('To'), line('Nonce'), line('Gas'), line('Amount').split(' ')[0], line('Gas fee, at most').split(' ')[0], line('Data')?.toLowerCase()],
            [tx.to && getAddress(tx.to), `${tx.nonce}`, `${tx.gas}`, formatEther(tx.value), formatEther(tx.gas * (tx.gasPrice ?? tx.maxFeePerGas)), tx.data === '0x' ? undefined : tx.data], `SEED=${seed}`);
        }
        const theirs = Transaction.from(unsigned);
        assert.deepEqual([theirs.type, theirs.unsignedHash], [ethersType[type], keccak256(unsigned)]);
        // The published client's way: the hash, and what it was made of.
        const { type: _, accessList: list, ...published } = tx;
        if (type === 'legacy' || (list?.length === 0 && type !== 'eip7702')) {
          const answer = await understood({ message: keccak256(unsigned), isFormatted: true, context: { evmTransaction: spelled(published) } });
          same(answer.toSign, keccak256(unsigned), tx);
        }
        const read = Transaction.from(signed);
        assert.deepEqual([read.from, read.nonce, read.value, read.gasLimit, read.data, BigInt(read.chainId)], [account.address, tx.nonce, tx.value, tx.gas, tx.data, BigInt(tx.chainId)]);
      }
    });
  }

  it('bytes that are no transaction are taken only where ethers and viem read the same again', async () => {
    let taken = 0;
    for (let n = 0; n < 600; n += 1) {
      const raw = Buffer.from(serializeTransaction(await randomTransaction(pick(...Object.keys(ethersType)))).slice(2), 'hex');
      const at = random(raw.length);
      const mutated = pick(
        () => { raw[at] = random(256); return raw; },
        () => { raw[at] ^= 1 << random(8); return raw; },
        () => Buffer.concat([raw.subarray(0, at), Buffer.from(bytes(1)), raw.subarray(at)]),
        () => Buffer.concat([raw.subarray(0, at), raw.subarray(at + 1)]),
        () => Buffer.concat([raw, Buffer.from([0])]),
      )();
      const transaction = `0x${mutated.toString('hex')}`;
      const answer = await ask({ transaction });
      if (answer.error) continue;
      taken += 1;
      same(answer.toSign, keccak256(transaction), transaction);
      assert.equal(Transaction.from(transaction).unsignedSerialized, transaction, `SEED=${seed}`);
      assert.equal(await recoverTransactionAddress({ serializedTransaction: `0x${answer.signedTransaction}` }), account.address, `SEED=${seed}`);
      parseTransaction(transaction);
    }
    assert.ok(taken > 50, `${taken} were taken`);
  });

  it('authorisations have the hash that viem gives them', async () => {
    for (let n = 0; n < 50; n += 1) {
      const authorization = { chainId: pick(0, 1, 31337, random(2 ** 31)), address: address(), nonce: random(2 ** 31) };
      const answer = await understood({ authorization });
      same(answer.toSign, hashAuthorization(authorization), authorization);
      assert.equal(answer.unvalued, true);
    }
  });

  // Random types, each below the ones that use it, and a value of the first.
  const randomDocument = () => {
    const atoms = () => pick('address', 'bool', 'string', 'bytes', `bytes${1 + random(32)}`, `uint${8 * (1 + random(32))}`, `int${8 * (1 + random(32))}`);
    const count = 1 + random(4);
    const types = {};
    for (let n = count - 1; n >= 0; n -= 1) {
      const below = n + 1 < count ? [`T${n + 1}`, ...(n + 2 < count ? [`T${n + 2}`] : [])] : [];
      const members = times(1 + random(5), () => pick(atoms, () => pick(atoms(), ...below))());
      if (below.length > 0) members.push(below[0]); // ethers takes no type that is not used
      types[`T${n}`] = members.map((base, i) => ({ name: `m${i}`, type: `${base}${pick('', '', '', '[]', `[${1 + random(3)}]`, '[][2]')}` }));
    }
    const value = (type) => {
      const array = /^(.*)\[(\d*)\]$/.exec(type);
      if (array) return times(array[2] === '' ? random(3) : Number(array[2]), () => value(array[1]));
      if (types[type]) return Object.fromEntries(types[type].map((m) => [m.name, value(m.type)]));
      if (type === 'address') return address();
      if (type === 'bool') return pick(true, false);
      if (type === 'string') return text();
      if (type === 'bytes') return hex(random(70));
      if (type.startsWith('bytes')) return hex(Number(type.slice(5)));
      const bits = Number(/\d+/.exec(type)[0]);
      return type.startsWith('u') ? number(bits) : pick(number(bits - 1), -number(bits - 1), -(2n ** BigInt(bits - 1)));
    };
    const all = { name: text(), version: '1', chainId: Number(number(40)), verifyingContract: address(), salt: hex(32) };
    const domain = Object.fromEntries(Object.entries(all).filter(() => random(3)));
    if (Object.keys(domain).length === 0) domain.name = 'x';
    return { types, primaryType: 'T0', domain, message: value('T0') };
  };
  const domainMembers = [['name', 'string'], ['version', 'string'], ['chainId', 'uint256'], ['verifyingContract', 'address'], ['salt', 'bytes32']].map(([name, type]) => ({ name, type }));
  const plain = (document) => JSON.parse(JSON.stringify(document, (_, v) => (typeof v === 'bigint' ? pick(`${v}`, v >= 0n ? toHex(v) : `${v}`) : v)));

  it('typed data has the hash that viem and ethers give it, and each of its values is shown', async () => {
    for (let n = 0; n < 300; n += 1) {
      const document = randomDocument();
      const { types, domain, message, primaryType } = document;
      const typedData = plain(document);
      if (random(2)) typedData.types.EIP712Domain = domainMembers.filter((m) => m.name in domain);
      const answer = await understood({ typedData });
      same(answer.toSign, hashTypedData(document), document);
      same(answer.toSign, TypedDataEncoder.hash(domain, types, message), document);
      const hashed = await understood({ message: hashTypedData(document), isFormatted: true, context: { evmTypedData: typedData } });
      same(hashed.toSign, hashTypedData(document), document);
      const leaves = (v) => (Array.isArray(v) ? (v.length ? v.flatMap(leaves) : [v]) : v !== null && typeof v === 'object' ? Object.values(v).flatMap(leaves) : [v]);
      assert.equal(answer.lines.filter((l) => l.label.startsWith('message.')).length, leaves(message).length, `SEED=${seed}`);
      if (n < 10) {
        assert.equal(await verifyTypedData({ ...document, address: account.address, signature: `0x${answer.signature}` }), true);
        assert.equal(ethersVerifyTypedData(domain, types, message, `0x${answer.signature}`), account.address);
      }
      // Anything missing and anything more is refused.
      const [name] = Object.keys(typedData.message);
      const { [name]: dropped, ...less } = typedData.message;
      assert.match((await ask({ typedData: { ...typedData, message: less } })).error, /missing/);
      assert.match((await ask({ typedData: { ...typedData, message: { ...typedData.message, more: 1 } } })).error, /does not name/);
      assert.ok((await ask({ typedData: { ...typedData, message: { ...typedData.message, [name]: null } } })).error, JSON.stringify(dropped));
      assert.ok((await ask({ typedData: { ...typedData, domain: { ...typedData.domain, more: 1 } } })).error);
      assert.ok((await ask({ typedData: { ...typedData, primaryType: 'T9' } })).error);
    }
  });

  it('calls of tokens are read as viem wrote them', async () => {
    for (let n = 0; n < 60; n += 1) {
      const [token, to, amount] = [getAddress(hex(20)), getAddress(hex(20)), number(256)];
      const tx = { type: 'eip1559', chainId: 1, nonce: n, gas: 60000n, maxFeePerGas: 1n, maxPriorityFeePerGas: 0n, to: token };
      const sent = await understood({ transaction: spelled({ ...tx, data: encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, amount] }) }) });
      assert.equal(sent.unvalued, undefined);
      assert.ok(sent.summary.includes(`${amount} of the smallest unit of token ${token} to ${to}`), sent.summary);
      const approved = await understood({ transaction: spelled({ ...tx, data: encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args: [to, maxUint256] }) }) });
      assert.equal(approved.unvalued, true);
      assert.ok(approved.summary.includes(`Let ${to} spend unlimited token ${token}`), approved.summary);
    }
  });
});

describe('a real EVM', () => {
  let chain;
  before(async () => {
    chain = await startChain(31337);
    await chain.reader.request({ method: 'anvil_setBalance', params: [account.address, toHex(10n ** 20n)] });
  });
  after(() => chain?.stop());

  const send = async (tx) => {
    const [nonce, balance] = await Promise.all([chain.reader.getTransactionCount({ address: account.address }), chain.reader.getBalance({ address: account.address })]);
    const answer = await understood({ transaction: { chainId: 31337, nonce, gas: 200000, ...tx } });
    const serializedTransaction = `0x${answer.signedTransaction}`;
    const hash = await chain.reader.sendRawTransaction({ serializedTransaction });
    assert.equal(hash, keccak256(serializedTransaction));
    const receipt = await chain.reader.waitForTransactionReceipt({ hash });
    assert.deepEqual([receipt.status, getAddress(receipt.from)], ['success', account.address]);
    const spent = balance - await chain.reader.getBalance({ address: account.address });
    assert.ok(spent <= BigInt(answer.spends['eip155:31337/native']), 'more left the wallet than the intent said');
    return { receipt, spent, answer, mined: await chain.reader.getTransaction({ hash }) };
  };
  const price = { gasPrice: '2000000000' };
  const fees = { maxFeePerGas: '3000000000', maxPriorityFeePerGas: '1000000000' };

  for (const [type, members] of Object.entries({ legacy: price, eip2930: { ...price, accessList: [{ address: account.address, storageKeys: [toHex(1n, { size: 32 })] }] }, eip1559: fees })) {
    it(`mines our ${type} transactions, and what they say moves`, async () => {
      const to = getAddress(hex(20));
      const { mined, spent, receipt } = await send({ to, value: '250000000000000000', ...members });
      assert.equal(mined.type, type);
      assert.equal(await chain.reader.getBalance({ address: to }), 250000000000000000n);
      assert.equal(spent, 250000000000000000n + receipt.gasUsed * receipt.effectiveGasPrice);
    });
  }

  it('mines a contract of ours', async () => {
    const { receipt, answer } = await send({ data: concat(['0x6005600c60003960056000f3', '0x60016000f3']), ...fees });
    assert.equal(await chain.reader.getCode({ address: receipt.contractAddress }), '0x60016000f3');
    assert.equal(answer.unvalued, true);
  });

  it('mines our eip7702 transactions, and our authorisation hands the account over and takes it back', async () => {
    const nonce = await chain.reader.getTransactionCount({ address: account.address });
    for (const [step, code] of [[1, getAddress(hex(20))], [3, '0x0000000000000000000000000000000000000000']]) {
      // The account sends the transaction itself, which counts first.
      const authorization = { chainId: 31337, address: code, nonce: nonce + step };
      const { signature } = await understood({ authorization });
      const signed = { ...authorization, r: `0x${signature.slice(0, 64)}`, s: `0x${signature.slice(64, 128)}`, yParity: parseInt(signature.slice(128), 16) - 27 };
      const { mined } = await send({ to: account.address, authorizationList: [signed], ...fees });
      assert.equal(mined.type, 'eip7702');
      const expected = step === 1 ? concat(['0xef0100', code]).toLowerCase() : undefined;
      assert.equal(await chain.reader.getCode({ address: account.address }), expected);
    }
  });
});
