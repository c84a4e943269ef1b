package api

import (
	"context"

	"github.com/stepup-auth/stepup/internal/wallet"
)

// Coordinator is the wallet service behind the door (stepup wallet). It holds no
// key and decides nothing that this process relies on: hashes and summaries are
// made here, and each custodian makes its own.
//
// Refusals are *fault.Error and reach the caller as they are. A wallet that is
// not there and one of somebody else are both fault.WalletNotFound.
type Coordinator interface {
	// Prepare says whether the operation could be done now, and changes nothing:
	// the wallet is there and the user's, its state allows the action, and the
	// guardian's limits would. It returns the wallet; for Create, the one that
	// would come into being, without an address.
	Prepare(ctx context.Context, o wallet.Operation) (wallet.Wallet, error)
	// Perform does the operation, finishes it, or answers what came of it.
	Perform(ctx context.Context, o wallet.Operation, by wallet.Credentials) (wallet.Outcome, error)
	// Wallets are all wallets of a user, oldest first.
	Wallets(ctx context.Context, environmentID, userID string) ([]wallet.Wallet, error)
	// Wallet is one of them.
	Wallet(ctx context.Context, environmentID, userID, walletID string) (wallet.Wallet, error)
	// Broadcast sends a transaction that the wallet signed.
	Broadcast(ctx context.Context, b wallet.Broadcast) (wallet.Broadcasted, error)
}
