// Second opinions on wallet signatures: what viem, ethers and Solana's kit sign is taken, siwe reads what we build, and contracts on a
// real EVM are believed about themselves and nobody else.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { generateKeyPairSigner, getBase58Decoder, getBase64Decoder, signBytes } from '@solana/kit';
import { Wallet, verifyMessage as ethersVerify } from 'ethers';
import { SiweMessage } from 'siwe';
import { encodeFunctionData, serializeErc6492Signature, toHex, verifyMessage as viemVerify } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { parseSiweMessage } from 'viem/siwe';
import { startServer } from '../real-client/lib/server.mjs';
import { compile, startChain } from './lib/chain.mjs';
import { body, nonce, origin, published, signIn } from './lib/texts.mjs';

const viemWallet = () => {
  const account = privateKeyToAccount(generatePrivateKey());
  return { chain: 'EVM', address: account.address, sign: (message) => account.signMessage({ message }) };
};
const ethersWallet = () => {
  const wallet = Wallet.createRandom();
  return { chain: 'EVM', address: wallet.address, sign: (message) => wallet.signMessage(message) };
};
const solanaWallet = async (encode = getBase64Decoder()) => {
  const signer = await generateKeyPairSigner();
  return { chain: 'SOL', address: signer.address, sign: async (text) => encode.decode(await signBytes(signer.keyPair.privateKey, new TextEncoder().encode(text))) };
};
const ok = (answer) => { assert.equal(answer.status, 200, JSON.stringify(answer.body)); return answer.body; };
const refused = (answer, code = 'invalid_verification') => assert.deepEqual([answer.status, answer.body.code], [422, code], JSON.stringify(answer.body));
const textOf = async (server, wallet, more = {}, token) => ok(await server.call('POST', '/wallets/message', {
  body: { address: wallet.address, chain: wallet.chain, origin, ...more }, ...(token && { authorization: `Bearer ${token}` }),
})).message;

let server;
let chains;
let contracts;
const rpc = () => chains.map(({ id, url }) => `{chainId: ${id}, url: "${url}"}`).join(', ');
const start = (undeployed) => startServer({ smtpPort: 9, WALLETS: `{chains: [EVM, SOL], rpc: [${rpc()}], undeployed: ${undeployed}}` });

before(async () => {
  contracts = compile();
  chains = await Promise.all([startChain(31337), startChain(31338)]);
  server = await start(true);
});
after(async () => {
  for (const chain of chains ?? []) chain.stop();
  if (server) assert.equal(await server.stop(), 0, server.log());
});

describe('keys', () => {
  for (const [name, make] of Object.entries({ viem: viemWallet, ethers: ethersWallet, '@solana/kit, base64': () => solanaWallet(), '@solana/kit, base58': () => solanaWallet(getBase58Decoder()) })) {
    it(`of ${name} sign in and step up, with either text`, async () => {
      const wallet = await make();
      const { user } = ok(await signIn(server, wallet));
      const text = await textOf(server, wallet);
      const again = ok(await server.call('POST', '/wallets/signin', { body: body(wallet, text, await wallet.sign(text)) }));
      assert.equal(again.user.id, user.id);
      const authorization = `Bearer ${again.minifiedJwt}`;
      const stepUp = async (message, ...requestedScopes) =>
        server.call('POST', '/wallets/verify', { authorization, body: body(wallet, message, await wallet.sign(message), { requestedScopes }) });
      const scoped = () => textOf(server, wallet, { requestedScopes: ['wallet:export'] }, again.minifiedJwt);
      assert.ok(ok(await stepUp(await scoped(), 'wallet:export')).elevatedAccessToken);
      assert.ok(ok(await stepUp(published(server, wallet, await nonce(server)), 'wallet:export')).elevatedAccessToken);
      refused(await stepUp(await scoped(), 'wallet:sign'));
      refused(await stepUp(text, 'wallet:export'));
    });
  }

  it('of others do not sign for this one', async () => {
    for (const make of [viemWallet, ethersWallet, solanaWallet]) {
      const [wallet, other] = [await make(), await make()];
      refused(await signIn(server, wallet, other.sign));
    }
  });

  it('give one verdict on altered signatures, here and at viem and ethers', async () => {
    const wallet = viemWallet();
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    for (let round = 0; round < 24; round += 1) {
      const text = published(server, wallet, await nonce(server));
      const good = await wallet.sign(text);
      const at = 2 + Math.floor(Math.random() * (good.length - 4));
      const flipped = `${good.slice(0, at)}${((parseInt(good[at], 16) + 1 + (round % 15)) % 16).toString(16)}${good.slice(at + 1)}`;
      const signature = round < 4 ? good : flipped;
      const theirs = await Promise.all([
        viemVerify({ address: wallet.address, message: text, signature }).catch(() => false),
        (async () => ethersVerify(text, signature) === wallet.address)().catch(() => false),
      ]);
      const ours = (await server.call('POST', '/wallets/signin', { body: body(wallet, text, signature) })).status === 200;
      assert.deepEqual([ours, ours], theirs, signature);
    }
    // Where they differ we are the stricter one: the high s means the same as the low.
    const text = published(server, wallet, await nonce(server));
    const good = await wallet.sign(text);
    const high = `0x${good.slice(2, 66)}${(order - BigInt(`0x${good.slice(66, 130)}`)).toString(16).padStart(64, '0')}${good.endsWith('1b') ? '1c' : '1b'}`;
    refused(await server.call('POST', '/wallets/signin', { body: body(wallet, text, high) }));
  });
});

