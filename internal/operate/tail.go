package operate

import "time"

// overlap is how far back an [AuditTail] looks again each time: transactions commit in
// another order than their times, on PostgreSQL up to the time that one may take.
const overlap = 30 * time.Second

// AuditTail follows the log of all nodes: each call of Next finds what was committed
// since. It keeps what it has told of the last moments, and no more.
type AuditTail struct {
	search AuditSearch
	told   map[string]time.Time
}

// FollowAudit begins behind the newest entries, as a page of them has them, or with what
// is committed from a time on.
func FollowAudit(s AuditSearch, newest []AuditEvent) *AuditTail {
	t := &AuditTail{search: s, told: map[string]time.Time{}}
	t.search.Until, t.search.Newest, t.search.After, t.search.Limit = time.Time{}, false, "", 0
	for _, e := range newest {
		t.told[e.ID] = e.At
		t.search.Since = later(t.search.Since, e.At)
	}
	return t
}

// Next are the entries that were not told yet, oldest first: at most limit, with the
// rest left for the next call.
func (t *AuditTail) Next(find func(AuditSearch) (AuditPage, error), limit int) (fresh AuditPage, err error) {
	s := t.search
	for more := true; more; {
		page, err := find(s)
		if err != nil {
			return AuditPage{}, err
		}
		for _, e := range page.Events {
			if _, told := t.told[e.ID]; told {
				continue
			}
			if len(fresh.Events) == limit {
				t.forget()
				return fresh, nil
			}
			t.told[e.ID] = e.At
			fresh.Events = append(fresh.Events, e)
		}
		fresh.know(page.Users)
		s.After, more = page.Next, page.Next != ""
	}
	t.forget()
	return fresh, nil
}

// forget goes on a little before the newest entry that was told.
func (t *AuditTail) forget() {
	var newest time.Time
	for _, at := range t.told {
		newest = later(newest, at)
	}
	t.search.Since = later(t.search.Since, newest.Add(-overlap))
	for id, at := range t.told {
		if at.Before(t.search.Since) {
			delete(t.told, id)
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
