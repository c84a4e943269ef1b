package guardian

import (
	"context"

	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/custodian"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
	"github.com/stepup-auth/stepup/internal/wallet/transit"
)

// Client asks the guardian, as the signer or the coordinator. Its errors are
// faults; see [peer.Client].
type Client struct{ peer *peer.Client }

// NewClient makes a Client of a client of the role [wallet.Guardian].
func NewClient(c *peer.Client) *Client { return &Client{c} }

// Hello compares root keys and learns what to seal to.
func (c *Client) Hello(ctx context.Context, h Hello) (answer Hello, err error) {
	err = c.peer.Call(ctx, "/guardian/hello", h, &answer)
	return answer, err
}

// Drop removes what an operation has staged and nobody has verified.
func (c *Client) Drop(ctx context.Context, o Operation) error {
	return c.peer.Call(ctx, "/guardian/drop", o, &struct{}{})
}

// Stage brings the guardian its pieces of a new wallet.
func (c *Client) Stage(ctx context.Context, r Stage) error {
	return c.peer.Call(ctx, "/guardian/stage", r, &struct{}{})
}

// Contribute renews the guardian's pieces.
func (c *Client) Contribute(ctx context.Context, r Contribute) (sealed transit.Sealed, err error) {
	err = c.peer.Call(ctx, "/guardian/contribute", r, &sealed)
	return sealed, err
}

// Assemble asks for all pieces of what the operation has staged.
func (c *Client) Assemble(ctx context.Context, r Release) (sealed transit.Sealed, err error) {
	err = c.peer.Call(ctx, "/guardian/assemble", r, &sealed)
	return sealed, err
}

// Verified says that they were assembled to the wallet's key.
func (c *Client) Verified(ctx context.Context, v Verified) error {
	return c.peer.Call(ctx, "/guardian/verified", v, &struct{}{})
}

// Release asks for the pieces that a signature or an export needs.
func (c *Client) Release(ctx context.Context, r Release) (sealed transit.Sealed, err error) {
	err = c.peer.Call(ctx, "/guardian/release", r, &sealed)
	return sealed, err
}

// Digest names the guardian's pieces of a generation.
func (c *Client) Digest(ctx context.Context, g Generation) ([]byte, error) {
	var d Digest
	err := c.peer.Call(ctx, "/guardian/digest", g, &d)
	return d.Digest, err
}

// Settle says what became of a generation.
func (c *Client) Settle(ctx context.Context, v wallet.Settlement) error {
	return c.peer.Call(ctx, "/guardian/settle", v, &struct{}{})
}

// Preview says whether the limits would allow the operation, and counts nothing.
func (c *Client) Preview(ctx context.Context, op wallet.Operation, _ wallet.Wallet) error {
	return c.peer.Call(ctx, "/guardian/preview", Preview{op}, &struct{}{})
}

// Mark disables, restores or begins to delete a wallet.
func (c *Client) Mark(ctx context.Context, o wallet.Order) error {
	return c.peer.Call(ctx, "/guardian/mark", o, &struct{}{})
}

// Status is what the guardian holds of a wallet.
func (c *Client) Status(ctx context.Context, environmentID, walletID string) (held wallet.Held, err error) {
	err = c.peer.Call(ctx, "/guardian/status", custodian.WalletRef{EnvironmentID: environmentID, WalletID: walletID}, &held)
	return held, err
}

// Holdings are the wallets it holds anything of, by id, behind after.
func (c *Client) Holdings(ctx context.Context, after string) ([]wallet.Holding, error) {
	var page custodian.Holdings
	err := c.peer.Call(ctx, "/guardian/holdings", custodian.After{WalletID: after}, &page)
	return page.Holdings, err
}