describe('texts', () => {
  it('of ours are read the same by siwe and by viem', async () => {
    const wallet = ethersWallet();
    const { minifiedJwt } = ok(await signIn(server, wallet));
    for (const [more, token, scopes] of [[{}, undefined, []], [{}, minifiedJwt, []], [{ action: 'transfer' }, minifiedJwt, []], [{ requestedScopes: ['wallet:export'], network: '137' }, minifiedJwt, ['wallet:export']]]) {
      const text = await textOf(server, wallet, more, token);
      const [siwe, viem] = [new SiweMessage(text), parseSiweMessage(text)];
      assert.equal(siwe.prepareMessage(), text);
      assert.deepEqual([siwe.address, siwe.domain, siwe.chainId, siwe.requestId, siwe.resources], [wallet.address, 'localhost:3000', Number(more.network ?? 1), server.environment, viem.resources]);
      assert.deepEqual(siwe.resources.filter((r) => r.startsWith('urn:stepup:scope:')), scopes.map((s) => `urn:stepup:scope:${s}`));
      for (const scope of scopes) assert.ok(siwe.statement.includes(scope), siwe.statement);
      assert.ok(new Date(siwe.expirationTime) - new Date(siwe.issuedAt) <= 300_000);
      const { success } = await siwe.verify({ signature: await wallet.sign(text), domain: 'localhost:3000', nonce: viem.nonce });
      assert.equal(success, true);
    }
  });

  it('are refused here whenever siwe refuses them, and when they say anything else than what was built', async () => {
    const wallet = ethersWallet();
    ok(await signIn(server, wallet));
    const swap = (a, b) => (text) => { assert.ok(text.includes(a), a); return text.replace(a, b); };
    const mutations = {
      'a trailing line': (t) => `${t}\n`, 'a leading space': (t) => ` ${t}`, 'a trailing space': (t) => `${t} `, 'CRLF': (t) => t.replaceAll('\n', '\r\n'),
      'version 2': swap('Version: 1', 'Version: 2'), 'no version': swap('Version: 1\n', ''), 'chain 01': swap('Chain ID: 1', 'Chain ID: 01'), 'chain x': swap('Chain ID: 1', 'Chain ID: x'),
      'no chain': swap('Chain ID: 1\n', ''), 'small letters': (t) => t.replace(wallet.address, wallet.address.toLowerCase()), 'a short nonce': (t) => t.replace(/Nonce: .*/, 'Nonce: short'),
      'no nonce': (t) => t.replace(/Nonce: .*\n/, ''), 'two nonces': (t) => t.replace(/(Nonce: .*\n)/, '$1$1'), 'no time': (t) => t.replace(/Issued At: .*\n/, ''), 'a wrong time': (t) => t.replace(/Issued At: .*/, 'Issued At: today'),
      'fields out of order': (t) => t.replace(/(Chain ID: .*\n)(Nonce: .*\n)/, '$2$1'), 'another domain': swap('localhost:3000 wants', 'evil.example wants'), 'a user before it': swap('localhost:3000 wants', 'x@localhost:3000 wants'),
      'no domain': swap('localhost:3000 wants', ' wants'), 'another URI': swap('URI: http://localhost:3000/', 'URI: http://evil.example/'), 'no URI': swap('URI: http://localhost:3000/', 'URI: nowhere'), 'another sentence': swap('Welcome', 'Goodbye'),
      'a line break in it': swap('Welcome', 'Wel\ncome'), 'no request id': (t) => t.replace(/\nRequest ID: .*/, ''), 'a resource': (t) => `${t}\nResources:\n- https://a.example`, 'half a resource': (t) => `${t}\nResources:\n-`,
      'an expiration in the past': (t) => t.replace(/(Issued At: .*\n)/, '$1Expiration Time: 2020-01-01T00:00:00.000Z\n'), 'not yet valid': (t) => t.replace(/(Issued At: .*\n)/, '$1Not Before: 2120-01-01T00:00:00.000Z\n'),
    };
    // Well-formed, and refused for what they say.
    const saysSomethingElse = new Set(['a user before it', 'chain 01', 'another domain', 'another URI', 'another sentence', 'no request id', 'a resource', 'an expiration in the past', 'not yet valid', 'small letters']);
    for (const [name, mutate] of Object.entries(mutations)) {
      const text = mutate(published(server, wallet, await nonce(server)));
      const answer = await server.call('POST', '/wallets/signin', { body: body(wallet, text, await wallet.sign(text)) });
      assert.equal(answer.status, 422, `${name}: ${JSON.stringify(answer.body)}`);
      if (!saysSomethingElse.has(name)) assert.throws(() => new SiweMessage(text), undefined, `${name}: siwe takes it`);
    }
  });
});

