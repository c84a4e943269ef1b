package custody_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/kek"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

// What is stored opens only in its place, even for who may write to the database and
// moves a share record together with its key.
func TestShareRecordsCannotBeMoved(t *testing.T) {
	root := newRoot(t)
	engines(t, wallet.Signer, func(t *testing.T, open func(testing.TB) *store.DB) {
		for name, moves := range map[string][]string{
			"one piece in the place of another": {
				`UPDATE pieces SET sealed = (SELECT sealed FROM pieces WHERE wallet_id = $1 AND generation = 1 AND number = 3)
					WHERE wallet_id = $1 AND generation = 1 AND number = 2`},
			"an older generation in the place of a newer": {
				`UPDATE generations SET wrapped_key = (SELECT wrapped_key FROM generations WHERE wallet_id = $1 AND number = 2)
					WHERE wallet_id = $1 AND number = 1`,
				`UPDATE pieces SET sealed = (SELECT p.sealed FROM pieces AS p
					WHERE p.wallet_id = $1 AND p.generation = 2 AND p.number = pieces.number) WHERE wallet_id = $1 AND generation = 1`},
			"another wallet's record, with its operation": {
				`UPDATE generations SET operation_id = operation_id || '-was' WHERE wallet_id = $2 AND number = 1`,
				`UPDATE generations SET operation_id = (SELECT replace(operation_id, '-was', '') FROM generations
					WHERE wallet_id = $2 AND number = 1) WHERE wallet_id = $1 AND number = 1`,
				`UPDATE generations SET wrapped_key = (SELECT wrapped_key FROM generations WHERE wallet_id = $2 AND number = 1)
					WHERE wallet_id = $1 AND number = 1`,
				`UPDATE pieces SET sealed = (SELECT p.sealed FROM pieces AS p
					WHERE p.wallet_id = $2 AND p.generation = 1 AND p.number = pieces.number) WHERE wallet_id = $1 AND generation = 1`},
			"another operation's": {`UPDATE generations SET operation_id = 'op-x' WHERE wallet_id = $1 AND number = 1`},
			"another scheme's":    {`UPDATE generations SET scheme = 'TWO_OF_TWO' WHERE wallet_id = $1 AND number = 1`},
			"a piece less":        {`DELETE FROM pieces WHERE wallet_id = $1 AND generation = 1 AND number = 2`},
			"a piece more": {`INSERT INTO pieces (wallet_id, generation, number, sealed) SELECT wallet_id, generation, 1, sealed
				FROM pieces WHERE wallet_id = $1 AND generation = 1 AND number = 2`},
			"another environment, with its key": {
				`UPDATE wallets SET environment_id = 'env-2' WHERE id = $1`,
				`INSERT INTO environment_keys (environment_id, root_id, wrapped, created_at) SELECT 'env-2', root_id, wrapped, created_at
					FROM environment_keys WHERE environment_id = 'env-1'`},
		} {
			t.Run(name, func(t *testing.T) {
				k := newKeeper(t, custody.Config{Role: wallet.Signer, DB: open(t), Root: root})
				w, other := newWallet(), newWallet()
				id := rand.Text()
				pieces := k.renewed(w, 1, "op-1"+id)
				k.renewed(w, 2, "op-2"+id)
				k.renewed(other, 1, "op-3"+id)
				k.releases(w, 1, pieces)
				k.must(func(tx *store.Tx) error {
					for _, move := range moves {
						move = strings.NewReplacer("$1", "'"+w.ID+"'", "$2", "'"+other.ID+"'").Replace(move)
						if changed, err := tx.Exec(move); err != nil || changed == 0 {
							return fmt.Errorf("%s: %d rows, %w", move, changed, err)
						}
					}
					return nil
				})
				fresh := newKeeper(t, custody.Config{Role: wallet.Signer, DB: k.DB(), Root: root})
				if name == "another environment, with its key" {
					w.EnvironmentID = "env-2"
				}
				got, err := fresh.release(w, 1)
				if got != nil || !errors.Is(err, custody.ErrSealed) && !errors.Is(err, kek.ErrUnwrap) {
					t.Errorf("it opens: %v", err)
				}
			})
		}
	})
}

