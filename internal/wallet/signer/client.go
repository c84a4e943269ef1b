package signer

import (
	"context"

	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

// Client asks the signer, as the coordinator. Its errors are faults; see
// [peer.Client].
type Client struct {
	*custody.Client
	peer *peer.Client
}

// NewClient makes a Client of a client of the role [wallet.Signer].
func NewClient(c *peer.Client) *Client { return &Client{custody.NewClient(c), c} }

// Checked is the answer of a check.
type Checked struct {
	Address string `json:"address"`
}

// Do creates, signs, exports or renews. When it returns nil for new shares, both
// custodians have verified them durably.
func (c *Client) Do(ctx context.Context, o wallet.Order) (done wallet.Done, err error) {
	err = c.peer.Call(ctx, "/signer/do", o, &done)
	return done, err
}

// Check says whether both custodians can still read the shares in force and they
// are those that once gave the address that it returns.
func (c *Client) Check(ctx context.Context, w wallet.Wallet) (address string, err error) {
	var checked Checked
	err = c.peer.Call(ctx, "/signer/check",
		wallet.GenerationRef{EnvironmentID: w.EnvironmentID, WalletID: w.ID, Generation: w.Generation}, &checked)
	return checked.Address, err
}
