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
	Do(ctx context.Context, o Order) (Done, error)
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
	Mark(ctx context.Context, o Order) error
	// Settle says what became of a generation that both have verified or staged.
	Settle(ctx context.Context, s Settlement) error
	// Status is what the custodian holds of a wallet.
	Status(ctx context.Context, environmentID, walletID string) (Status, error)
	// Holdings are the ids of wallets it holds anything of, in order, behind after.
	Holdings(ctx context.Context, after string) ([]Holding, error)
}

// What the two say to each other, see package wallet.
type (
	Order           = wallet.Order
	Done            = wallet.Done
	Verdict         = wallet.Verdict
	Settlement      = wallet.Settlement
	Holding         = wallet.Holding
	Status          = wallet.Held
	Generation      = wallet.Generation
	GenerationState = wallet.GenerationState
)

// The verdicts, and the states of a generation.
const (
	Commit   = wallet.Commit
	Rollback = wallet.Rollback
	Retire   = wallet.Retire

	Staged   = wallet.Staged
	Verified = wallet.Verified
	InForce  = wallet.InForce
	Retiring = wallet.Retiring
)