// An environment's key is no other environment's.
func TestEnvironmentKeysCannotBeMoved(t *testing.T) {
	db := storetest.SQLite(t, func(c *store.Config) { c.Schema, c.Box = custody.Schema(wallet.Signer), nil })
	k := newKeeper(t, custody.Config{Role: wallet.Signer, DB: db})
	w := newWallet()
	k.renewed(w, 1, "op-1")
	k.must(func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO environment_keys (environment_id, root_id, wrapped, created_at)
			SELECT 'env-2', root_id, wrapped, created_at FROM environment_keys`)
		return err
	})
	g := generation(w, 1, "op-2")
	g.EnvironmentID = "env-2"
	if _, err := k.Seal(t.Context(), g, k.pieces(wallet.TwoOfThree)); !errors.Is(err, kek.ErrUnwrap) {
		t.Errorf("sealing under another environment's key: %v", err)
	}
}

// The guardian's software with the signer's database and key is still not the signer.
func TestRolesCannotBeSwapped(t *testing.T) {
	db := storetest.SQLite(t, func(c *store.Config) { c.Schema, c.Box = custody.Schema(wallet.Signer), nil })
	signer := newKeeper(t, custody.Config{Role: wallet.Signer, DB: db})
	w := newWallet()
	signer.renewed(w, 1, "op-1")
	guardian := newKeeper(t, custody.Config{Role: wallet.Guardian, DB: db, Root: signer.root})
	if _, err := guardian.release(w, 1); !errors.Is(err, kek.ErrUnwrap) {
		t.Errorf("the guardian opens what the signer keeps: %v", err)
	}
}

func TestSealRefusals(t *testing.T) {
	db := storetest.SQLite(t, func(c *store.Config) { c.Schema, c.Box = custody.Schema(wallet.Signer), nil })
	k := newKeeper(t, custody.Config{Role: wallet.Signer, DB: db})
	w := newWallet()
	good := k.pieces(wallet.TwoOfThree)
	for name, c := range map[string]struct {
		change func(*custody.Shares)
		pieces share.Pieces
	}{
		"no wallet":        {func(g *custody.Shares) { g.WalletID = "" }, good},
		"no environment":   {func(g *custody.Shares) { g.EnvironmentID = "" }, good},
		"no operation":     {func(g *custody.Shares) { g.OperationID = "" }, good},
		"generation 0":     {func(g *custody.Shares) { g.Number = 0 }, good},
		"no scheme":        {func(g *custody.Shares) { g.Scheme = "" }, good},
		"another scheme":   {func(g *custody.Shares) { g.Scheme = wallet.TwoOfTwo }, good},
		"too few pieces":   {func(*custody.Shares) {}, share.Pieces{2: good[2]}},
		"the other's":      {func(*custody.Shares) {}, share.Pieces{1: good[2], 3: good[3]}},
		"all pieces":       {func(*custody.Shares) {}, share.Pieces{1: good[2], 2: good[2], 3: good[3]}},
		"a shortened one":  {func(*custody.Shares) {}, share.Pieces{2: good[2], 3: good[3][1:]}},
		"no pieces at all": {func(*custody.Shares) {}, nil},
	} {
		g := generation(w, 1, "op-1")
		c.change(&g)
		if _, err := k.Seal(t.Context(), g, c.pieces); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
	sealed, err := k.Seal(t.Context(), generation(w, 1, "op-1"), good)
	if err != nil {
		t.Fatal(err)
	}
	other := newWallet()
	if err := k.write(func(tx *store.Tx) error { _, err := k.Stage(tx, system, other, sealed); return err }); err == nil {
		t.Error("staged for another wallet")
	}
	for _, change := range []func(*wallet.Wallet){
		func(w *wallet.Wallet) { w.UserID = "" }, func(w *wallet.Wallet) { w.Chain = "BTC" }, func(w *wallet.Wallet) { w.Address = "" },
		func(w *wallet.Wallet) { w.PublicKey = nil },
	} {
		incomplete := w
		change(&incomplete)
		if err := k.write(func(tx *store.Tx) error { _, err := k.Stage(tx, system, incomplete, sealed); return err }); err == nil {
			t.Errorf("staged for %+v", incomplete)
		}
	}
	for _, config := range []custody.Config{
		{DB: db, Root: k.root}, {Role: wallet.Coordinator, DB: db, Root: k.root}, {Role: wallet.Signer, Root: k.root},
		{Role: wallet.Signer, DB: db}, {Role: wallet.Signer, DB: db, Root: k.root, Grace: -1},
		{Role: wallet.Signer, DB: db, Root: k.root, Retention: -1},
	} {
		if _, err := custody.New(config); err == nil {
			t.Errorf("New took %+v", config)
		}
	}
}

// Nodes that make an environment's key at once agree on one.
func TestNodesAgreeOnTheEnvironmentsKey(t *testing.T) {
	root := newRoot(t)
	engines(t, wallet.Signer, func(t *testing.T, open func(testing.TB) *store.DB) {
		var nodes []keeper
		for range 6 {
			nodes = append(nodes, newKeeper(t, custody.Config{Role: wallet.Signer, DB: open(t), Root: root}))
		}
		wallets, kept := make([]wallet.Wallet, len(nodes)), make([]share.Pieces, len(nodes))
		var done sync.WaitGroup
		for i, k := range nodes {
			wallets[i] = newWallet()
			done.Go(func() { kept[i] = k.renewed(wallets[i], 1, fmt.Sprint("op-", i)) })
		}
		done.Wait()
		for i, w := range wallets {
			nodes[(i+1)%len(nodes)].releases(w, 1, kept[i])
		}
	})
}

// watched is a root key that notes what it wraps, and may be told to fail.
type watched struct {
	kek.Key
	mu      sync.Mutex
	wrapped [][]byte
	fail    error
}

func (w *watched) Wrap(ctx context.Context, plaintext []byte, about kek.Context) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return nil, w.fail
	}
	w.wrapped = append(w.wrapped, bytes.Clone(plaintext))
	return w.Key.Wrap(ctx, plaintext, about)
}

func (w *watched) Unwrap(ctx context.Context, wrapped []byte, about kek.Context) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return nil, w.fail
	}
	return w.Key.Unwrap(ctx, wrapped, about)
}

// Root keys are changed without touching a share, can be changed halfway, and the old
// one then opens nothing.
func TestRewrap(t *testing.T) {
	engines(t, wallet.Guardian, func(t *testing.T, open func(testing.TB) *store.DB) {
		old, fresh := newRoot(t), &watched{Key: newRoot(t)}
		db := open(t)
		before := newKeeper(t, custody.Config{Role: wallet.Guardian, DB: db, Root: old})
		var wallets []wallet.Wallet
		var kept []share.Pieces
		for i := range 3 {
			w := newWallet()
			w.EnvironmentID = fmt.Sprint("env-", i)
			wallets, kept = append(wallets, w), append(kept, before.renewed(w, 1, fmt.Sprint("op-", i)))
		}
		moving := newKeeper(t, custody.Config{Role: wallet.Guardian, DB: db, Root: fresh, Former: []kek.Key{old}})
		moving.releases(wallets[0], 1, kept[0]) // before anything was moved
		fresh.fail = errors.New("away")
		if moved, err := moving.Rewrap(t.Context(), system); err == nil || moved != 0 {
			t.Errorf("with the new key away %d were moved, %v", moved, err)
		}
		fresh.fail = nil
		for _, want := range []int{3, 0} {
			if moved, err := moving.Rewrap(t.Context(), system); err != nil || moved != want {
				t.Errorf("moved %d, %v, want %d", moved, err, want)
			}
		}
		after := newKeeper(t, custody.Config{Role: wallet.Guardian, DB: db, Root: fresh})
		late := newKeeper(t, custody.Config{Role: wallet.Guardian, DB: db, Root: old})
		for i, w := range wallets {
			after.releases(w, 1, kept[i])
			if _, err := late.release(w, 1); err == nil || !strings.Contains(err.Error(), fresh.ID()) {
				t.Errorf("the old root key: %v", err)
			}
		}
		if n := before.count(`SELECT count(*) FROM audit_events WHERE action = 'custody.root_changed'`); n != 3 {
			t.Errorf("%d changes were audited", n)
		}
	})
}

// A transaction never waits for a key service, and a service that is away is an error.
func TestKeyServiceAway(t *testing.T) {
	db := storetest.SQLite(t, func(c *store.Config) { c.Schema, c.Box = custody.Schema(wallet.Signer), nil })
	root := &watched{Key: newRoot(t)}
	k := newKeeper(t, custody.Config{Role: wallet.Signer, DB: db, Root: root})
	w := newWallet()
	pieces := k.renewed(w, 1, "op-1")
	away := errors.New("away")
	root.fail = away
	k.releases(w, 1, pieces) // its environment's key is at hand
	late := newKeeper(t, custody.Config{Role: wallet.Signer, DB: db, Root: root})
	if _, err := late.release(w, 1); !errors.Is(err, away) {
		t.Errorf("open: %v", err)
	}
	g := generation(w, 1, "op-2")
	g.EnvironmentID = "env-2"
	if _, err := late.Seal(t.Context(), g, pieces); !errors.Is(err, away) {
		t.Errorf("seal: %v", err)
	}
	root.fail = nil
	err := late.write(func(tx *store.Tx) error { _, err := late.Seal(tx.Context(), g, pieces); return err })
	if !errors.Is(err, store.ErrNested) {
		t.Errorf("sealing inside a transaction: %v", err)
	}
}

// Keys and pieces are in no file of the database, no log, no backup and no dump, in any
// usual spelling. The same search finds what lies there in clear.
func TestKeysAreNotInFiles(t *testing.T) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			folder, backups := t.TempDir(), t.TempDir()
			url := "sqlite:" + filepath.Join(folder, "signer.db")
			var server *storetest.Server
			if engine == store.Postgres {
				server = storetest.StartServer(t)
				folder, url = server.Folder(), server.Database(t)
			}
			var log bytes.Buffer
			db := storetest.Open(t, url, func(c *store.Config) {
				c.Schema, c.Box = custody.Schema(wallet.Signer), nil
				c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			})
			root := &watched{Key: newRoot(t)}
			k := newKeeper(t, custody.Config{Role: wallet.Signer, DB: db, Root: root})
			w := newWallet()
			secrets := map[string][]byte{}
			for number := 1; number <= 2; number++ {
				pieces := k.renewed(w, number, fmt.Sprint("op-", number))
				for n, piece := range pieces {
					secrets[fmt.Sprintf("piece %d of generation %d", n, number)] = piece
				}
				k.releases(w, number, pieces)
				err := db.Read(t.Context(), func(tx *store.Tx) error {
					sealed, err := k.Release(tx, w.EnvironmentID, w.ID, number)
					if err != nil {
						return err
					}
					key, err := custody.RecordKey(context.WithoutCancel(t.Context()), k.Store, sealed)
					secrets[fmt.Sprintf("the key of generation %d", number)] = key
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			secrets["the environment's key"] = root.wrapped[0]
			if err := db.Backup(t.Context(), filepath.Join(backups, "backup")); err != nil {
				t.Fatal(err)
			}
			if server != nil {
				if _, err := server.Admin().Exec(`CHECKPOINT`); err != nil {
					t.Fatal(err)
				}
			}
			if len(secrets) != 2*(2+1)+1 {
				t.Fatalf("%d secrets", len(secrets))
			}
			for _, where := range []string{folder, backups} {
				search(t, where, secrets, w.Address, where == folder || engine == store.SQLite) // PostgreSQL's backup is compressed
			}
			for name, secret := range secrets {
				for _, spelling := range spellings(secret) {
					if bytes.Contains(log.Bytes(), spelling) {
						t.Errorf("the log shows %s", name)
					}
				}
			}
		})
	}
}

// spellings are how a secret may turn up: raw, in hex, and in base64 at each alignment.
func spellings(secret []byte) [][]byte {
	all := [][]byte{secret, []byte(hex.EncodeToString(secret)), []byte(strings.ToUpper(hex.EncodeToString(secret)))}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			aligned := secret[shift:]
			all = append(all, []byte(encoding.EncodeToString(aligned[:len(aligned)/3*3])))
		}
	}
	return all
}

func search(t *testing.T, folder string, secrets map[string][]byte, plain string, mustFind bool) {
	t.Helper()
	found := false
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for name, secret := range secrets {
			for _, spelling := range spellings(secret) {
				if bytes.Contains(content, spelling) {
					t.Errorf("%s holds %s", path, name)
				}
			}
		}
		found = found || bytes.Contains(content, []byte(plain))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if mustFind && !found {
		t.Errorf("the address was not found in %s either: the search is blind", folder)
	}
}

// What a sweep destroys is overwritten in SQLite's file, not merely unlinked.
func TestDestroyedIsOverwritten(t *testing.T) {
	clock := &storetest.Clock{}
	folder := t.TempDir()
	url := "sqlite:" + filepath.Join(folder, "signer.db")
	bare := func(c *store.Config) { c.Schema, c.Box = custody.Schema(wallet.Signer), nil }
	db := storetest.Open(t, url, bare, storetest.WithClock(clock))
	k := newKeeper(t, custody.Config{Role: wallet.Signer, DB: db})
	w := newWallet()
	k.renewed(w, 1, "op-1")
	k.renewed(w, 2, "op-2")
	stored := map[string][]byte{}
	note := func(query string) {
		t.Helper()
		var value []byte
		if err := db.Read(t.Context(), func(tx *store.Tx) error { return tx.Row(query, w.ID).Scan(&value) }); err != nil {
			t.Fatal(err)
		}
		stored[query] = value
	}
	note(`SELECT wrapped_key FROM generations WHERE wallet_id = $1 AND number = 1`)
	note(`SELECT sealed FROM pieces WHERE wallet_id = $1 AND generation = 1 AND number = 2`)
	note(`SELECT sealed FROM pieces WHERE wallet_id = $1 AND generation = 1 AND number = 3`)
	clock.Advance(1000 * time.Hour)
	k.swept(custody.Swept{Generations: 1})
	if err := db.Close(); err != nil { // copies the log into the file and removes it
		t.Fatal(err)
	}
	search(t, folder, stored, w.Address, true)
}