describe('contract wallets', () => {
  const contract = (address, sign, chainId = 31337) => ({ chain: 'EVM', address, chainId, sign });
  const junk = async () => '0x1234';

  it('that know their owner sign in and step up on their chain', async () => {
    const owner = viemWallet();
    const wallet = contract(await chains[0].deploy(contracts.OwnerWallet, owner.address), owner.sign);
    const { user, minifiedJwt } = ok(await signIn(server, wallet));
    assert.equal(user.verifiedCredentials[0].address, wallet.address);
    const text = await textOf(server, wallet, { network: '31337', requestedScopes: ['wallet:export'] }, minifiedJwt);
    const up = ok(await server.call('POST', '/wallets/verify', { authorization: `Bearer ${minifiedJwt}`, body: body(wallet, text, await owner.sign(text), { requestedScopes: ['wallet:export'] }) }));
    assert.ok(up.elevatedAccessToken);
    refused(await signIn(server, wallet, viemWallet().sign));
    refused(await signIn(server, { ...wallet, chainId: 1 }));
    refused(await signIn(server, { ...wallet, chainId: 31338 }));
  });

  it('G5: that say yes to everything gain nothing but their own address', async () => {
    const hostile = contract(await chains[0].deploy(contracts.AlwaysYes), junk);
    const { user } = ok(await signIn(server, hostile));
    const victim = viemWallet();
    const { user: owner } = ok(await signIn(server, victim));
    assert.notEqual(user.id, owner.id);
    // Its own text, in somebody else's name; and somebody else's text, which it has not signed.
    const own = published(server, hostile, await nonce(server));
    refused(await server.call('POST', '/wallets/signin', { body: body(victim, own, '0x1234') }), 'invalid_chain_address_match');
    refused(await signIn(server, { ...victim, chainId: 31337 }, junk));
    const theirs = published(server, { ...victim, chainId: 31337 }, await nonce(server));
    refused(await server.call('POST', '/wallets/signin', { body: body(hostile, theirs, await victim.sign(theirs)) }), 'invalid_chain_address_match');
  });

  it('G5: of one owner do not share their signatures', async () => {
    const owner = viemWallet();
    const [first, second] = [contract(await chains[0].deploy(contracts.OwnerWallet, owner.address), owner.sign), contract(await chains[0].deploy(contracts.OwnerWallet, owner.address), owner.sign)];
    const { user } = ok(await signIn(server, second));
    const text = published(server, first, await nonce(server));
    refused(await server.call('POST', '/wallets/signin', { body: body(second, text, await owner.sign(text)) }), 'invalid_chain_address_match');
    assert.notEqual(ok(await signIn(server, first)).user.id, user.id);
    assert.notEqual(ok(await signIn(server, owner)).user.id, user.id);
  });

  it('G5: at the same address of another chain are somebody else', async () => {
    const owner = viemWallet();
    const here = await chains[0].deploy(contracts.OwnerWallet, owner.address);
    let there; // the same account has taken fewer steps there: it catches up until the addresses are the same
    while (there !== here) there = await chains[1].deploy(contracts.AlwaysYes);
    const { user } = ok(await signIn(server, contract(here, owner.sign)));
    const { user: thief } = ok(await signIn(server, contract(there, junk, 31338)));
    assert.notEqual(thief.id, user.id);
  });

  it('G6: that revert, ramble, burn gas or are not there do not sign', async () => {
    for (const name of ['Reverting', 'Junk', 'Talkative', 'Untidy', 'GasBurner', 'Idle']) {
      refused(await signIn(server, contract(await chains[0].deploy(contracts[name]), junk)));
    }
    refused(await signIn(server, contract(viemWallet().address, junk)));
  });

  it('G6: that are not deployed sign where that is allowed, and stay undeployed', async () => {
    const owner = viemWallet();
    const factory = await chains[0].deploy(contracts.Factory);
    const salt = toHex(7n, { size: 32 });
    const address = await chains[0].read(factory, contracts.Factory, 'addressOf', owner.address, salt);
    const preparation = encodeFunctionData({ abi: contracts.Factory.abi, functionName: 'deploy', args: [owner.address, salt] });
    const wrap = (by, sign, data = preparation) => async (text) => serializeErc6492Signature({ address: by, data, signature: await sign(text) });
    const wallet = contract(address, wrap(factory, owner.sign));
    const { user } = ok(await signIn(server, wallet));
    assert.equal(await chains[0].code(address), undefined, 'asking deployed it');
    refused(await signIn(server, wallet, wrap(factory, viemWallet().sign)));
    refused(await signIn(server, wallet, owner.sign)); // unwrapped, there is nobody to ask
    refused(await signIn(server, wallet, wrap(await chains[0].deploy(contracts.Idle), owner.sign)));
    refused(await signIn(server, wallet, wrap(await chains[0].deploy(contracts.GasBurner), owner.sign)));
    refused(await signIn(server, wallet, wrap(viemWallet().address, owner.sign)));
    refused(await signIn(server, contract(viemWallet().address, wallet.sign))); // deploys another address

    await chains[0].write(factory, contracts.Factory, 'deploy', owner.address, salt);
    for (const sign of [owner.sign, wallet.sign]) assert.equal(ok(await signIn(server, wallet, sign)).user.id, user.id);

    const strict = await start(false);
    try {
      refused(await signIn(strict, wallet), 'wallet_not_deployed');
      ok(await signIn(strict, wallet, owner.sign));
    } finally {
      await strict.stop();
    }
  });

  it('G6: do not sign while their node is away', async () => {
    const owner = viemWallet();
    const wallet = contract(await chains[1].deploy(contracts.OwnerWallet, owner.address), owner.sign, 31338);
    ok(await signIn(server, wallet));
    chains[1].stop();
    const answer = await signIn(server, wallet);
    assert.deepEqual([answer.status, answer.body.code], [503, 'temporarily_unavailable']);
    ok(await signIn(server, { ...owner, chainId: 31338 })); // a key needs no node
  });
});
