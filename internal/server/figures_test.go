package server

import (
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// Tokens are counted from the log, each once, by whichever node gets to it.
func TestTokensAreCounted(t *testing.T) {
	clock := &storetest.Clock{}
	db := storetest.SQLite(t, storetest.WithClock(clock))
	record := func(action, id string, expires time.Time) {
		t.Helper()
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			return audit.Record(tx, audit.By{Actor: "user:u", EnvironmentID: "e"}, action,
				audit.Detail{"token_id": id, "single_use": true, "expires_at": expires})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var now time.Time
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		now = tx.Now()
		return tx.PutEnvironment("e", "E", "id: e\nname: E\n", 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	nodes := []*Server{{config: Config{DB: db}, metrics: newMetrics(db)}, {config: Config{DB: db}, metrics: newMetrics(db)}}
	record("token.minted", "a", now.Add(5*time.Minute))
	record("token.minted", "b", now.Add(5*time.Minute))
	record("token.consumed", "a", now.Add(5*time.Minute))
	clock.Advance(10 * time.Minute)
	record("thing.done", "", time.Time{})
	clock.Advance(2 * time.Minute)
	for _, node := range nodes {
		if err := node.count(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]float64{}
	for _, node := range nodes {
		families, err := node.metrics.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, m := range family.GetMetric() {
				got[family.GetName()] += m.GetCounter().GetValue()
			}
		}
	}
	for name, want := range map[string]float64{
		"stepup_tokens_minted_total": 2, "stepup_tokens_spent_total": 1, "stepup_tokens_expired_total": 1,
	} {
		if got[name] != want {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
}
