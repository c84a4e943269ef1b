// Wallets that the server keeps for the user. Each thing that one of them does is
// first put into words by the server; the proof is for just that.

import { h, show } from '../dom.js'
import { Node, fromWei, toWei } from '../chain.js'
import { broadcastTransaction, createWallet, ensure, exportWaasPrivateKey, getWalletIntent, getWallets, refreshWallet, signWithWallet } from '../stepup/client.js'
import { ask } from './dialog.js'
import { icon } from './icons.js'
import { ensureIntent } from './intent.js'
import { button, copyButton, field, outcomePlace, stopped } from './parts.js'

const SCHEMES = { TWO_OF_TWO: '2 of 2', TWO_OF_THREE: '2 of 3', THREE_OF_FIVE: '3 of 5' }
const CHAINS = { EVM: 'EVM wallet', SOL: 'Solana wallet' }

export function keptWalletsCard(session) {
  const place = outcomePlace()
  const list = h('ul', { class: 'kept-list' })
  const node = session.config.chain && new Node(session.config.chain.rpc)
  const views = new Map() // by wallet id, so that an outcome outlives a new reading of the list
  const load = async () => {
    const wallets = await getWallets(session.client)
    for (const wallet of wallets) {
      if (!views.has(wallet.walletId)) views.set(wallet.walletId, keptWallet({ session, node, reload: load }))
      views.get(wallet.walletId).draw(wallet)
    }
    list.hidden = show(list, wallets.map((w) => views.get(w.walletId).element)).childElementCount === 0
  }
  const make = (chain, label) => button(label, () => place.run(async () => {
    await createWallet({ chain }, session.client)
    await load()
    place.good(`Your ${CHAINS[chain]} is ready. Nobody had to see its key.`)
  }), { class: 'button', 'data-do': `create-${chain}` })
  list.hidden = true
  if (session.owes) place.note('Wallets open to this session after its second factor.')
  else place.run(load)
  return h('article', { class: 'card', 'data-card': 'kept' },
    h('header', { class: 'card-head' }, h('h3', {}, 'Embedded wallets'), h('code', { class: 'scope' }, 'wallet:*')),
    h('p', {}, 'Kept by the server, split between two custodians that each check your proof. The key is whole only while it is used.'),
    list,
    h('div', { class: 'row' }, make('EVM', 'Create an EVM wallet'), make('SOL', 'Create a Solana wallet')),
    place.element)
}

function keptWallet(context) {
  const place = outcomePlace()
  const body = h('div', { class: 'kept-body' })
  const element = h('li', { class: 'kept' }, body, place.element)
  return {
    element,
    draw(wallet) {
      element.dataset.wallet = wallet.chain
      const onChain = wallet.chain === 'EVM' && context.node && coins(context, wallet, place)
      const act = actions({ ...context, wallet, place, onChain })
      show(body,
        h('p', { class: 'kept-name' }, icon('blockchain'), h('strong', {}, CHAINS[wallet.chain]),
          h('span', { class: 'pill' }, SCHEMES[wallet.thresholdSignatureScheme]),
          h('span', { class: 'pill', 'data-generation': wallet.generation }, `share set ${wallet.generation}`),
          wallet.exportedAt && h('span', { class: 'pill' }, 'exported'),
          wallet.state !== 'active' && h('span', { class: 'pill' }, wallet.state)),
        h('p', { class: 'kept-address' }, h('code', {}, wallet.address), copyButton(wallet.address, 'address')),
        onChain && onChain.element,
        h('div', { class: 'row' },
          button('Sign a message', act.sign, { class: 'button small', 'data-do': 'kept-sign' }),
          onChain && button('Send', act.send, { class: 'button small', 'data-do': 'kept-send' }),
          button('Refresh', act.refresh, { class: 'button small', title: 'New shares of the same key', 'data-do': 'kept-refresh' }),
          button('Export the key', act.exportKey, { class: 'button small danger', 'data-do': 'kept-export' })))
    },
  }
}

/** What is on the wallet at the local chain. Nothing is asked there before somebody wants to know. */
function coins({ node, session }, wallet, place) {
  const shown = h('span', { class: 'hint', 'data-balance': '' }, `On ${session.config.chain.name}`)
  const look = async () => { show(shown, `${fromWei(await node.balance(wallet.address))} ETH on ${session.config.chain.name}`) }
  const element = h('p', { class: 'row' }, shown,
    button('Balance', () => place.run(look), { class: 'button small', 'data-do': 'kept-balance' }),
    button('Set to 10 ETH', () => place.run(async () => {
      await node.fund(wallet.address, toWei('10'))
      await look()
    }), { class: 'button small', 'data-do': 'kept-fund' }))
  return { element, look }
}

function actions({ session, node, wallet, place, onChain, reload }) {
  const { client } = session
  const { walletId } = wallet
  // The intent is what the server says the request will do; the token is for it alone.
  const perform = (request, act, done) => place.run(async () => {
    const asked = { walletId, ...request }
    const intent = await getWalletIntent(asked, client)
    const acted = await ensureIntent(client, intent, () => act({ ...asked, binding: intent.binding }, client))
    if (!stopped(place, acted)) await done(acted.result)
  })
  return {
    async sign() {
      place.clear()
      const text = field('Message', { name: 'message', required: true, autocomplete: 'off', value: 'I was here.' })
      const asked = await ask('Sign a message', 'Whoever has the signature can show that this wallet signed these words.', [text], 'Go on')
      if (asked.kind !== 'asked') return
      await perform({ message: text.input.value }, signWithWallet, ({ signature }) =>
        place.good('Signed. ', h('code', { 'data-signature': '' }, signature), ' ', copyButton(signature, 'signature')))
    },
    async send() {
      place.clear()
      const to = field('To', { name: 'to', required: true, pattern: '0x[0-9a-fA-F]{40}', title: 'An address: 0x and 40 hex digits', autocomplete: 'off', value: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8' })
      const amount = field('Amount in ETH', { name: 'amount', required: true, inputmode: 'decimal', pattern: '\\d{1,12}(\\.\\d{1,18})?', title: 'A number such as 0.25', value: '0.25' })
      const asked = await ask('Send coins', `On ${session.config.chain.name}, a chain for development.`, [to, amount], 'Go on')
      if (asked.kind !== 'asked') return
      const { chainId, name } = session.config.chain
      let transaction
      if (!await place.run(async () => { transaction = await node.transfer({ chainId, from: wallet.address, to: to.input.value, wei: toWei(amount.input.value) }) })) return
      await perform({ transaction }, signWithWallet, async ({ signedTransaction }) => {
        const { transactionHash } = await broadcastTransaction({ walletId, signedTransaction, network: String(chainId) }, client)
        const receipt = await node.receipt(transactionHash)
        place.good(receipt ? `Mined in block ${Number(receipt.blockNumber)} of ${name}. ` : `Sent to ${name}. `, h('code', { 'data-transaction': '' }, transactionHash))
        await onChain.look().catch(() => {}) // the coins have moved all the same
      })
    },
    refresh: () => perform({ action: 'refresh' }, refreshWallet, async ({ generation }) => {
      await reload()
      place.good(`Both custodians have new shares (${generation}). The address stays, and the old shares fit nothing any more.`)
    }),
    // The key is shown in a frame of the server's, sealed on its way there: this page never has it.
    exportKey: () => place.run(async () => {
      const done = await ensure('wallet:export', () => exportWaasPrivateKey({ walletAccount: wallet }, client), client)
      if (stopped(place, done)) return
      await reload()
      place.note('The key was shown. This page has not seen it, but whoever has it has the wallet.')
    }),
  }
}
