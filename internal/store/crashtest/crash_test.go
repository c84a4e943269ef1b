// Package crashtest kills a process that uses the store, with SIGKILL at random
// points, and checks what it had acknowledged: no consumed thing can be consumed
// again, no counted failure is forgotten.
package crashtest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// The environment of a child: its presence makes the test binary one.
const (
	childURL   = "STEPUP_CRASHTEST_URL"
	childKey   = "STEPUP_CRASHTEST_MASTER_KEY"
	childRound = "STEPUP_CRASHTEST_ROUND"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		if err := child(url, secret.Text(os.Getenv(childKey)), os.Getenv(childRound)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// rounds is how many kills each engine gets.
func rounds() int {
	switch {
	case os.Getenv("LONG_TESTS") != "":
		return 500
	case testing.Short():
		return 5
	}
	return 50
}

// perRound is how many things a child can consume before it only counts failures.
const perRound = 80

func thing(round string, i int) string { return fmt.Sprintf("%s-%d", round, i) }

func TestKill(t *testing.T) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			h := newHistory(t, engine)
			for round := range rounds() {
				h.round(fmt.Sprint(round))
			}
			h.verifyAll()
			t.Logf("%d rounds: %d acknowledged consumes, %d acknowledged failures; %d things were consumed without an acknowledgement",
				rounds(), len(h.consumed), h.counted, h.silent)
		})
	}
}

// history is what children acknowledged, over all rounds.
type history struct {
	t        *testing.T
	url      string
	key      secret.Text
	epoch    string
	consumed map[string]bool
	counted  int
	silent   int
}

func newHistory(t *testing.T, engine string) *history {
	key, err := seal.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	url := storetest.Empty(t, store.SQLite)
	if engine == store.Postgres {
		url = storetest.StartServer(t).Database(t) // on the disk: what was acknowledged must last
	}
	h := &history{t: t, url: url, key: key, consumed: map[string]bool{}}
	h.withStore(func(db *store.DB) {
		h.epoch = h.readEpoch(db)
		h.exec(db, `CREATE TABLE crash_things (id TEXT PRIMARY KEY, epoch TEXT NOT NULL, used_at BIGINT)`)
		h.exec(db, `CREATE TABLE crash_failures (id TEXT PRIMARY KEY, failures BIGINT NOT NULL)`)
	})
	return h
}

// round lets a child work, kills it, and checks what it had said.
func (h *history) round(round string) {
	h.t.Helper()
	h.withStore(func(db *store.DB) {
		err := db.Write(h.t.Context(), func(tx *store.Tx) error {
			for i := range perRound {
				if _, err := tx.Exec(`INSERT INTO crash_things (id, epoch) SELECT $1, epoch FROM current_epoch`,
					thing(round, i)); err != nil {
					return err
				}
			}
			_, err := tx.Exec(`INSERT INTO crash_failures (id, failures) VALUES ($1, 0)`, round)
			return err
		})
		if err != nil {
			h.t.Fatal(err)
		}
	})

	consumed, failures := h.runAndKill(round)
	if len(consumed) == 0 || failures == 0 {
		h.t.Fatalf("round %s: the child acknowledged nothing", round)
	}
	h.counted += int(failures)

	h.withStore(func(db *store.DB) {
		// A kill loses no acknowledged commit, so the epoch has no reason to move; had it
		// moved, the checks below would hold for the wrong reason.
		if now := h.readEpoch(db); now != h.epoch {
			h.t.Fatalf("round %s: the epoch moved from %q to %q", round, h.epoch, now)
		}
		var stored int64
		err := db.Read(h.t.Context(), func(tx *store.Tx) error {
			return tx.Row(`SELECT failures FROM crash_failures WHERE id = $1`, round).Scan(&stored)
		})
		if err != nil {
			h.t.Fatal(err)
		}
		if stored < failures {
			h.t.Errorf("round %s: %d failures stored, %d acknowledged", round, stored, failures)
		}
		var again sync.WaitGroup
		var mutex sync.Mutex
		ids := make(chan int)
		for range perRound / 4 {
			again.Go(func() {
				for i := range ids {
					id := thing(round, i)
					won, err := consume(h.t.Context(), db, id)
					if err != nil {
						h.t.Error(err)
					}
					mutex.Lock()
					switch {
					case consumed[id] && won:
						h.t.Errorf("round %s: %s was acknowledged and could be consumed again", round, id)
					case !consumed[id] && !won:
						h.silent++
					}
					mutex.Unlock()
				}
			})
		}
		for i := range perRound {
			ids <- i
		}
		close(ids)
		again.Wait()
	})
	for id := range consumed {
		h.consumed[id] = true
	}
}

// verifyAll asks for everything once more at the end.
func (h *history) verifyAll() {
	h.withStore(func(db *store.DB) {
		err := db.Read(h.t.Context(), func(tx *store.Tx) error {
			rows, err := tx.Rows(`SELECT id FROM crash_things WHERE used_at IS NULL`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var id string
				if err := rows.Scan(&id); err != nil {
					return err
				}
				h.t.Errorf("%s is unused at the end; acknowledged: %v", id, h.consumed[id])
			}
			return rows.Err()
		})
		if err != nil {
			h.t.Fatal(err)
		}
	})
}

// runAndKill starts a child, kills it while it works, and returns what it said: the
// consumed things, and the highest failure count.
func (h *history) runAndKill(round string) (consumed map[string]bool, failures int64) {
	h.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childURL+"="+h.url, childKey+"="+h.key.Reveal(), childRound+"="+round)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	consumed = map[string]bool{}
	var kill *time.Timer
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			if !errors.Is(err, io.EOF) {
				h.t.Error(err)
			}
			break // a half line was never said
		}
		var id string
		var n int64
		switch _, err := fmt.Sscanf(line, "%s %d", &id, &n); {
		case err != nil:
			h.t.Errorf("the child said %q", line)
		case id == "failures":
			failures = max(failures, n)
		case consumed[id]:
			h.t.Errorf("%s was acknowledged twice", id)
		default:
			consumed[id] = true
		}
		if kill == nil && failures > 0 && len(consumed) > 0 {
			kill = time.AfterFunc(rand.N(60*time.Millisecond), func() { _ = cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		h.t.Fatalf("the child was not killed but ended: %v", err)
	}
	return consumed, failures
}

func (h *history) withStore(f func(db *store.DB)) {
	h.t.Helper()
	db, err := openStore(h.t.Context(), h.url, h.key)
	if err != nil {
		h.t.Fatal(err)
	}
	f(db)
	if err := db.Close(); err != nil {
		h.t.Error(err)
	}
}

func (h *history) readEpoch(db *store.DB) string {
	h.t.Helper()
	return storetest.Epoch(h.t, db)
}

func (h *history) exec(db *store.DB, statement string) {
	h.t.Helper()
	err := db.Write(h.t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(statement); return err })
	if err != nil {
		h.t.Fatal(err)
	}
}
