package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

func TestRestoreEpochVoidsWhatIsOpen(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db, other := open(t), open(t)
		things(t, db, "before", "also before")
		mustConsume(t, db, "before", true)
		old := storetest.Epoch(t, db)
		if err := store.RestoreEpoch(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		if moved := storetest.Epoch(t, db); moved == old || moved != storetest.Epoch(t, other) {
			t.Errorf("the epoch went from %q to %q; another node says %q", old, moved, storetest.Epoch(t, other))
		}
		mustConsume(t, db, "before", false)
		mustConsume(t, db, "also before", false)
		mustConsume(t, other, "also before", false)
		exec(t, other, insertThing, "after")
		mustConsume(t, db, "after", true)
	})
}

func TestEpochSurvivesRestart(t *testing.T) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			url := storetest.URL(t, engine)
			db := storetest.Open(t, url)
			things(t, db, "open")
			before, sum := storetest.Epoch(t, db), string(db.Hasher().Sum("p", "x"))
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db = storetest.Open(t, url)
			if after := storetest.Epoch(t, db); after != before {
				t.Errorf("a restart moved the epoch from %q to %q", before, after)
			}
			if string(db.Hasher().Sum("p", "x")) != sum {
				t.Error("a restart changed the hasher")
			}
			mustConsume(t, db, "open", true)
		})
	}
}

// An older copy of the file, put back by hand, is noticed by its side file.
func TestOlderFileMovesEpoch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stepup.db")
	db := storetest.Open(t, "sqlite:"+path)
	things(t, db, "token")
	before := storetest.Epoch(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	older, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	db = storetest.Open(t, "sqlite:"+path)
	mustConsume(t, db, "token", true)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, older, 0o600); err != nil {
		t.Fatal(err)
	}

	db = storetest.Open(t, "sqlite:"+path)
	if after := storetest.Epoch(t, db); after == before {
		t.Error("the epoch did not move")
	}
	mustConsume(t, db, "token", false)

	// It moves once, not at every start from then on.
	moved := storetest.Epoch(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if again := storetest.Epoch(t, storetest.Open(t, "sqlite:"+path)); again != moved {
		t.Errorf("a further start moved the epoch from %q to %q", moved, again)
	}
}

func TestSideFile(t *testing.T) {
	start := func(t *testing.T) (path, epochBefore string) {
		path = filepath.Join(t.TempDir(), "stepup.db")
		db := storetest.Open(t, "sqlite:"+path)
		things(t, db, "token")
		epochBefore = storetest.Epoch(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		return path, epochBefore
	}
	t.Run("removed: made anew, no move", func(t *testing.T) {
		path, before := start(t)
		if err := os.Remove(path + ".epoch"); err != nil {
			t.Fatal(err)
		}
		db := storetest.Open(t, "sqlite:"+path)
		if after := storetest.Epoch(t, db); after != before {
			t.Errorf("moved from %q to %q", before, after)
		}
		things(t, db, "another")
		if content, err := os.ReadFile(path + ".epoch"); err != nil || strings.TrimLeft(string(content), "0") == "\n" {
			t.Errorf("the new side file says %q, %v", content, err)
		}
	})
	for name, content := range map[string]string{"garbled": "not a number\n", "empty": "", "negative": "-000000000000000005\n"} {
		t.Run(name+": uncertain, so it moves", func(t *testing.T) {
			path, before := start(t)
			if err := os.WriteFile(path+".epoch", []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			db := storetest.Open(t, "sqlite:"+path)
			if storetest.Epoch(t, db) == before {
				t.Error("the epoch did not move")
			}
			mustConsume(t, db, "token", false)
		})
	}
	t.Run("for this user alone", func(t *testing.T) {
		path, _ := start(t)
		for _, name := range []string{path, path + ".epoch"} {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", filepath.Base(name), info.Mode())
			}
		}
	})
	t.Run("two writers never look behind", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "stepup.db")
		dbs := []*store.DB{storetest.Open(t, "sqlite:"+path), storetest.Open(t, "sqlite:"+path)}
		things(t, dbs[0])
		before := storetest.Epoch(t, dbs[0])
		var done sync.WaitGroup
		for i := range 100 {
			done.Go(func() { exec(t, dbs[i%2], insertThing, fmt.Sprint(i)) })
			if i%20 == 0 {
				done.Go(func() {
					if now := storetest.Epoch(t, storetest.Open(t, "sqlite:"+path)); now != before {
						t.Errorf("a start during writes moved the epoch from %q to %q", before, now)
					}
				})
			}
		}
		done.Wait()
		for _, db := range dbs {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
		if now := storetest.Epoch(t, storetest.Open(t, "sqlite:"+path)); now != before {
			t.Errorf("the epoch moved from %q to %q", before, now)
		}
	})
}

