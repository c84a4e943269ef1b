package figures_test

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/figures"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// Figures are those of the log, whether nothing of it was counted, some or all, on how
// many nodes at once; a step that a crash or another node repeats adds nothing.
func TestFigures(t *testing.T) {
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db, other := open(t), open(t)
		record := func(n int) {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				by := audit.By{Actor: "user:u", EnvironmentID: "e", UserID: "u", SessionID: "s"}
				for i := range n {
					id, expires := fmt.Sprint(tx.Now().UnixMilli(), "-", i), tx.Now().Add(5*time.Minute)
					for _, e := range []struct {
						action string
						detail audit.Detail
					}{
						{"proof.given", audit.Detail{"method": "email_otp", "purpose": "session", "took_ms": 15_000}},
						{"proof.given", audit.Detail{"method": "email_otp", "purpose": "sign-in", "took_ms": 45_000}},
						{"token.minted", audit.Detail{"token_id": id, "single_use": true, "expires_at": expires}},
						{"proof.refused", audit.Detail{"method": "totp", "code": "wrong_code"}},
						{"proof.refused", audit.Detail{"count": 7, "refused": map[string]int64{"email_otp invalid": 5,
							"totp wrong_code": 2}}},
						{"session.started", audit.Detail{"method": "passkey"}},
						{"thing.done", nil},
					} {
						if err := audit.Record(tx, by, e.action, e.detail); err != nil {
							return err
						}
					}
					if i%2 == 0 {
						consumed := audit.Detail{"token_id": id, "single_use": true, "expires_at": expires}
						if err := audit.Record(tx, by, "token.consumed", consumed); err != nil {
							return err
						}
					}
				}
				return audit.Record(tx, audit.By{Actor: "system", EnvironmentID: "f"}, "session.started", audit.Detail{"method": "passkey"})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		var sums figures.Counted // of all nodes
		var summing sync.Mutex
		count := func(db *store.DB, steps int) {
			for more := true; more && steps > 0; steps-- {
				var counted figures.Counted
				err := db.Write(t.Context(), func(tx *store.Tx) (err error) {
					counted, more, err = figures.Count(tx, "e")
					return err
				})
				if err != nil {
					t.Error(err)
				}
				summing.Lock()
				sums.Minted, sums.Spent, sums.Expired = sums.Minted+counted.Minted, sums.Spent+counted.Spent, sums.Expired+counted.Expired
				summing.Unlock()
			}
		}
		check := func(when string, p figures.Period, n int64) {
			t.Helper()
			var r figures.Report
			if err := db.Read(t.Context(), func(tx *store.Tx) (err error) { r, err = figures.Read(tx, "e", p); return err }); err != nil {
				t.Fatal(err)
			}
			got, want := map[string]int64{}, map[string]int64{
				"proven email_otp": n, "took 20": n, "minted": n, "spent": n / 2, "refused totp": n, "reason wrong_code": 3 * n,
				"reason invalid": 5 * n, "sign-in passkey": n, "expired": n / 2,
			}
			for name := range r.Counts {
				got[name] = r.Sum(name)
			}
			if !maps.Equal(got, want) || !r.UpTo.IsZero() {
				t.Errorf("%s, %s: %v up to %s, want %v", when, p, got, r.UpTo, want)
			}
		}
		record(100)
		clock.Advance(10 * time.Minute)
		for _, p := range []figures.Period{figures.Hour, figures.Day, figures.Month} {
			check("nothing is counted", p, 100)
		}
		record(100)
		clock.Advance(6 * time.Minute)
		count(db, 1)
		check("some is counted", figures.Hour, 200)
		var done sync.WaitGroup
		for _, node := range []*store.DB{db, other, db, other} {
			done.Go(func() { count(node, 100) })
		}
		done.Wait()
		check("all is counted", figures.Hour, 200)
		check("all is counted", figures.Day, 200)
		if want := (figures.Counted{Minted: 200, Spent: 100, Expired: 50}); sums != want { // the log has not come to the end of the rest
			t.Errorf("%+v, want %+v", sums, want)
		}
		record(0)
		clock.Advance(2 * time.Minute)
		count(db, 100)
		if want := (figures.Counted{Minted: 200, Spent: 100, Expired: 50}); sums != want { // nothing of this environment happened since
			t.Errorf("%+v, want %+v", sums, want)
		}
		if err := db.Write(t.Context(), func(tx *store.Tx) error {
			return audit.Record(tx, audit.By{Actor: "system", EnvironmentID: "e"}, "thing.done", nil)
		}); err != nil {
			t.Fatal(err)
		}
		clock.Advance(2 * time.Minute)
		count(other, 100)
		count(db, 100)
		if want := (figures.Counted{Minted: 200, Spent: 100, Expired: 100}); sums != want {
			t.Errorf("%+v, want %+v", sums, want)
		}
		clock.Advance(2 * time.Hour)
		check("later", figures.Month, 200)
		if err := db.Read(t.Context(), func(tx *store.Tx) error {
			r, err := figures.Read(tx, "e", figures.Hour)
			if len(r.Counts) != 0 || len(r.Times) != 60 {
				t.Errorf("an hour in which nothing happened: %v", r.Counts)
			}
			waits, err2 := figures.Waiting(tx, "e")
			if waits || err2 != nil {
				t.Errorf("something waits: %v", err2)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}, storetest.WithClock(clock))
}
