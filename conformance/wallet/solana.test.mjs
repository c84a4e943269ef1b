// Second opinions on what Solana wallets sign: kit builds the transactions, a real Solana runtime (litesvm) executes what we sign, and no
// balance falls by more than we said. The requests are random; SEED repeats a run.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { getAdvanceNonceAccountInstruction, getAllocateInstruction, getAssignInstruction, getCreateAccountInstruction, getInitializeNonceAccountInstruction, getTransferSolInstruction, getWithdrawNonceAccountInstruction } from '@solana-program/system';
import {
  AuthorityType, findAssociatedTokenPda, getApproveCheckedInstruction, getApproveInstruction, getBurnCheckedInstruction, getBurnInstruction, getCloseAccountInstruction, getCreateAssociatedTokenIdempotentInstruction, getFreezeAccountInstruction,
  getMintEncoder, getMintToCheckedInstruction, getMintToInstruction, getRevokeInstruction, getSetAuthorityInstruction, getSyncNativeInstruction, getThawAccountInstruction, getTokenDecoder, getTokenEncoder, getTransferCheckedInstruction, getTransferInstruction,
} from '@solana-program/token';
import {
  address, addSignersToTransactionMessage, appendTransactionMessageInstructions, compileTransaction, compressTransactionMessageUsingAddressLookupTables, createKeyPairSignerFromPrivateKeyBytes, createTransactionMessage, getAddressDecoder, getAddressEncoder, getBase58Decoder, getBase64EncodedWireTransaction,
  getCompiledTransactionMessageDecoder, getCompiledTransactionMessageEncoder, getTransactionDecoder, getTransactionEncoder, lamports, partiallySignTransaction, pipe, setTransactionMessageFeePayer, setTransactionMessageLifetimeUsingBlockhash, signBytes, verifySignature,
} from '@solana/kit';
import { FailedTransactionMetadata, LiteSVM } from 'litesvm';
import { startIntents } from './lib/intents.mjs';
import { randomness } from './lib/random.mjs';

const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
const { random, pick, times, bytes } = randomness(seed);
const hex = (raw) => Buffer.from(raw).toString('hex');
const unhex = (text) => Uint8Array.from(Buffer.from(text, 'hex'));
const someAddress = () => getAddressDecoder().decode(bytes(32));
const sol = 1_000_000_000n;

const system = address('11111111111111111111111111111111');
const tokenProgram = address('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');
const token2022 = address('TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb');
const wrapped = address('So11111111111111111111111111111111111111112');
const memoProgram = address('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr');
const budgetProgram = address('ComputeBudget111111111111111111111111111111');
const tables = address('AddressLookupTab1e1111111111111111111111111');

const memo = (text) => ({ programAddress: memoProgram, data: new TextEncoder().encode(text) });
const little = (n, size) => Uint8Array.from({ length: size }, (_, i) => Number((BigInt(n) >> BigInt(8 * i)) & 0xffn));
const unitLimit = (n) => ({ programAddress: budgetProgram, data: Uint8Array.of(2, ...little(n, 4)) });
const unitPrice = (n) => ({ programAddress: budgetProgram, data: Uint8Array.of(3, ...little(n, 8)) });

let intents;
let me; // the wallet: its key is ours too
let you;
const key = '07'.repeat(32);
before(async () => {
  intents = startIntents();
  me = await createKeyPairSignerFromPrivateKeyBytes(unhex(key));
  you = await createKeyPairSignerFromPrivateKeyBytes(unhex('08'.repeat(32)));
});
after(() => intents?.stop());

let svm;
const balance = (owner) => svm.getBalance(owner) ?? 0n;
const put = (where, programAddress, data, held = 10_000_000n) =>
  svm.setAccount({ address: where, programAddress, data, executable: false, lamports: lamports(held), space: BigInt(data.length) });
/** A token account that has so many units, of a mint that `you` may issue and freeze. */
const putMint = (mint, decimals, program = tokenProgram) =>
  put(mint, program, getMintEncoder().encode({ mintAuthority: you.address, supply: 1_000_000n, decimals, isInitialized: true, freezeAuthority: you.address }));
