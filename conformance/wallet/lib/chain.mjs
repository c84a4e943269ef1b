// A real EVM: anvil on a free port, and the contracts of contracts/ on it.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPublicClient, createWalletClient, defineChain, getAddress, http } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { freePort } from '../../real-client/lib/server.mjs';

const require = createRequire(import.meta.url);

/** What solc makes of contracts/Wallets.sol: {Name: {abi, bytecode}}. */
export const compile = () => {
  const solc = require('solc');
  const source = readFileSync(new URL('../contracts/Wallets.sol', import.meta.url), 'utf8');
  const output = JSON.parse(solc.compile(JSON.stringify({
    language: 'Solidity', sources: { 'Wallets.sol': { content: source } },
    settings: { evmVersion: 'paris', outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
  })));
  const errors = (output.errors ?? []).filter((e) => e.severity === 'error');
  if (errors.length > 0) throw new Error(errors.map((e) => e.formattedMessage).join('\n'));
  return Object.fromEntries(Object.entries(output.contracts['Wallets.sol']).map(([name, c]) => [name, { abi: c.abi, bytecode: `0x${c.evm.bytecode.object}` }]));
};

/** Starts a chain of the id. Every chain has the same rich account, so that the same steps give the same addresses. */
export const startChain = async (id) => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  // The binary itself: its wrapper would leave it running.
  const { arch, platform } = process;
  const name = `@foundry-rs/anvil-${platform}-${arch === 'x64' ? 'amd64' : arch}`;
  const bin = join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'anvil');
  const child = spawn(bin, ['--port', String(port), '--chain-id', String(id), '--silent'], { stdio: 'ignore' });
  let ended = false;
  child.on('exit', () => { ended = true; });
  child.on('error', () => { ended = true; });
  const chain = defineChain({ id, name: `test ${id}`, nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 }, rpcUrls: { default: { http: [url] } } });
  const reader = createPublicClient({ chain, transport: http(url), pollingInterval: 50 });
  for (const until = Date.now() + 60_000; !(await reader.getChainId().then(() => true, () => false));) {
    if (ended || Date.now() > until) throw new Error('anvil did not start');
    await sleep(50);
  }
  const account = mnemonicToAccount('test test test test test test test test test test test junk');
  const writer = createWalletClient({ account, chain, transport: http(url) });
  const wait = async (hash) => {
    const receipt = await reader.waitForTransactionReceipt({ hash });
    if (receipt.status !== 'success') throw new Error(`transaction ${hash} failed`);
    return receipt;
  };
  return {
    id, url, reader,
    deploy: async ({ abi, bytecode }, ...args) => getAddress((await wait(await writer.deployContract({ abi, bytecode, args }))).contractAddress),
    write: async (address, { abi }, functionName, ...args) => wait(await writer.writeContract({ address, abi, functionName, args })),
    read: (address, { abi }, functionName, ...args) => reader.readContract({ address, abi, functionName, args }),
    code: (address) => reader.getCode({ address }),
    stop: () => { child.kill('SIGKILL'); },
  };
};
