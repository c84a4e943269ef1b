package sdk

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
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
	coordinator, err := a.coordinator(c)
	if err != nil {
		return CreatedWallet{}, err
	}
	if err := door.Need("chain", r.Chain); err != nil {
		return CreatedWallet{}, err
	}
	offer, scheme := c.Tenant.EmbeddedWallets, cmp.Or(r.ThresholdSignatureScheme, string(wallet.TwoOfTwo))
	switch {
	case !wallet.Chain(r.Chain).Valid():
		return CreatedWallet{}, fault.New(fault.ChainNotSupported, "There are no wallets of %.40q here. Use EVM or SOL.", r.Chain)
	case !offer.Makes(r.Chain):
		return CreatedWallet{}, fault.New(fault.ChainNotSupported,
			"This environment keeps no %s wallets. The operator adds the chain to embeddedWallets.chains.", r.Chain)
	}
	if err := offers(c, scheme); err != nil {
		return CreatedWallet{}, err
	}
	id, err := door.DerivedID(c.OperationID)
	if err != nil {
		return CreatedWallet{}, err
	}
	e, err := intend(c, wallet.Create, "", wallet.Wallet{ID: id, Chain: wallet.Chain(r.Chain)},
		fixed(wallet.CreateRequest{Chain: wallet.Chain(r.Chain), Scheme: wallet.Scheme(scheme)}))
	if err != nil {
		return CreatedWallet{}, err
	}
	have, err := coordinator.Wallets(c.Context(), c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return CreatedWallet{}, err
	}
	outcome, err := a.perform(c, e, func(tx *store.Tx) error { return roomForOne(c, tx, have) })
	if err != nil {
		return CreatedWallet{}, err
	}
	return CreatedWallet{OperationResult: viewOutcome(outcome), AccountAddress: outcome.Wallet.Address}, nil
}

// offers refuses a scheme that the environment does not offer.
func offers(c *door.Call, scheme string) error {
	if wallet.Scheme(scheme).Valid() && !c.Tenant.EmbeddedWallets.Offers(scheme) {
		return fault.New(fault.InvalidRequest,
			"This environment does not offer %s. The operator lists schemes in embeddedWallets.schemes.", scheme)
	}
	return nil
}

// recently is how long a wallet lives at least: a deleted one has a longer grace.
const recently = time.Hour

// roomForOne holds the limit of wallets per user, which is locked: have was read
// before that, so wallets that are being made, or were a moment ago, count too.
func roomForOne(c *door.Call, tx *store.Tx, have []wallet.Wallet) error {
	begun, err := tx.WalletsBegun(c.Tenant.ID, c.Session.UserID, tx.Now().Add(-recently))
	if err != nil {
		return err
	}
	count := len(have)
	for _, id := range begun {
		if !slices.ContainsFunc(have, func(w wallet.Wallet) bool { return w.ID == id }) {
			count++
		}
	}
	if most := c.Tenant.EmbeddedWallets.PerUser; count >= most {
		return fault.New(fault.TooManyWallets,
			"You have %d wallets here, which is as many as this environment allows. Use one of them.", count)
	}
	return nil
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
	coordinator, err := a.coordinator(c)
	if err != nil {
		return WalletList{}, err
	}
	all, err := coordinator.Wallets(c.Context(), c.Tenant.ID, c.Session.UserID)
	offer := c.Tenant.EmbeddedWallets
	list := WalletList{Wallets: []EmbeddedWallet{}, Chains: offer.Chains, Schemes: offer.Schemes, Networks: []WalletNetwork{}}
	for _, n := range offer.Networks {
		list.Networks = append(list.Networks, WalletNetwork{n.Name, n.Chain, n.ChainID, n.Cluster, n.Symbol, n.Decimals})
	}
	for _, w := range all {
		list.Wallets = append(list.Wallets, viewWallet(w))
	}
	return list, err
}

func (a *API) waasGet(c *door.Call, _ door.None) (EmbeddedWallet, error) {
	coordinator, err := a.coordinator(c)
	if err != nil {
		return EmbeddedWallet{}, err
	}
	w, err := coordinator.Wallet(c.Context(), c.Tenant.ID, c.Session.UserID, c.Path("walletId"))
	if err != nil {
		return EmbeddedWallet{}, err
	}
	if w.State == wallet.Deleted {
		err = c.Write(func(tx *store.Tx) error {
			return account.ForgetEmbedded(c.Caller, tx, w.ID)
		})
	}
	return viewWallet(w), err
}

// keepsNothing refuses to delete the account of somebody whose wallets are kept
// here and in use: nobody could reach what is in them any more.
func (a *API) keepsNothing(c *door.Call) error {
	if a.Wallets == nil || !c.Tenant.EmbeddedWallets.Enabled {
		return nil
	}
	all, err := a.Wallets.Wallets(c.Context(), c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return err
	}
	for _, w := range all {
		if w.State == wallet.Active || w.State == wallet.Disabled {
			return fault.New(fault.Conflict, "Wallet %s is kept for this account, and nobody could reach it any more. Move what it holds "+
				"or export its key, and delete the wallet first.", w.Address)
		}
	}
	return nil
}

// keepWallet shows a new wallet among the user's credentials, where it vouches
// for nobody.
func keepWallet(c *door.Call, tx *store.Tx, w wallet.Wallet) error {
	kind, ok := chain.Parse(string(w.Chain))
	if !ok {
		return errors.New("recording a wallet: no chain " + string(w.Chain))
	}
	detail := account.Detail{
		Address: w.Address, Chain: kind.Namespace(), WalletName: "embedded" + string(kind), WalletProvider: embeddedWallet,
		EmbeddedWalletID: w.ID,
	}
	return account.KeepEmbedded(c.Caller, tx, account.Address{
		Format: store.FormatBlockchain, Identifier: kind.Identifier(w.Address), Written: w.Address, Detail: detail.JSON(),
	})
}
