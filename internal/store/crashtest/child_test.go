package crashtest

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
)

// child consumes this round's things and counts failures until it is killed, and
// says so only after the store has said yes. Each thing is tried by two workers.
func child(url string, key secret.Text, round string) error {
	ctx := context.Background()
	db, err := openStore(ctx, url, key)
	if err != nil {
		return err
	}
	const workers = 8
	failed := make(chan error)
	for worker := range workers {
		go func() {
			for i := 0; ; i++ {
				// Neighbouring workers go through the same half of the list.
				if n := i*workers/2 + worker/2; n < perRound {
					won, err := consume(ctx, db, thing(round, n))
					if err != nil {
						failed <- err
					}
					if won {
						say(thing(round, n), 1)
					}
				}
				failures, err := countFailure(ctx, db, round)
				if err != nil {
					failed <- err
				}
				say("failures", failures)
			}
		}()
	}
	return <-failed
}

// say is one write of one line, so that a kill leaves no mixture behind.
func say(what string, n int64) { _, _ = os.Stdout.WriteString(fmt.Sprintf("%s %d\n", what, n)) }

func openStore(ctx context.Context, url string, key secret.Text) (*store.DB, error) {
	box, err := seal.ParseMasterKey(key)
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Config{URL: url, Box: box})
}

func consume(ctx context.Context, db *store.DB, id string) (won bool, err error) {
	err = db.Write(ctx, func(tx *store.Tx) error {
		var got string
		err := tx.Row(`UPDATE crash_things SET used_at = $1 WHERE id = $2 AND used_at IS NULL
			AND epoch = (SELECT epoch FROM current_epoch) RETURNING id`, tx.Now().UnixMilli(), id).Scan(&got)
		won = err == nil
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	return won && err == nil, err
}

func countFailure(ctx context.Context, db *store.DB, id string) (failures int64, err error) {
	err = db.Write(ctx, func(tx *store.Tx) error {
		return tx.Row(`UPDATE crash_failures SET failures = failures + 1 WHERE id = $1 RETURNING failures`, id).Scan(&failures)
	})
	return failures, err
}
