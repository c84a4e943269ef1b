package coordinator

import (
	"context"

	"github.com/stepup-auth/stepup/internal/wallet"
)

// Signer is what the coordinator asks of the signer beyond [Custodian]. Both
// methods may be repeated for one operation id.
type Signer interface {
	// Do creates, signs, exports or renews. When it returns nil for new shares,
	// both custodians have verified them durably.
	Do(ctx context.Context, o wallet.Order) (wallet.Done, error)
	// Check assembles the generation in force and returns the address it gives.
	Check(ctx context.Context, w wallet.Wallet) (address string, err error)
}

// Previewer is what the coordinator asks of the guardian beyond [Custodian].
type Previewer interface {
	// Preview says whether the limits would allow the operation, and counts nothing.
	Preview(ctx context.Context, o wallet.Operation, w wallet.Wallet) error
}

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
	Holdings(ctx context.Context, after string) ([]wallet.Holding, error)
}
