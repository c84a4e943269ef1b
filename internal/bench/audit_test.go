package bench_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/figures"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

var auditRows = flag.Int("audit-rows", 0, "entries of the audit log that TestAuditPages asks, on SQLite; 0: it does not run")

// slowest is what a page of the console may take at ten million entries.
const slowest = 200 * time.Millisecond

// Each query that the console's pages of the audit log and the overview make, over as many
// entries as there may be:
//
//	go test ./internal/bench -run TestAuditPages -audit-rows 10000000 -timeout 60m -v
func TestAuditPages(t *testing.T) {
	n := *auditRows
	if n == 0 {
		t.Skip("takes minutes: -audit-rows says over how many entries")
	}
	db := storetest.SQLite(t)
	begin := time.Now().Add(-30 * 24 * time.Hour).UnixMilli()
	step := int64(30*24*time.Hour/time.Millisecond) / int64(n)
	const part = 250_000
	for from := 0; from < n; from += part {
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`WITH RECURSIVE s(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM s WHERE i + 1 < $2)
				INSERT INTO audit_events (id, environment_id, at, action, actor, user_id, session_id, request_id, detail, source, hash,
					token_id)
				SELECT printf('%012x', i), $3, $4 + i * $5, CASE WHEN i % 500000 = 7 THEN 'passkey.counter_regressed' ELSE
					CASE i % 5 WHEN 0 THEN 'code.sent' WHEN 1 THEN 'proof.given' WHEN 2 THEN 'token.minted' WHEN 3 THEN 'token.consumed'
					ELSE 'proof.refused' END END, 'user:u', printf('u%d', i / 5 % 100000), 's', printf('r%d', i / 2),
				'{"method":"totp","purpose":"session","code":"wrong_code","single_use":true,"expires_at":"2026-01-01T00:00:00Z"}', '',
				'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
				CASE WHEN i % 5 IN (2, 3) THEN printf('t%d', i / 5) ELSE '' END FROM s`,
				from, min(n, from+part), servertest.A, begin, step)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	at := func(i int) store.AuditKey {
		return store.AuditKey{At: time.UnixMilli(begin + int64(i)*step), ID: fmt.Sprintf("%012x", i)}
	}
	counted := n - min(n/2, 200_000)
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.LockFigureMark(servertest.A, at(counted))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	timed := func(name string, do func(tx *store.Tx) error) {
		t.Helper()
		var took []time.Duration
		for range 9 {
			began := time.Now()
			if err := db.Read(t.Context(), do); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		t.Logf("%-44s %8s", name, took[4].Round(10*time.Microsecond))
		if took[4] > slowest {
			t.Errorf("%s takes %s", name, took[4])
		}
	}
	for _, q := range []struct {
		name   string
		search operate.AuditSearch
	}{
		{"the newest page", operate.AuditSearch{}},
		{"a page in the middle", operate.AuditSearch{After: fmt.Sprintf("%d_%s", at(n/2).At.UnixMilli(), at(n/2).ID)}},
		{"a person", operate.AuditSearch{UserID: "u4711"}},
		{"a token", operate.AuditSearch{TokenID: "t4711"}},
		{"an action that is frequent", operate.AuditSearch{Action: "token.minted"}},
		{"an action that is rare", operate.AuditSearch{Action: "passkey.counter_regressed"}},
		{"an action that never was", operate.AuditSearch{Action: "thing."}},
		{"what failed", operate.AuditSearch{Outcome: audit.Failed}},
		{"what was done", operate.AuditSearch{Outcome: audit.Done}},
		{"a person's refusals in a day", operate.AuditSearch{UserID: "u4711", Outcome: audit.Refused, Since: at(n / 2).At,
			Until: at(n / 2).At.Add(24 * time.Hour)}},
		{"a day long ago", operate.AuditSearch{Since: at(n / 9).At, Until: at(n / 9).At.Add(24 * time.Hour)}},
	} {
		q.search.Newest, q.search.Limit = true, 50
		timed(q.name, func(tx *store.Tx) error {
			_, err := operate.SearchAudit(tx, servertest.A, q.search)
			return err
		})
	}
	timed("one step-up followed", func(tx *store.Tx) error {
		_, err := operate.AuditTrail(tx, servertest.A, at(n/2+1).ID)
		return err
	})
	began, steps := time.Now(), 0
	for more := true; more; steps++ {
		if err := db.Write(t.Context(), func(tx *store.Tx) (err error) {
			_, more, err = figures.Count(tx, servertest.A)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("counting a thousand entries %s", (time.Since(began) / time.Duration(steps)).Round(10*time.Microsecond))
	for _, period := range []figures.Period{figures.Hour, figures.Day, figures.Month} {
		timed("the overview of "+string(period), func(tx *store.Tx) error {
			row, err := tx.Environment(servertest.A)
			if err != nil {
				row = store.EnvironmentRow{ID: servertest.A, Document: document}
			}
			_, err = operate.ViewOverview(tx, row, period, store.Durability{})
			return err
		})
	}
}