const putTokens = (where, mint, owner, amount, { native, delegate, program = tokenProgram, held } = {}) =>
  put(where, program, getTokenEncoder().encode({ mint, owner, amount, delegate: delegate ?? null, state: 1, isNative: native ? 2_039_280n : null, delegatedAmount: delegate ? amount : 0n, closeAuthority: null }), held ?? (native ? 2_039_280n + amount : 2_039_280n));
const units = (where) => {
  const account = svm.getAccount(where);
  return account.exists && account.data.length >= 165 ? getTokenDecoder().decode(account.data.slice(0, 165)).amount : 0n;
};
beforeEach(() => {
  svm = new LiteSVM();
  for (const who of [me, you]) svm.airdrop(who.address, lamports(100n * sol));
});

const build = (instructions, { version = 0, payer = me, lookups } = {}) => pipe(
  createTransactionMessage({ version }),
  (m) => setTransactionMessageFeePayer(payer.address, m),
  (m) => setTransactionMessageLifetimeUsingBlockhash({ blockhash: svm.latestBlockhash(), lastValidBlockHeight: 1000n }, m),
  (m) => appendTransactionMessageInstructions(instructions, m),
  (m) => (lookups ? compressTransactionMessageUsingAddressLookupTables(m, lookups) : m),
  compileTransaction,
);
const wire = (transaction) => getBase64EncodedWireTransaction(transaction);
const ask = (body) => intents.ask({ chain: 'SOL', key, body });
const understood = async (body) => {
  const answer = await ask(body);
  assert.equal(answer.error, undefined, `${answer.error}\n${JSON.stringify(body)}\nSEED=${seed}`);
  return answer;
};
const send = (transaction) => {
  const result = svm.sendTransaction(transaction);
  return result instanceof FailedTransactionMetadata ? result : undefined;
};
/** Our signature, then that of `you` where it is needed, then the chain's verdict. */
const execute = async (transaction) => {
  const answer = await understood({ transaction: wire(transaction) });
  let signed = getTransactionDecoder().decode(unhex(answer.signedTransaction));
  assert.deepEqual(signed.signatures[me.address], await signBytes(me.keyPair.privateKey, transaction.messageBytes));
  if (you.address in signed.signatures && !signed.signatures[you.address]) signed = await partiallySignTransaction([you.keyPair], signed);
  return { answer, failed: send(signed) };
};
const executed = async (transaction) => {
  const { answer, failed } = await execute(transaction);
  assert.equal(failed, undefined, failed && `${failed}\n${failed.meta().logs().join('\n')}`);
  return answer;
};
const transfer = (amount, destination = you.address, source = me) => getTransferSolInstruction({ source, destination, amount });

