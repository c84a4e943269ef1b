package custody

import (
	"context"

	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

// Endpoints are what the coordinator may ask of both custodians alike.
func (c *Custodian) Endpoints() []peer.Endpoint {
	coordinator := []wallet.Role{wallet.Coordinator}
	at := pathOf(c.Custody.Role())
	return []peer.Endpoint{
		peer.Handle(at+"/mark", coordinator, c.Mark),
		peer.Handle(at+"/status", coordinator, c.Status),
		peer.Handle(at+"/holdings", coordinator, c.Holdings),
	}
}

func pathOf(custodian wallet.Role) string { return "/" + string(custodian) }

// Client asks a custodian what both answer alike. Its errors are faults; see
// [peer.Client].
type Client struct {
	peer *peer.Client
	at   string // what its paths begin with
}

// NewClient makes a Client of a client of the custodian's role.
func NewClient(c *peer.Client) *Client { return &Client{c, pathOf(c.Role())} }

// Mark disables, restores or begins to delete a wallet.
func (c *Client) Mark(ctx context.Context, o wallet.Order) error {
	return c.peer.Call(ctx, c.at+"/mark", o, &struct{}{})
}

// Settle says what became of a generation. The signer tells the guardian.
func (c *Client) Settle(ctx context.Context, s wallet.Settlement) error {
	return c.peer.Call(ctx, c.at+"/settle", s, &struct{}{})
}

// Status is what the custodian holds of a wallet.
func (c *Client) Status(ctx context.Context, environmentID, walletID string) (held wallet.Held, err error) {
	err = c.peer.Call(ctx, c.at+"/status", wallet.WalletRef{EnvironmentID: environmentID, WalletID: walletID}, &held)
	return held, err
}

// Holdings are the wallets it holds anything of, by id, behind after.
func (c *Client) Holdings(ctx context.Context, after string) ([]wallet.WalletRef, error) {
	var page Holdings
	err := c.peer.Call(ctx, c.at+"/holdings", After{WalletID: after}, &page)
	return page.Holdings, err
}
