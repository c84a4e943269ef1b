package audit

import (
	"time"

	"github.com/stepup-auth/stepup/internal/store"
)

// Overlap is how far back a [Tail] looks again each time: transactions commit in another
// order than their times, on PostgreSQL up to the time that one may take.
const Overlap = 30 * time.Second

// Tail follows the log of all nodes: each call of Next finds what was committed since.
// It keeps what it has told of the last moments, and no more.
type Tail struct {
	query Query
	told  map[string]time.Time
}

// Follow begins with what is committed from a time on that matches the query.
func Follow(q Query, since time.Time) *Tail {
	q.Since, q.Until, q.Newest, q.After, q.Limit = since, time.Time{}, false, store.AuditKey{}, mostFound
	return &Tail{query: q, told: map[string]time.Time{}}
}

// Next are the entries that were not told yet, oldest first: at most limit, with the
// rest left for the next call.
func (t *Tail) Next(tx *store.Tx, limit int) ([]store.AuditRow, error) {
	var fresh []store.AuditRow
	q := t.query
	for more := true; more; {
		page, err := Find(tx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			if _, told := t.told[row.ID]; told {
				continue
			}
			if len(fresh) == limit {
				t.forget(fresh[limit-1].At.Add(-Overlap))
				return fresh, nil
			}
			t.told[row.ID] = row.At
			fresh = append(fresh, row)
		}
		more, q.After = page.More, page.Next
	}
	t.forget(tx.Now().Add(-Overlap))
	return fresh, nil
}

// forget goes on from a time.
func (t *Tail) forget(from time.Time) {
	if from.After(t.query.Since) {
		t.query.Since = from
	}
	for id, at := range t.told {
		if at.Before(t.query.Since) {
			delete(t.told, id)
		}
	}
}
