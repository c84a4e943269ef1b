package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// Two nodes count, several collect: one entry per source, that of the rest among
// them, with what both have counted.
func TestRefusals(t *testing.T) {
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db, other := open(t), open(t)
		clock.Advance(time.Minute - time.Duration(time.Now().Add(clock.Offset()).Second())*time.Second) // a minute begins
		now := func() time.Time { return time.Now().Add(clock.Offset()) }
		one, two := audit.NewRefusals(now), audit.NewRefusals(now)
		for i := range 300 {
			one.Count("e", fmt.Sprintf("192.0.2.%d", i%150), "email invalid")
		}
		for range 5 {
			two.Count("e", "192.0.2.1", "email wrong")
		}
		flush := func(refusals *audit.Refusals, db *store.DB, all bool) {
			t.Helper()
			if err := refusals.Flush(t.Context(), db, all); err != nil {
				t.Fatal(err)
			}
		}
		collect := func(db *store.DB) (n int) {
			for more := true; more; n++ {
				err := db.Write(t.Context(), func(tx *store.Tx) (err error) {
					more, err = audit.Collect(tx)
					return err
				})
				if err != nil {
					t.Error(err)
					return n
				}
			}
			return n - 1
		}
		flush(one, db, false)
		if n := collect(db); n != 0 || len(rows(t, db)) != 0 {
			t.Errorf("%d minutes were collected before they were over", n)
		}
		clock.Advance(2 * time.Minute)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := one.Flush(ended, db, false); !errors.Is(err, context.Canceled) {
			t.Errorf("flushing without a database: %v", err)
		}
		flush(one, db, false)
		flush(two, other, true)
		flush(one, db, true) // nothing twice
		var done sync.WaitGroup
		for _, node := range []*store.DB{db, other, db, other} {
			done.Go(func() { collect(node) })
		}
		done.Wait()
		total, ones := 0, 0
		entries := rows(t, db)
		for _, row := range entries {
			var detail struct {
				Count   int
				Refused map[string]int
			}
			if err := json.Unmarshal([]byte(row.Detail), &detail); err != nil || row.Action != "proof.refused" ||
				row.Hash != audit.Hash(row) {
				t.Errorf("%+v, %v", row, err)
			}
			err := db.Read(t.Context(), func(tx *store.Tx) error {
				source, err := audit.SourceOf(tx, row)
				switch from := source.Address; {
				case from == "192.0.2.1" && (detail.Count != 7 || detail.Refused["email wrong"] != 5):
					t.Errorf("%s: %+v", from, detail)
				case from == "others" && detail.Count != 100:
					t.Errorf("the rest: %+v", detail)
				case from == "192.0.2.1", from == "others":
					ones++
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			total += detail.Count
		}
		if len(entries) != 101 || total != 305 || ones != 2 {
			t.Errorf("%d entries of %d refusals, want 101 of 305", len(entries), total)
		}

		var n int64
		err := db.Write(t.Context(), func(tx *store.Tx) (err error) {
			n, err = tx.ForgetAuditSources("e", tx.Now().Add(time.Hour), 60)
			return err
		})
		if err != nil || n != 60 {
			t.Errorf("%d addresses forgotten, want a batch of 60, %v", n, err)
		}
	}, storetest.WithClock(clock))
}
