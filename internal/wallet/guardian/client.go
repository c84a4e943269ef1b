package guardian

import (
	"context"

	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
)

// Client asks the guardian, as the signer or the coordinator. Its errors are
// faults; see [peer.Client].
type Client struct {
	*custody.Client
	peer *peer.Client
}

// NewClient makes a Client of a client of the role [wallet.Guardian].
func NewClient(c *peer.Client) *Client { return &Client{custody.NewClient(c), c} }

// Hello compares root keys and learns what to seal to.
func (c *Client) Hello(ctx context.Context, h Hello) (answer Hello, err error) {
	err = c.peer.Call(ctx, "/guardian/hello", h, &answer)
	return answer, err
}

// Drop removes what an operation has staged and nobody has verified.
func (c *Client) Drop(ctx context.Context, o wallet.OperationRef) error {
	return c.peer.Call(ctx, "/guardian/drop", o, &struct{}{})
}

// Stage brings the guardian its pieces of a new wallet.
func (c *Client) Stage(ctx context.Context, r Stage) error {
	return c.peer.Call(ctx, "/guardian/stage", r, &struct{}{})
}

// Contribute renews the guardian's pieces.
func (c *Client) Contribute(ctx context.Context, r Contribute) (pieces sealed.Pieces, err error) {
	err = c.peer.Call(ctx, "/guardian/contribute", r, &pieces)
	return pieces, err
}

// Assemble asks for all pieces of what the operation has staged.
func (c *Client) Assemble(ctx context.Context, r Release) (pieces sealed.Pieces, err error) {
	err = c.peer.Call(ctx, "/guardian/assemble", r, &pieces)
	return pieces, err
}

// Verified says that they were assembled to the wallet's key.
func (c *Client) Verified(ctx context.Context, v Verified) error {
	return c.peer.Call(ctx, "/guardian/verified", v, &struct{}{})
}

// Release asks for the pieces that a signature or an export needs.
func (c *Client) Release(ctx context.Context, r Release) (pieces sealed.Pieces, err error) {
	err = c.peer.Call(ctx, "/guardian/release", r, &pieces)
	return pieces, err
}

// Digest names the guardian's pieces of a generation.
func (c *Client) Digest(ctx context.Context, g wallet.GenerationRef) ([]byte, error) {
	var d Digest
	err := c.peer.Call(ctx, "/guardian/digest", g, &d)
	return d.Digest, err
}

// Preview says whether the limits would allow the operation, and counts nothing.
func (c *Client) Preview(ctx context.Context, op wallet.Operation) error {
	return c.peer.Call(ctx, "/guardian/preview", Preview{op}, &struct{}{})
}
