package waas

import (
	"context"
	"strconv"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/who"
)

// Transaction is one that a wallet has signed, and where it is to be sent: the name,
// chain id or cluster of a network of the environment; empty: the only one of the
// wallet's chain.
type Transaction struct {
	Signed  []byte
	Network string
}

// Sent is by what a transaction is found again.
type Sent struct {
	ID      string // EVM: the hash; Solana: the first signature
	Network string // its name in the environment
}

// Broadcast sends a transaction that the wallet has signed.
func (d Desk) Broadcast(ctx context.Context, c who.Caller, w wallet.Wallet, t Transaction) (Sent, error) {
	to, err := findNetwork(c.Tenant.EmbeddedWallets.Networks, w.Chain, t.Network)
	if err != nil {
		return Sent{}, err
	}
	sent, err := d.Wallets.Broadcast(ctx, wallet.Broadcast{
		EnvironmentID: c.Tenant.ID, UserID: c.Session.UserID, WalletID: w.ID, SignedTransaction: t.Signed, RequestID: c.By.RequestID,
		Network: wallet.Network{Chain: w.Chain, ChainID: int64(to.ChainID), Cluster: to.Cluster, Name: to.Name, RPC: to.RPC},
	})
	if err != nil {
		return Sent{}, err
	}
	return Sent{ID: sent.TransactionID, Network: to.Name}, d.DB.Write(ctx, func(tx *store.Tx) error {
		return audit.Record(tx, c.By, "wallet.transaction.broadcast",
			audit.Detail{"wallet_id": w.ID, "network": to.Name, "transaction_id": sent.TransactionID})
	})
}

func findNetwork(networks []environment.Network, chain wallet.Chain, named string) (environment.Network, error) {
	var found []environment.Network
	for _, n := range networks {
		if n.Chain == string(chain) && (named == "" || named == n.Name || named == n.Cluster ||
			n.ChainID > 0 && named == strconv.Itoa(n.ChainID)) {
			found = append(found, n)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return environment.Network{}, fault.New(fault.NetworkNotFound,
			"This environment has several %s networks. Say which with network, by its name, chain id or cluster.", chain)
	case named == "":
		return environment.Network{}, fault.New(fault.NetworkNotFound,
			"This environment has no %s network to send transactions to. The operator adds one to embeddedWallets.networks.", chain)
	}
	return environment.Network{}, fault.New(fault.NetworkNotFound,
		"This environment has no %s network %.60q. The operator lists networks in embeddedWallets.networks.", chain, named)
}