// apart are the URLs of a database and of an empty one, without a pooler before them.
func apart(t *testing.T, engine string) (filled, empty string) {
	t.Helper()
	if engine == store.Postgres {
		server := storetest.StartServer(t)
		return server.Copy(t, store.Schema{}), server.Database(t)
	}
	return storetest.URL(t, engine), storetest.Empty(t, engine)
}

// A backup taken while things are being spent, restored: a new epoch, and nothing
// that was spent, before or after the backup, can be spent again.
func TestBackupUnderLoad(t *testing.T) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			from, url := apart(t, engine)
			db := storetest.Open(t, from)
			all := ids(300)
			things(t, db, all...)
			before := storetest.Epoch(t, db)

			ctx, stop := context.WithCancel(t.Context())
			var spent sync.Map
			var next atomic.Int64
			var load sync.WaitGroup
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				return errors.Join(tx.PutEnvironment("a", "A", "", 0),
					tx.PutEnvironment("b", "Bänk\t\n\\", "name: \"B\"\nb: |\n  two\n", 0))
			})
			if err != nil {
				t.Fatal(err)
			}
			halfway := make(chan struct{})
			for range 4 {
				load.Go(func() {
					for ctx.Err() == nil {
						i := int(next.Add(1)) - 1
						if i >= len(all) {
							return
						}
						if i == 50 {
							close(halfway)
						}
						mustConsume(t, db, all[i], true)
						spent.Store(all[i], true)
					}
				})
			}
			<-halfway
			file := filepath.Join(t.TempDir(), "backup")
			if err := db.Backup(t.Context(), file); err != nil {
				t.Fatal(err)
			}
			load.Wait()
			stop()
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the backup has mode %v, %v", info.Mode(), err)
			}
			if err := db.Backup(t.Context(), file); err == nil || !strings.Contains(err.Error(), "does not exist yet") {
				t.Errorf("a second backup to the same file: %v", err)
			}

			config := store.Config{URL: url, Box: storetest.Box(t)}
			refused := errors.New("refused")
			judge := func(found []store.RestoredEnvironment) error {
				if len(found) != 2 ||
					found[1] != (store.RestoredEnvironment{ID: "b", Name: "Bänk\t\n\\", Document: "name: \"B\"\nb: |\n  two\n"}) {
					t.Errorf("the backup holds %q", found)
				}
				return refused
			}
			if err := store.Restore(t.Context(), config, file, judge); !errors.Is(err, refused) {
				t.Errorf("a refused backup: %v", err)
			}
			if err := store.Restore(t.Context(), config, file, nil); err != nil {
				t.Fatal(err)
			}
			if err := store.Restore(t.Context(), config, file, nil); err == nil {
				t.Error("a restore over an existing database succeeded")
			}
			restored := storetest.Open(t, url)
			if after := storetest.Epoch(t, restored); strings.Split(after, ":")[0] == strings.Split(before, ":")[0] {
				t.Errorf("the stored epoch did not move: %q", after)
			}
			if n := number(t, restored, `SELECT count(*) FROM things`); n != int64(len(all)) {
				t.Errorf("%d rows came back, want %d", n, len(all))
			}
			for _, id := range all {
				if _, used := spent.Load(id); used {
					mustConsume(t, restored, id, false)
				}
			}
			things(t, restored, "new")
			mustConsume(t, restored, "new", true)
			if string(restored.Hasher().Sum("p", "x")) != string(db.Hasher().Sum("p", "x")) {
				t.Error("the hasher did not come along")
			}
		})
	}
}

func TestRestoreOfNoBackup(t *testing.T) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			from, url := apart(t, engine)
			db := storetest.Open(t, from)
			good := filepath.Join(t.TempDir(), "good")
			if err := db.Backup(t.Context(), good); err != nil {
				t.Fatal(err)
			}
			whole, err := os.ReadFile(good)
			if err != nil {
				t.Fatal(err)
			}
			config := store.Config{URL: url, Box: storetest.Box(t)}
			for name, content := range map[string][]byte{
				"empty": nil, "text": []byte("this is not a backup"), "cut": whole[:len(whole)*2/3],
			} {
				file := filepath.Join(t.TempDir(), "bad")
				if err := os.WriteFile(file, content, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := store.Restore(t.Context(), config, file, nil); err == nil {
					t.Errorf("%s: restored", name)
				}
			}
			if err := store.Restore(t.Context(), config, filepath.Join(t.TempDir(), "absent"), nil); err == nil {
				t.Error("absent: restored")
			}
			// Nothing was left behind that would stand in the way.
			if err := store.Restore(t.Context(), config, good, nil); err != nil {
				t.Errorf("a good backup after bad ones: %v", err)
			}
		})
	}
}
