package custody_test

import (
	"crypto/rand"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/kek"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

var system = audit.By{Actor: "system"}

func newRoot(t testing.TB) kek.Key {
	t.Helper()
	path := filepath.Join(t.TempDir(), "root")
	if _, err := kek.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	key, err := kek.Open(t.Context(), "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// keeper is a custodian in a test.
type keeper struct {
	*custody.Store
	t testing.TB
}

func newKeeper(t testing.TB, config custody.Config) keeper {
	t.Helper()
	if config.Root == nil {
		config.Root = newRoot(t)
	}
	s, err := custody.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return keeper{s, t}
}

// engines runs f for each engine on a fresh database of that role.
func engines(t *testing.T, role wallet.Role, f func(t *testing.T, open func(testing.TB) *store.DB), options ...storetest.Option) {
	t.Helper()
	bare := func(c *store.Config) { c.Schema, c.Box = custody.Schema(role), nil }
	storetest.Engines(t, f, append([]storetest.Option{bare}, options...)...)
}

func (k keeper) write(f func(tx *store.Tx) error) error { return k.DB().Write(k.t.Context(), f) }

func (k keeper) must(f func(tx *store.Tx) error) {
	k.t.Helper()
	if err := k.write(f); err != nil {
		k.t.Fatal(err)
	}
}

func newWallet() wallet.Wallet {
	return wallet.Wallet{
		ID: uuid.NewString(), EnvironmentID: "env-1", UserID: "user-1", Chain: wallet.EVM,
		Address: "0x" + uuid.NewString(), PublicKey: []byte(rand.Text()),
	}
}

// pieces splits a new secret and picks what the custodian holds.
func (k keeper) pieces(scheme wallet.Scheme) share.Pieces {
	k.t.Helper()
	secret := make([]byte, share.Size)
	rand.Read(secret)
	all, err := share.Split(scheme, secret)
	if err != nil {
		k.t.Fatal(err)
	}
	mine, err := all.Pick(share.HeldBy(scheme, k.Role()))
	if err != nil {
		k.t.Fatal(err)
	}
	return mine
}

func generation(w wallet.Wallet, number int, operation string) custody.Generation {
	return custody.Generation{EnvironmentID: w.EnvironmentID, WalletID: w.ID, Number: number, Scheme: wallet.TwoOfThree, OperationID: operation}
}

// stage seals and stages new pieces and returns them.
func (k keeper) stage(w wallet.Wallet, number int, operation string) share.Pieces {
	k.t.Helper()
	pieces := k.pieces(wallet.TwoOfThree)
	sealed, err := k.Seal(k.t.Context(), generation(w, number, operation), pieces)
	if err != nil {
		k.t.Fatal(err)
	}
	k.must(func(tx *store.Tx) error {
		fresh, err := k.Stage(tx, system, w, sealed)
		if err == nil && !fresh {
			k.t.Errorf("generation %d of operation %s was there already", number, operation)
		}
		return err
	})
	return pieces
}
