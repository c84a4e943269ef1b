package coordinator

import (
	"context"
	"time"

	"github.com/stepup-auth/stepup/internal/wallet"
)

// Order is an operation on its way to a custodian, which checks everything about
// it once more.
type Order struct {
	Operation   wallet.Operation
	Credentials wallet.Credentials
	Wallet      wallet.Wallet // as it stands; for Create, as it is to become, without address and key
	Generation  int           // the shares to be made by Create, Refresh and Reshare
	Scheme      wallet.Scheme // of Generation
}

// Done is what the signer made of an order.
type Done struct {
	Address       string // of Create, Refresh and Reshare: as assembled from the new shares
	PublicKey     []byte
	OfflineShares []wallet.OfflineShare
	Signature     *wallet.Signature
	Export        *wallet.SealedExport
}

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

// Verdict is a coordinator's word about a generation.
type Verdict string

// The verdicts.
const (
	Commit   Verdict = "commit"   // it is in force
	Rollback Verdict = "rollback" // it never was, and is dropped
	Retire   Verdict = "retire"   // every older one is on its way out
)

// Settlement is a verdict.
type Settlement struct {
	EnvironmentID string
	WalletID      string
	OperationID   string // that made the generation
	Generation    int
	Verdict       Verdict
}

// Holding names a wallet that a custodian holds something of.
type Holding struct {
	EnvironmentID string
	WalletID      string
}

// Status is what one custodian holds of one wallet.
type Status struct {
	State       wallet.State // Deleted once every share is shredded
	MarkedBy    string       // id of the operation that State comes from
	DeleteAt    time.Time    // with Deleting
	Generations []Generation
	Now         time.Time // its clock
}

// Generation is one sharing of the key, as one custodian keeps it.
type Generation struct {
	Number      int
	State       GenerationState
	OperationID string // that made it
}

// GenerationState is how far a generation has come.
type GenerationState string

// The states of a generation.
const (
	Staged   GenerationState = "staged"
	Verified GenerationState = "verified"
	InForce  GenerationState = "active"
	Retiring GenerationState = "retiring"
)