describe('transactions', () => {
  for (const version of ['legacy', 0]) {
    it(`of version ${version} move what they say`, async () => {
      const to = someAddress();
      const before = balance(me.address);
      const answer = await executed(build([unitPrice(2_000_000n), unitLimit(1_000n), transfer(sol / 2n, to), memo('rent "May"\n')], { version }));
      assert.equal(answer.summary, `Send 0.5 SOL to ${to}; Write the memo "rent \\"May\\"\\n", with a network fee of at most 0.000007 SOL.`);
      assert.equal(balance(to), sol / 2n);
      assert.equal(before - balance(me.address), BigInt(answer.spends['solana/native']));
      assert.equal(answer.spends['solana/native'], 500_007_000);
      assert.ok(answer.lines.some(({ label, value }) => label === 'Instruction 4' && value === 'Write the memo "rent \\"May\\"\\n"'));
    });
  }

  it('send tokens to an account that they open', async () => {
    const mint = someAddress();
    putMint(mint, 6);
    const [mine] = await findAssociatedTokenPda({ owner: me.address, mint, tokenProgram });
    const [yours] = await findAssociatedTokenPda({ owner: you.address, mint, tokenProgram });
    putTokens(mine, mint, me.address, 5_000_000n);
    const before = balance(me.address);
    const answer = await executed(build([
      getCreateAssociatedTokenIdempotentInstruction({ payer: me, ata: yours, owner: you.address, mint }),
      getTransferCheckedInstruction({ source: mine, mint, destination: yours, authority: me, amount: 1_250_000n, decimals: 6 }),
    ]));
    assert.match(answer.summary, new RegExp(`; Send 1.25 of token ${mint} to ${you.address} \\(token account ${yours}\\), with a network fee of at most 0.000005 SOL\\.$`));
    assert.equal(units(yours), 1_250_000n);
    assert.equal(answer.spends[`solana/token:${mint}`], 1_250_000);
    assert.equal(before - balance(me.address), BigInt(answer.spends['solana/native']));
    assert.equal(answer.unvalued, undefined);
  });

  it('with lookup tables say what they cannot look up', async () => {
    const [table, payee, mint, yours] = times(4, someAddress);
    const mine = someAddress();
    putMint(mint, 0);
    putTokens(mine, mint, me.address, 9n);
    putTokens(yours, mint, you.address, 0n);
    const addresses = [payee, mine, ...times(3, someAddress)];
    put(table, tables, Uint8Array.of(1, 0, 0, 0, ...times(8, () => 255), ...little(0, 8), 0, 1, ...getAddressEncoder().encode(you.address), 0, 0, ...addresses.flatMap((a) => [...getAddressEncoder().encode(a)])));
    svm.warpToSlot(10n);
    const lookups = { [table]: addresses };

    const blind = await executed(build([transfer(sol, payee)], { lookups }));
    assert.equal(blind.summary, `Send 1 SOL to entry 0 of lookup table ${table}, with a network fee of at most 0.000005 SOL.`);
    assert.equal(blind.unvalued, true);
    assert.equal(balance(payee), sol);

    const clear = await executed(build([getTransferCheckedInstruction({ source: mine, mint, destination: yours, authority: me, amount: 2n, decimals: 0 })], { lookups }));
    assert.equal(clear.summary, `Send 2 of token ${mint} to token account ${yours}, with a network fee of at most 0.000005 SOL.`);
    assert.equal(clear.unvalued, undefined);
    assert.equal(units(yours), 2n);
  });

  it('of two signers take our signature first or last', async () => {
    const transaction = () => build([transfer(1n), transfer(sol, me.address, you), memo(`${random(2 ** 30)}`)], { payer: you });
    const first = await executed(transaction());
    assert.ok(first.lines.some(({ label, value }) => label === 'Also to be signed by' && value === you.address));
    assert.equal(first.spends['solana/native'], 1); // the fee is theirs
    const half = await partiallySignTransaction([you.keyPair], transaction());
    const answer = await understood({ transaction: wire(half) });
    assert.equal(send(getTransactionDecoder().decode(unhex(answer.signedTransaction))), undefined);

    const wrong = { ...half, signatures: { ...half.signatures, [you.address]: bytes(64) } };
    assert.match((await ask({ transaction: wire(wrong) })).error, new RegExp(`signature of ${you.address} in this transaction is wrong`));
    assert.match((await ask({ transaction: wire(build([transfer(1n, me.address, you)], { payer: you })) })).error, /does not ask for the signature/);
  });

  it('that never expire are told apart, and are executed when their blockhash is long gone', async () => {
    const nonce = await createKeyPairSignerFromPrivateKeyBytes(bytes(32));
    const made = build([getCreateAccountInstruction({ payer: you, newAccount: nonce, lamports: 2n * sol, space: 80n, programAddress: system }), getInitializeNonceAccountInstruction({ nonceAccount: nonce.address, nonceAuthority: me.address })], { payer: you });
    assert.equal(send(await partiallySignTransaction([you.keyPair, nonce.keyPair], made)), undefined);
    svm.expireBlockhash();
    const value = getBase58Decoder().decode(svm.getAccount(nonce.address).data.slice(40, 72));
    const lasting = pipe(
      createTransactionMessage({ version: 0 }),
      (m) => setTransactionMessageFeePayer(me.address, m),
      (m) => setTransactionMessageLifetimeUsingBlockhash({ blockhash: value, lastValidBlockHeight: 0n }, m),
      (m) => appendTransactionMessageInstructions([getAdvanceNonceAccountInstruction({ nonceAccount: nonce.address, nonceAuthority: me }), transfer(sol)], m),
      compileTransaction,
    );
    for (let i = 0; i < 3; i += 1) svm.expireBlockhash();
    const answer = await executed(lasting);
    assert.equal(answer.summary, `Stay valid for ever, until the nonce account ${nonce.address} is advanced; Send 1 SOL to ${you.address}, with a network fee of at most 0.000005 SOL.`);
    assert.equal(answer.unvalued, true);
  });

  it('that change what the account of the wallet is are not valued', async () => {
    for (const instruction of [getAssignInstruction({ account: me, programAddress: tokenProgram }), getAllocateInstruction({ newAccount: me, space: 9n })]) {
      const answer = await understood({ transaction: wire(build([instruction], { payer: you })) });
      assert.equal(answer.unvalued, true);
    }
  });
});

