// Package custody is what the two custodians, the signer and the guardian, do alike,
// each for itself with a database and a root key of its own. A [Store] keeps pieces of
// wallets, generation by generation, and remembers which operations were served. A
// [Custodian] decides what is done with it.
//
// Its invariants:
//
//   - Nothing is done for an order before [Custodian.Permit] and [Permit.Begin] have both
//     said yes, and of an order only the ids are believed; the wallet is the one in this
//     custodian's own database.
//   - A piece is stored only as AES-256-GCM ciphertext, under a key made for that share
//     record, which is wrapped by the environment's key, which is wrapped by the
//     custodian's root key ([kek.Key]). Each layer is bound to its place: role,
//     environment, wallet, generation, piece.
//   - One generation of a wallet is in force, or none. It goes only by a deletion whose
//     time of grace has passed, and an older one only after the newer was committed
//     and retired and the retention has passed.
//   - One operation id serves one intent, and a single-use token one operation.
//
// Methods with a [store.Tx] take part in the caller's transaction and never wait for a
// key service; those with a context alone may do so and must be called outside of one.
// So a caller seals before its transaction and opens after it:
//
//	sealed, err := custody.Seal(ctx, shares, pieces)
//	db.Write(…, func(tx) { custody.Begin(tx, …); custody.Stage(tx, by, wallet, sealed) })
//
//	db.Write(…, func(tx) { custody.Begin(tx, …); sealed, err = custody.Release(tx, …) })
//	pieces, err := custody.Open(ctx, sealed)
package custody

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/kek"
)

//go:embed migrations
var migrations embed.FS

// Schema are the tables of a custodian's database. A role adds its own migrations,
// from 00010 on.
func Schema(role wallet.Role, more ...embed.FS) store.Schema {
	schema := store.NewSchema(string(role), append([]embed.FS{migrations}, more...)...)
	schema.Shred = true
	return schema
}

// The times that a custodian waits before it destroys anything.
const (
	DefaultRetention = 24 * time.Hour     // of a generation that a newer one has replaced
	DefaultGrace     = 7 * 24 * time.Hour // of a wallet that is to be deleted
)

// Config says whose custody it is.
type Config struct {
	Role wallet.Role // [wallet.Signer] or [wallet.Guardian]
	DB   *store.DB   // opened with [Schema]
	Root kek.Key
	// Former are root keys that may still be in use; see [Store.Rewrap].
	Former []kek.Key
	// Retention and Grace are the defaults if zero.
	Retention, Grace time.Duration
}

// Store is one custodian's custody. It is safe for concurrent use.
type Store struct {
	config Config

	mu   sync.Mutex
	keys map[string]*environmentKey
}

// New checks the configuration.
func New(config Config) (*Store, error) {
	if config.Role != wallet.Signer && config.Role != wallet.Guardian {
		return nil, fmt.Errorf("opening the custody: %q is no custodian", config.Role)
	}
	if config.DB == nil || config.Root == nil {
		return nil, errors.New("opening the custody: a database and a root key are required")
	}
	if config.Retention < 0 || config.Grace < 0 {
		return nil, errors.New("opening the custody: retention and grace must not be negative")
	}
	if config.Retention == 0 {
		config.Retention = DefaultRetention
	}
	if config.Grace == 0 {
		config.Grace = DefaultGrace
	}
	config.Former = slices.Clone(config.Former)
	return &Store{config: config, keys: map[string]*environmentKey{}}, nil
}

// DB is the database.
func (s *Store) DB() *store.DB { return s.config.DB }

// Role says whose custody it is.
func (s *Store) Role() wallet.Role { return s.config.Role }

// KeyID names the root key. A custodian refuses to work with another one of the same id.
func (s *Store) KeyID() string { return s.config.Root.ID() }

// Shares are one generation of shares of a wallet, as far as they are no secret.
type Shares struct {
	wallet.Generation
	EnvironmentID string
	WalletID      string
	Scheme        wallet.Scheme
	DestroyAt     time.Time // of a retiring one, once [Store.Retire] was told
}

// Ref names the operation that made them.
func (s Shares) Ref() wallet.OperationRef {
	return wallet.OperationRef{EnvironmentID: s.EnvironmentID, WalletID: s.WalletID, OperationID: s.OperationID}
}

// Status is what a custodian has of a wallet.
type Status struct {
	Wallet      wallet.Wallet
	MarkedBy    string   // the operation that disabled, restored or deleted it last
	Generations []Shares // oldest first
}

// Swept counts what [Store.Sweep] destroyed.
type Swept struct {
	Generations int // whose retention had passed
	Wallets     int // whose time of grace had passed
}
