// Package coordinator keeps the wallets and drives operations on them
// (stepup wallet). It holds no key and can decrypt nothing; whatever it says,
// each custodian checks for itself.
//
// Its invariant: the row of a wallet names the one generation of shares in
// force, and moves in one durable step, after both custodians have verified the
// next generation and before either is told to let the last one go. Whatever
// stops in between is rolled back or forward by [Service.Resume]; so at any
// moment the key behind an address can be assembled, and every operation ends
// under its own id.
package coordinator

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

//go:embed migrations
var migrations embed.FS

// Schema are the tables of the coordinator's database.
func Schema() store.Schema { return store.NewSchema("wallet coordinator", migrations) }

// Limits. They are documented in docs/limits.md.
const (
	ExportKept  = 24 * time.Hour // how long a retry is answered with the ciphertext of an export
	ResumeEvery = 30 * time.Second

	joinEvery = 100 * time.Millisecond
)

// Config is what a coordinator works with.
type Config struct {
	DB       *store.DB // opened with [Schema]; several nodes may share it
	Signer   Signer
	Guardian Guardian
	HTTP     *http.Client // reaches the nodes that [Service.Broadcast] sends to; see package outbound
	Logger   *slog.Logger // nil discards
	// Lease is how long an operation whose process is gone stays reserved for it;
	// two thirds of it are for the custodians to do their part. Zero is 30 seconds.
	Lease time.Duration
}

// Service is the coordinator. It is safe for concurrent use.
type Service struct {
	config  Config
	mu      sync.Mutex
	flights map[key]chan struct{} // operations that this process works on; closed when it is done with one

	// TestOnlyEdge is called before and after each durable step and each call of a
	// custodian. Nil in production.
	TestOnlyEdge func(edge string)
}

type key struct{ environmentID, operationID string }

// New makes a coordinator. Call [Service.Run] for it to finish what others left.
func New(config Config) *Service {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Lease == 0 {
		config.Lease = 30 * time.Second
	}
	return &Service{config: config, flights: map[key]chan struct{}{}}
}

// Wallets are all wallets of a user, oldest first, but not those that are deleted.
func (s *Service) Wallets(ctx context.Context, environmentID, userID string) (all []wallet.Wallet, err error) {
	err = s.config.DB.Read(ctx, func(tx *store.Tx) (err error) {
		all, err = walletsOf(tx, environmentID, userID)
		return err
	})
	return all, err
}

// Wallet is one wallet of a user.
func (s *Service) Wallet(ctx context.Context, environmentID, userID, walletID string) (w wallet.Wallet, err error) {
	err = s.config.DB.Read(ctx, func(tx *store.Tx) error {
		row, err := ownWallet(tx, environmentID, userID, walletID)
		w = row.Wallet
		return err
	})
	return w, err
}

// ownWallet reads a wallet of the user. A wallet of somebody else is refused as one
// that is not there.
func ownWallet(tx *store.Tx, environmentID, userID, walletID string) (walletRow, error) {
	row, err := readWallet(tx, environmentID, walletID, "")
	if errors.Is(err, store.ErrNotFound) || err == nil && row.UserID != userID {
		return walletRow{}, fault.New(fault.WalletNotFound, "There is no such wallet: list the user's wallets for their ids.")
	}
	return row, err
}

// workTime and cleanTime bound an attempt and the cleaning up after it. Together they
// are shorter than the lease, so that nobody else works on the operation meanwhile.
func (s *Service) workTime() time.Duration  { return s.config.Lease * 2 / 3 }
func (s *Service) cleanTime() time.Duration { return s.config.Lease / 4 }

// newLease is the name of a lease, which nobody else has.
func newLease() string { return rand.Text() }

// edge tells a test that the work has come to this point.
func (s *Service) edge(name string) {
	if s.TestOnlyEdge != nil {
		s.TestOnlyEdge(name)
	}
}