// Instructions in random order and number, with random amounts, most of which the chain executes. No account of the wallet may lose more than
// we said, unless we said that we cannot tell.
describe(`random transactions (SEED=${seed})`, () => {
  it('take no more than was said', async () => {
    const verdicts = { valued: 0, unvalued: 0, failed: 0 };
    for (let round = 0; round < 150; round += 1) {
      const program = pick(tokenProgram, tokenProgram, token2022);
      const options = { programAddress: program };
      const [mint, mine, second, yours, wsol, stranger] = times(6, someAddress);
      const decimals = random(10);
      putMint(mint, decimals, program);
      putTokens(mine, mint, me.address, 1_000n, { program });
      putTokens(second, mint, me.address, 0n, { program });
      putTokens(yours, mint, you.address, 1_000n, { program });
      putTokens(wsol, wrapped, me.address, 1_000_000n, { native: true });
      const [opened] = await findAssociatedTokenPda({ owner: stranger, mint, tokenProgram: program });
      const [ours] = await findAssociatedTokenPda({ owner: me.address, mint, tokenProgram: program });
      const fresh = await createKeyPairSignerFromPrivateKeyBytes(bytes(32));
      const amount = BigInt(pick(0, 1, 7, 250, 500));
      const who = pick(me, me, me, you);
      const whose = who === me ? mine : yours;
      const to = pick(yours, mine, second);
      const pool = [
        () => transfer(BigInt(random(3)) * sol + BigInt(random(1000)), pick(you.address, stranger, me.address, wsol), who),
        () => getTransferCheckedInstruction({ source: whose, mint, destination: to, authority: who, amount, decimals }, options),
        () => getTransferInstruction({ source: whose, destination: to, authority: who, amount }, options),
        () => getTransferInstruction({ source: mine, destination: opened, authority: me, amount }, options),
        () => getCreateAssociatedTokenIdempotentInstruction({ payer: who, ata: opened, owner: stranger, mint, tokenProgram: program }),
        () => getCreateAssociatedTokenIdempotentInstruction({ payer: who, ata: ours, owner: me.address, mint, tokenProgram: program }),
        () => getTransferCheckedInstruction({ source: wsol, mint: wrapped, destination: wsol, authority: me, amount: 5n, decimals: 9 }),
        () => getCloseAccountInstruction({ account: wsol, destination: pick(me.address, you.address), owner: me }),
        () => getCloseAccountInstruction({ account: second, destination: pick(me.address, you.address), owner: me }, options),
        () => getSyncNativeInstruction({ account: wsol }),
        () => getBurnInstruction({ account: whose, mint, authority: who, amount }, options),
        () => getBurnCheckedInstruction({ account: mine, mint, authority: me, amount, decimals }, options),
        () => getMintToInstruction({ mint, token: pick(mine, yours), mintAuthority: you, amount }, options),
        () => getMintToCheckedInstruction({ mint, token: yours, mintAuthority: you, amount, decimals }, options),
        () => getApproveInstruction({ source: mine, delegate: you.address, owner: me, amount }, options),
        () => getApproveCheckedInstruction({ source: mine, mint, delegate: you.address, owner: me, amount, decimals }, options),
        () => getTransferCheckedInstruction({ source: mine, mint, destination: yours, authority: you, amount: 1n, decimals }, options), // as a delegate
        () => getRevokeInstruction({ source: mine, owner: me }, options),
        () => getSetAuthorityInstruction({ owned: mine, owner: me, authorityType: AuthorityType.AccountOwner, newAuthority: you.address }, options),
        () => getFreezeAccountInstruction({ account: yours, mint, owner: you }, options),
        () => getThawAccountInstruction({ account: yours, mint, owner: you }, options),
        () => getCreateAccountInstruction({ payer: who, newAccount: fresh, lamports: 2n * sol, space: 80n, programAddress: system }),
        () => getInitializeNonceAccountInstruction({ nonceAccount: fresh.address, nonceAuthority: me.address }),
        () => getWithdrawNonceAccountInstruction({ nonceAccount: fresh.address, recipientAccount: you.address, nonceAuthority: me, withdrawAmount: 1n }),
        () => memo('hello'),
      ];
      const chosen = times(1 + random(4), () => pick(...pool)());
      if (random(3) === 0) chosen.unshift(unitPrice(BigInt(random(1_000_000))));
      if (random(3) === 0) chosen.unshift(unitLimit(BigInt(200_000 + random(1_000_000))));
      const transaction = build(chosen, { version: pick('legacy', 0), payer: pick(me, me, you) });
      if (!(me.address in transaction.signatures)) continue;
      const held = () => ({ sol: balance(me.address), wsol: units(wsol), tokens: units(mine) + units(second) + units(ours) });
      const before = held();
      const answer = await understood({ transaction: wire(transaction) });
      let signed = getTransactionDecoder().decode(unhex(answer.signedTransaction));
      const others = [you, fresh].filter((s) => s.address in signed.signatures).map((s) => s.keyPair);
      if (others.length > 0) signed = await partiallySignTransaction(others, signed);
      const failed = send(signed);
      const now = held();
      verdicts[failed ? 'failed' : answer.unvalued ? 'unvalued' : 'valued'] += 1;
      if (answer.unvalued) continue;
      const told = (asset) => BigInt(answer.spends?.[asset] ?? 0);
      const say = `${answer.summary}\n${JSON.stringify(answer.spends)}\nSEED=${seed}, round ${round}`;
      assert.ok(before.sol + before.wsol - now.sol - now.wsol <= told('solana/native'), `SOL: ${say}`);
      assert.ok(before.tokens - now.tokens <= told(`solana/token:${mint}`), `tokens: ${say}`);
      svm.expireBlockhash();
    }
    assert.ok(verdicts.valued > 20 && verdicts.unvalued > 5, JSON.stringify(verdicts));
  });
});

