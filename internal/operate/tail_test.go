package operate_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// Each entry is told once, late ones too, and no more of them is kept than of the last
// moments.
func TestAuditTail(t *testing.T) {
	clock := &storetest.Clock{}
	db := storetest.SQLite(t, storetest.WithClock(clock))
	add := func(n int, ago time.Duration) {
		t.Helper()
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			for i := range n {
				row := store.AuditRow{ID: fmt.Sprintf("%d-%d-%d", tx.Now().UnixMilli(), ago, i), EnvironmentID: "e",
					At: tx.Now().Add(-ago), Action: "thing.done", Actor: "system", Detail: "{}"}
				if err := tx.InsertAudit(row, ""); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	find := func(s operate.AuditSearch) (page operate.AuditPage, err error) {
		err = db.Read(t.Context(), func(tx *store.Tx) error {
			page, err = operate.SearchAudit(tx, "e", s)
			return err
		})
		return page, err
	}
	add(5, 0)
	clock.Advance(time.Second)
	newest, err := find(operate.AuditSearch{Newest: true, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	tail := operate.FollowAudit(operate.AuditSearch{}, newest.Events)
	next := func(limit int) int {
		t.Helper()
		page, err := tail.Next(find, limit)
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Events)
	}
	clock.Advance(5 * time.Second)
	add(3, 0)
	got := []int{next(100), next(100)}
	clock.Advance(5 * time.Second)
	add(1, 0)
	got = append(got, next(100))
	add(1, 8*time.Second) // began before the last one, and before what was told first
	got = append(got, next(100), next(100))
	clock.Advance(time.Minute)
	got = append(got, next(100))
	add(1, time.Second)
	add(2, 2*time.Second)
	got = append(got, next(2), next(2), next(2))
	if want := []int{3, 0, 1, 1, 0, 0, 2, 1, 0}; !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
	everything := operate.FollowAudit(operate.AuditSearch{Since: time.UnixMilli(0)}, nil)
	if page, err := everything.Next(find, 100); err != nil || len(page.Events) != 13 {
		t.Errorf("from the beginning: %d, %v", len(page.Events), err)
	}
}
