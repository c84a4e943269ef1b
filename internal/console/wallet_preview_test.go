package console

import (
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/wallet"
)

func cannedWallets(change func(*walletListPage)) walletListPage {
	const solana = "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU"
	item := func(id, chain, address string, kept *wallet.Wallet) walletItem {
		return walletItem{ID: id, Chain: chain, Address: address, Owner: "grace@example.com", OwnerPath: inPreview + "users/" + graceID,
			CreatedAt: ago(90 * day), Kept: kept}
	}
	p := walletListPage{Path: inPreview + "wallets", Document: inPreview + "security/document",
		Rules: environment.EmbeddedWallets{Enabled: true, Chains: []string{"EVM", "SOL"},
			Schemes: []string{"TWO_OF_TWO", "TWO_OF_THREE"}, PerUser: 20,
			Networks: []environment.Network{{Name: "Sepolia"}, {Name: "Devnet"}}},
		Wallets: []walletItem{
			item("6b1f0c1e-0001", "EVM", graceWallet, &wallet.Wallet{Scheme: wallet.TwoOfTwo, Generation: 3, State: wallet.Active,
				ExportedAt: ago(day)}),
			item("6b1f0c1e-0002", "Solana", solana, &wallet.Wallet{Scheme: wallet.TwoOfThree, Generation: 1, State: wallet.Disabled}),
			item("6b1f0c1e-0003", "EVM", "0x0000000000000000000000000000000000000003", &wallet.Wallet{Scheme: wallet.TwoOfTwo,
				Generation: 1, State: wallet.Deleting, DeleteAt: previewNow.Add(3 * day)}),
			{ID: "6b1f0c1e-0004", Chain: "EVM", Address: "0x0000000000000000000000000000000000000004", Owner: "<b>not mark-up</b>",
				OwnerPath: inPreview + "users/" + canaryID, CreatedAt: ago(day), Missing: true},
		},
		Pager: Pager{Next: inPreview + "wallets?after=" + graceID + ".c6"}}
	change(&p)
	return p
}

var _ = canned(
	sample{name: "wallet_list", at: inPreview + "wallets", page: cannedWallets(func(*walletListPage) {})},
	sample{name: "wallet_list_away", at: inPreview + "wallets", page: cannedWallets(func(p *walletListPage) {
		p.Away, p.Pager, p.Wallets = true, Pager{}, p.Wallets[:2]
		for i := range p.Wallets {
			p.Wallets[i].Kept = nil
		}
	})},
	sample{name: "wallet_list_nobody", at: inPreview + "wallets?search=x", page: cannedWallets(func(p *walletListPage) {
		p.Search, p.Wallets, p.Pager = "0xdead", nil, Pager{}
	})},
	sample{name: "wallet_list_none", at: inPreview + "wallets", page: cannedWallets(func(p *walletListPage) {
		p.Wallets, p.Pager, p.None = nil, Pager{}, true
	})},
	sample{name: "wallet_list_off", at: inPreview + "wallets", page: cannedWallets(func(p *walletListPage) {
		p.Wallets, p.Pager, p.Rules = nil, Pager{}, environment.EmbeddedWallets{}
	})},
)
