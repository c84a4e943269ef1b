package audit

import (
	"encoding/json"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
)

// around is how far a step-up reaches before and after any of its entries: a challenge
// lives ten minutes, a token ten, a prompt ten, and what they allow follows at once.
const around = 30 * time.Minute

// mostOfTrail bounds the entries that a trail is looked for in.
const mostOfTrail = 2_000

// links are the members of a detail that name what several entries are about.
var links = []string{"token_id", "challenge_id", "shares", "operation_id", "operationId", "prompt_id", "binding_id"}

// Trail is the step-up that an entry belongs to, oldest first: the challenge, the proof,
// the token that was minted, that it was spent, and what it allowed. Entries belong
// together that were written in one request, or that name the same challenge, token,
// operation, prompt or binding.
func Trail(tx *store.Tx, of store.AuditRow) ([]store.AuditRow, error) {
	if of.UserID == "" {
		return []store.AuditRow{of}, nil
	}
	page, err := Find(tx, Query{EnvironmentIDs: []string{of.EnvironmentID}, UserID: of.UserID, Since: of.At.Add(-around),
		Until: of.At.Add(around), Limit: mostFound})
	if err != nil {
		return nil, err
	}
	rows := page.Rows
	for page.More && len(rows) < mostOfTrail {
		page, err = Find(tx, Query{EnvironmentIDs: []string{of.EnvironmentID}, UserID: of.UserID, Until: of.At.Add(around),
			After: page.Next, Limit: mostFound})
		if err != nil {
			return nil, err
		}
		rows = append(rows, page.Rows...)
	}
	return connected(rows, of), nil
}

// connected are those of the rows that hang together with one of them.
func connected(rows []store.AuditRow, of store.AuditRow) []store.AuditRow {
	named := map[string]bool{}
	for _, name := range names(of) {
		named[name] = true
	}
	chosen := map[string]bool{of.ID: true}
	for grew := true; grew; {
		grew = false
		for _, row := range rows {
			if chosen[row.ID] {
				continue
			}
			its := names(row)
			for _, name := range its {
				if named[name] {
					chosen[row.ID], grew = true, true
				}
			}
			if chosen[row.ID] {
				for _, name := range its {
					named[name] = true
				}
			}
		}
	}
	var trail []store.AuditRow
	for _, row := range rows {
		if chosen[row.ID] {
			trail = append(trail, row)
		}
	}
	return trail
}

// names are what an entry hangs together with others by.
func names(row store.AuditRow) (all []string) {
	if row.RequestID != "" && row.RequestID != "cli" {
		all = append(all, "request "+row.RequestID)
	}
	var detail map[string]any
	_ = json.Unmarshal([]byte(row.Detail), &detail)
	for _, link := range links {
		if id, ok := detail[link].(string); ok && id != "" {
			all = append(all, id)
		}
	}
	return all
}
