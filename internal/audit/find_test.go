package audit_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

var begin = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// enter appends an entry with the time and the id that the number gives it.
func enter(tx *store.Tx, n int, row store.AuditRow, tokenID string) error {
	row.ID, row.At, row.Actor = fmt.Sprintf("%05d", n), begin.Add(time.Duration(n/2)*time.Second), "system"
	if row.Detail == "" {
		row.Detail = "{}"
	}
	row.Hash = audit.Hash(row)
	return tx.InsertAudit(row, tokenID)
}

// Whatever index a query goes along, its pages together are what a look at each entry
// would choose, in order, with none twice and none left out.
func TestFind(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		actions := []string{"proof.given", "proof.refused", "token.minted", "token.consumed", "wallet.sign.finished"}
		const many = 600
		write(t, db, func(tx *store.Tx) error {
			for n := range many {
				row := store.AuditRow{EnvironmentID: []string{"e", "f", ""}[n%3], Action: actions[n%5],
					UserID: []string{"u", "v", "w", ""}[n%4], SessionID: fmt.Sprint("s", n%7)}
				token := ""
				if n%5 == 2 || n%5 == 3 {
					token = fmt.Sprint("t", n%6)
				}
				if n%5 == 4 {
					row.Detail = []string{`{"result":"done"}`, `{"result":"limit_reached"}`}[n%2]
				}
				if err := enter(tx, n, row, token); err != nil {
					return err
				}
			}
			return nil
		})
		var all []store.AuditRow
		err := db.Read(t.Context(), func(tx *store.Tx) (err error) {
			all, err = storetest.AuditLog(tx, "", "")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		in := func(at time.Time, q audit.Query) bool {
			return !at.Before(q.Since) && (q.Until.IsZero() || at.Before(q.Until))
		}
		for _, test := range []struct {
			name  string
			query audit.Query
			want  func(row store.AuditRow) bool
		}{
			{"an environment", audit.Query{EnvironmentIDs: []string{"e"}}, func(r store.AuditRow) bool { return r.EnvironmentID == "e" }},
			{"all", audit.Query{EnvironmentIDs: []string{"", "e", "f"}}, func(store.AuditRow) bool { return true }},
			{"the installation's own", audit.Query{EnvironmentIDs: []string{""}},
				func(r store.AuditRow) bool { return r.EnvironmentID == "" }},
			{"a person", audit.Query{EnvironmentIDs: []string{"e"}, UserID: "v"},
				func(r store.AuditRow) bool { return r.EnvironmentID == "e" && r.UserID == "v" }},
			{"a person anywhere", audit.Query{EnvironmentIDs: []string{""}, UserID: "v"},
				func(r store.AuditRow) bool { return r.UserID == "v" }},
			{"an action", audit.Query{EnvironmentIDs: []string{"f"}, Action: "token.minted"},
				func(r store.AuditRow) bool { return r.EnvironmentID == "f" && r.Action == "token.minted" }},
			{"some actions", audit.Query{EnvironmentIDs: []string{"f"}, Action: "token."},
				func(r store.AuditRow) bool {
					return r.EnvironmentID == "f" && (r.Action == "token.minted" || r.Action == "token.consumed")
				}},
			{"a token", audit.Query{EnvironmentIDs: []string{"e"}, TokenID: "t3"},
				func(r store.AuditRow) bool { return r.EnvironmentID == "e" && tokenOf(r) == "t3" }},
			{"refused", audit.Query{EnvironmentIDs: []string{"e"}, Outcome: audit.Refused},
				func(r store.AuditRow) bool {
					return r.EnvironmentID == "e" && (r.Action == "proof.refused" || r.Detail == `{"result":"limit_reached"}`)
				}},
			{"done", audit.Query{EnvironmentIDs: []string{"e"}, Outcome: audit.Done},
				func(r store.AuditRow) bool {
					return r.EnvironmentID == "e" && r.Action != "proof.refused" && r.Detail != `{"result":"limit_reached"}`
				}},
			{"a time", audit.Query{EnvironmentIDs: []string{"e"}, Since: begin.Add(20 * time.Second), Until: begin.Add(70 * time.Second)},
				func(r store.AuditRow) bool { return r.EnvironmentID == "e" }},
			{"all at once", audit.Query{EnvironmentIDs: []string{"e"}, UserID: "u", SessionID: "s3", Action: "proof.", Outcome: audit.Done,
				Since: begin.Add(10 * time.Second), Until: begin.Add(290 * time.Second)}, func(r store.AuditRow) bool {
				return r.EnvironmentID == "e" && r.UserID == "u" && r.SessionID == "s3" && r.Action == "proof.given"
			}},
			{"nothing", audit.Query{EnvironmentIDs: []string{"e"}, UserID: "x"}, func(store.AuditRow) bool { return false }},
		} {
			for _, newest := range []bool{false, true} {
				var want, got []string
				for _, row := range all {
					if test.want(row) && in(row.At, test.query) {
						want = append(want, row.ID)
					}
				}
				if newest {
					slices.Reverse(want)
				}
				q := test.query
				q.Newest, q.Limit = newest, 7
				for more := true; more; {
					err := db.Read(t.Context(), func(tx *store.Tx) error {
						page, err := audit.Find(tx, q)
						for _, row := range page.Rows {
							got = append(got, row.ID)
						}
						more, q.After = page.More, page.Next
						if len(page.Rows) > 7 || more && len(page.Rows) < 7 {
							t.Errorf("%s: a page of %d", test.name, len(page.Rows))
						}
						return err
					})
					if err != nil {
						t.Fatalf("%s: %v", test.name, err)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, newest first %v: %v, want %v", test.name, newest, got, want)
				}
			}
		}
	})
}

// tokenOf is what TestFind said the entry's token is.
func tokenOf(r store.AuditRow) string {
	var n int
	_, _ = fmt.Sscanf(r.ID, "%d", &n)
	if n%5 == 2 || n%5 == 3 {
		return fmt.Sprint("t", n%6)
	}
	return ""
}

// A step-up is found from each of its entries, and nothing of another one of the same
// session comes with it.
func TestTrail(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		write(t, db, func(tx *store.Tx) error {
			for n, row := range []store.AuditRow{
				{RequestID: "r1", Action: "code.sent", Detail: `{"challenge_id":"c"}`},
				{RequestID: "o1", Action: "code.sent", Detail: `{"challenge_id":"other"}`},
				{RequestID: "r2", Action: "proof.refused", Detail: `{"challenge_id":"c"}`},
				{RequestID: "r3", Action: "proof.given", Detail: `{"challenge_id":"c"}`},
				{RequestID: "r3", Action: "token.minted", Detail: `{"token_id":"t"}`},
				{RequestID: "o2", Action: "token.minted", Detail: `{"token_id":"other"}`},
				{RequestID: "r4", Action: "token.consumed", Detail: `{"token_id":"t","operation_id":"op"}`},
				{RequestID: "r4", Action: "credential.linked"},
				{RequestID: "r5", Action: "wallet.sign.finished", Detail: `{"operation_id":"op"}`},
			} {
				row.EnvironmentID, row.UserID, row.SessionID = "e", "u", "s"
				if err := enter(tx, 2*n, row, ""); err != nil {
					return err
				}
			}
			other := store.AuditRow{EnvironmentID: "e", UserID: "v", RequestID: "r3", Action: "proof.given", Detail: `{"challenge_id":"c"}`}
			return enter(tx, 100, other, "")
		})
		want := []string{"00000", "00004", "00006", "00008", "00012", "00014", "00016"}
		for _, id := range want {
			var got []string
			if err := db.Read(t.Context(), func(tx *store.Tx) error {
				row, err := tx.AuditRow("e", id)
				if err != nil {
					return err
				}
				trail, err := audit.Trail(tx, row)
				for _, row := range trail {
					got = append(got, row.ID)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("from %s: %v, want %v", id, got, want)
			}
		}
	})
}
