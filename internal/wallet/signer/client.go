package signer

import (
	"context"

	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/custodian"
	"github.com/stepup-auth/stepup/internal/wallet/guardian"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

// Client asks the signer, as the coordinator. Its errors are faults; see
// [peer.Client].
type Client struct{ peer *peer.Client }

// NewClient makes a Client of a client of the role [wallet.Signer].
func NewClient(c *peer.Client) *Client { return &Client{c} }

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
		guardian.Generation{EnvironmentID: w.EnvironmentID, WalletID: w.ID, Generation: w.Generation}, &checked)
	return checked.Address, err
}

// Mark disables, restores or begins to delete a wallet.
func (c *Client) Mark(ctx context.Context, o wallet.Order) error {
	return c.peer.Call(ctx, "/signer/mark", o, &struct{}{})
}

// Settle says what became of a generation; the signer tells the guardian.
func (c *Client) Settle(ctx context.Context, v wallet.Settlement) error {
	return c.peer.Call(ctx, "/signer/settle", v, &struct{}{})
}

// Status is what the signer holds of a wallet.
func (c *Client) Status(ctx context.Context, environmentID, walletID string) (held wallet.Held, err error) {
	err = c.peer.Call(ctx, "/signer/status", custodian.WalletRef{EnvironmentID: environmentID, WalletID: walletID}, &held)
	return held, err
}

// Holdings are the wallets it holds anything of, by id, behind after.
func (c *Client) Holdings(ctx context.Context, after string) ([]wallet.Holding, error) {
	var page custodian.Holdings
	err := c.peer.Call(ctx, "/signer/holdings", custodian.After{WalletID: after}, &page)
	return page.Holdings, err
}
