package waas

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/who"
)

// Create plans a new wallet, as the environment offers them. Without a scheme it is
// TWO_OF_TWO.
func (d Desk) Create(ctx context.Context, c who.Caller, a Ask, r wallet.CreateRequest) (Plan, error) {
	if err := d.Open(c); err != nil {
		return Plan{}, err
	}
	r.Scheme = cmp.Or(r.Scheme, wallet.TwoOfTwo)
	switch {
	case !r.Chain.Valid():
		return Plan{}, fault.New(fault.ChainNotSupported, "There are no wallets of %.40q here. Use EVM or SOL.", r.Chain)
	case !c.Tenant.EmbeddedWallets.Makes(string(r.Chain)):
		return Plan{}, fault.New(fault.ChainNotSupported,
			"This environment keeps no %s wallets. The operator adds the chain to embeddedWallets.chains.", r.Chain)
	}
	if err := offers(c, r.Scheme); err != nil {
		return Plan{}, err
	}
	p, err := plan(c, a, wallet.Wallet{ID: a.WalletID, Chain: r.Chain}, Fixed(r))
	if err != nil {
		return Plan{}, err
	}
	have, err := d.Wallets.Wallets(ctx, c.Tenant.ID, c.Session.UserID)
	p.first = func(tx *store.Tx) error { return roomForOne(c, tx, have) }
	return p, err
}

// offers refuses a scheme that the environment does not offer.
func offers(c who.Caller, scheme wallet.Scheme) error {
	if scheme.Valid() && !c.Tenant.EmbeddedWallets.Offers(string(scheme)) {
		return fault.New(fault.InvalidRequest,
			"This environment does not offer %s. The operator lists schemes in embeddedWallets.schemes.", scheme)
	}
	return nil
}

// recently is how long a wallet lives at least: a deleted one has a longer grace.
const recently = time.Hour

// roomForOne holds the limit of wallets per user, who is locked: have was read
// before that, so wallets that are being made, or were a moment ago, count too.
func roomForOne(c who.Caller, tx *store.Tx, have []wallet.Wallet) error {
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

// keep shows a new wallet among the user's credentials, where it vouches for nobody.
func keep(c who.Caller, tx *store.Tx, w wallet.Wallet) error {
	kind, ok := chain.Parse(string(w.Chain))
	if !ok {
		return errors.New("recording a wallet: no chain " + string(w.Chain))
	}
	detail := account.Detail{
		Address: w.Address, Chain: kind.Namespace(), WalletName: "embedded" + string(kind), WalletProvider: account.EmbeddedProvider,
		EmbeddedWalletID: w.ID,
	}
	return account.KeepEmbedded(c, tx, account.Address{
		Format: store.FormatBlockchain, Identifier: kind.Identifier(w.Address), Written: w.Address, Detail: detail.JSON(),
	})
}

// KeepsNothing refuses to delete the account of somebody whose wallets are kept here
// and in use: nobody could reach what is in them any more.
func (d Desk) KeepsNothing(ctx context.Context, c who.Caller) error {
	if d.Wallets == nil || !c.Tenant.EmbeddedWallets.Enabled {
		return nil
	}
	all, err := d.Wallets.Wallets(ctx, c.Tenant.ID, c.Session.UserID)
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
