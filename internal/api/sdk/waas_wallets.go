package sdk

import (
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// CreateWalletRequest asks for a wallet. Published clients also send
// clientKeygenIds, which nothing here needs.
type CreateWalletRequest struct {
	Chain                    string   `json:"chain"`                              // EVM or SOL
	ThresholdSignatureScheme string   `json:"thresholdSignatureScheme,omitempty"` // TWO_OF_TWO unless said
	ClientKeygenIDs          []string `json:"clientKeygenIds,omitempty"`
}

// CreatedWallet also names the address as published clients look for it.
type CreatedWallet struct {
	OperationResult
	AccountAddress string `json:"accountAddress"`
}

func (a *API) waasCreate(c *door.Call, r CreateWalletRequest) (CreatedWallet, error) {
	if err := a.wallets.Open(c.Caller); err != nil {
		return CreatedWallet{}, err
	}
	if err := door.Need("chain", r.Chain); err != nil {
		return CreatedWallet{}, err
	}
	asked := ask(c, wallet.Create)
	var err error
	if asked.WalletID, err = door.DerivedID(c.OperationID); err != nil {
		return CreatedWallet{}, err
	}
	p, err := a.wallets.Create(c.Context(), c.Caller, asked,
		wallet.CreateRequest{Chain: wallet.Chain(r.Chain), Scheme: wallet.Scheme(r.ThresholdSignatureScheme)})
	if err != nil {
		return CreatedWallet{}, err
	}
	outcome, err := a.perform(c, p)
	if err != nil {
		return CreatedWallet{}, err
	}
	return CreatedWallet{OperationResult: viewOutcome(outcome), AccountAddress: outcome.Wallet.Address}, nil
}

// WalletList are the user's wallets, oldest first, and what the environment
// offers for them.
type WalletList struct {
	Wallets  []EmbeddedWallet `json:"wallets"`
	Chains   []string         `json:"chains"`
	Schemes  []string         `json:"schemes"`
	Networks []WalletNetwork  `json:"networks"`
}

// WalletNetwork is where a transaction can be sent.
type WalletNetwork struct {
	Name     string `json:"name"`
	Chain    string `json:"chain"`
	ChainID  int    `json:"chainId,omitempty"` // EVM
	Cluster  string `json:"cluster,omitempty"` // Solana
	Symbol   string `json:"symbol"`            // of the chain's own coin
	Decimals int    `json:"decimals"`
}

func (a *API) waasList(c *door.Call, _ door.None) (WalletList, error) {
	all, err := a.wallets.List(c.Context(), c.Caller)
	if err != nil {
		return WalletList{}, err
	}
	offer := c.Tenant.EmbeddedWallets
	list := WalletList{Wallets: []EmbeddedWallet{}, Chains: offer.Chains, Schemes: offer.Schemes, Networks: []WalletNetwork{}}
	for _, n := range offer.Networks {
		list.Networks = append(list.Networks, WalletNetwork{n.Name, n.Chain, n.ChainID, n.Cluster, n.Symbol, n.Decimals})
	}
	for _, w := range all {
		list.Wallets = append(list.Wallets, viewWallet(w))
	}
	return list, nil
}

func (a *API) waasGet(c *door.Call, _ door.None) (EmbeddedWallet, error) {
	w, err := a.wallets.Show(c.Context(), c.Caller, c.Path("walletId"))
	return viewWallet(w), err
}
