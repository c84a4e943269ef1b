package coordinator

import (
	"context"

	"github.com/stepup-auth/stepup/internal/wallet"
)

// Custodian is what the coordinator asks of the signer and of the guardian alike.
// Every method may be repeated.
type Custodian interface {
	// Mark disables, restores or begins to delete a wallet.
	Mark(ctx context.Context, o wallet.Order) error
	// Settle says what became of a generation that both have verified or staged.
	// The signer is told first: it tells the guardian, which agrees afterwards.
	Settle(ctx context.Context, s wallet.Settlement) error
	// Status is what the custodian holds of a wallet.
	Status(ctx context.Context, environmentID, walletID string) (wallet.Held, error)
	// Holdings are wallets it holds anything of, in the order of their ids, behind after.
	Holdings(ctx context.Context, after string) ([]wallet.WalletRef, error)
}

// Signer is the custodian that assembles keys. What it is asked beyond [Custodian] may
// be repeated for one operation id.
type Signer interface {
	Custodian
	// Do creates, signs, exports or renews. When it returns nil for new shares,
	// both custodians have verified them durably.
	Do(ctx context.Context, o wallet.Order) (wallet.Done, error)
	// Check says whether both custodians can still read the shares in force and they
	// are those that once gave the address that it returns.
	Check(ctx context.Context, w wallet.Wallet) (address string, err error)
}

// Guardian is the custodian that keeps the limits.
type Guardian interface {
	Custodian
	// Preview says whether the limits would allow the operation, and counts nothing.
	Preview(ctx context.Context, o wallet.Operation) error
}