describe(`bytes (SEED=${seed})`, () => {
  const compiled = () => {
    const version = pick('legacy', 0);
    const count = 1 + random(8);
    const signers = 1 + random(count);
    const lookups = version === 0 && random(2) ? times(1 + random(2), () => {
      const entries = [...new Set(times(1 + random(6), () => random(256)))];
      const cut = random(entries.length + 1);
      return { lookupTableAddress: someAddress(), writableIndexes: entries.slice(0, cut), readonlyIndexes: entries.slice(cut) };
    }) : undefined;
    const total = count + (lookups ?? []).reduce((n, l) => n + l.writableIndexes.length + l.readonlyIndexes.length, 0);
    return {
      version,
      header: { numSignerAccounts: signers, numReadonlySignerAccounts: random(signers), numReadonlyNonSignerAccounts: random(count - signers + 1) },
      staticAccounts: times(count, someAddress),
      lifetimeToken: someAddress(),
      instructions: count === 1 ? [] : times(random(4), () => ({ programAddressIndex: 1 + random(count - 1), accountIndices: times(random(5), () => random(total)), data: bytes(random(pick(3, 40, 200))) })),
      ...(lookups && { addressTableLookups: lookups }),
    };
  };
  const encode = (message) => Uint8Array.from(getCompiledTransactionMessageEncoder().encode(message));
  const fields = (m) => ({
    version: m.version === 'legacy' ? -1 : m.version,
    header: [m.header.numSignerAccounts, m.header.numReadonlySignerAccounts, m.header.numReadonlyNonSignerAccounts],
    accounts: [...m.staticAccounts], blockhash: m.lifetimeToken,
    instructions: m.instructions.map((i) => ({ program: i.programAddressIndex, accounts: hex(i.accountIndices ?? []), data: hex(i.data ?? []) })),
    lookups: (m.addressTableLookups ?? []).map((l) => ({ table: l.lookupTableAddress, writable: hex(l.writableIndexes), readonly: hex(l.readonlyIndexes) })),
  });
  const decoded = (decoder, raw) => { try { return decoder.decode(raw); } catch { return undefined; } };
  // kit reads over the end of bytes that are cut off; nobody could sign or send those.
  const isTheirs = (raw) => {
    const message = decoded(getCompiledTransactionMessageDecoder(), raw);
    if (message && (message.version === 1 || encode(message).length <= raw.length)) return true;
    const transaction = decoded(getTransactionDecoder(), raw);
    return transaction !== undefined && Object.keys(transaction.signatures).length > 0;
  };

  it('of messages are read as kit reads them', async () => {
    for (let n = 0; n < 300; n += 1) {
      const raw = encode(compiled());
      const { message, error, isTransaction } = await intents.parse(raw);
      if (raw.length > 1232) { assert.match(error, /more than 1232 bytes/); continue; }
      assert.equal(error, undefined, `${error}\n${hex(raw)}\nSEED=${seed}`);
      assert.deepEqual(message, fields(getCompiledTransactionMessageDecoder().decode(raw)), `${hex(raw)}\nSEED=${seed}`);
      assert.equal(isTransaction, true);
    }
  });

  it('that are damaged are read the same or not at all, and are never a message to sign when kit reads a transaction in them', async () => {
    let taken = 0;
    for (let n = 0; n < 1500; n += 1) {
      const whole = encode(compiled());
      const signatures = whole[0] & 0x80 ? whole[1] : whole[0];
      const raw = random(3) ? whole : Uint8Array.of(signatures, ...bytes(64 * signatures), ...whole);
      const damage = pick(
        () => raw,
        () => raw.map((b, i) => (i === (random(2) ? random(8) : random(raw.length)) ? random(256) : b)),
        () => raw.slice(0, random(raw.length)),
        () => Uint8Array.of(...raw, ...times(1 + random(40), () => pick(0, random(256)))),
        () => Uint8Array.of(...times(1 + random(3), () => pick(0, 1, 0x80, 0x81, random(256))), ...raw),
      );
      const bad = damage();
      const { message, isTransaction } = await intents.parse(bad);
      if (message) {
        taken += 1;
        assert.deepEqual(message, fields(getCompiledTransactionMessageDecoder().decode(bad)), `${hex(bad)}\nSEED=${seed}`);
        assert.equal(hex(encode(getCompiledTransactionMessageDecoder().decode(bad))), hex(bad), `SEED=${seed}`);
      }
      if (!isTheirs(bad)) continue;
      assert.equal(isTransaction, true, `${hex(bad)}\nSEED=${seed}`);
      assert.match((await ask({ message: hex(bad), encoding: 'hex' })).error, /can be read as a Solana transaction/);
    }
    assert.ok(taken > 100, `${taken} were taken`);
  });

  it('of text and of nonces are signed as kit signs them', async () => {
    for (let n = 0; n < 100; n += 1) {
      const raw = pick(() => bytes(1 + random(64)), () => new TextEncoder().encode(`Sign in to example.com\n${'é'.repeat(random(300))}${random(2 ** 30)}`))();
      if (isTheirs(raw)) continue;
      const answer = await understood({ message: Buffer.from(raw).toString('base64'), encoding: 'base64' });
      assert.equal(answer.address, me.address);
      assert.equal(answer.signature, hex(await signBytes(me.keyPair.privateKey, raw)));
      assert.equal(await verifySignature(me.keyPair.publicKey, unhex(answer.signature), raw), true);
    }
  });
});
