package operate

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// KeptRevisions is how many documents of an environment are kept however old they are.
// Others go when they are older than its audit.retention. It is documented in
// docs/limits.md.
const KeptRevisions = 20

// revisionsPage is how many revisions a page of the history has.
const revisionsPage = 100

// Revision is a document that an environment has or had.
type Revision struct {
	Revision  int64                `json:"revision"`
	AppliedAt time.Time            `json:"appliedAt"`
	Actor     string               `json:"actor,omitempty"`     // empty: applied before revisions were kept
	RevertsTo int64                `json:"revertsTo,omitempty"` // the revision whose document was applied again
	Changes   []environment.Change `json:"changes"`
	Weakens   []string             `json:"weakens"`
	Document  string               `json:"document,omitempty"` // left out of lists
}

// kept is what a revision is kept with.
type kept struct {
	applied   Applied
	weakens   []string
	revertsTo int64
}

// keepRevision keeps the document that was applied, and forgets what is too old.
func keepRevision(c who.Caller, tx *store.Tx, next *environment.Environment, k kept) error {
	changes, err := json.Marshal(k.applied.Changes)
	if err != nil {
		return fmt.Errorf("keeping the revision: %w", err)
	}
	weakens, err := json.Marshal(k.weakens)
	if err != nil {
		return fmt.Errorf("keeping the revision: %w", err)
	}
	row := store.RevisionRow{EnvironmentID: next.ID, Revision: k.applied.Revision, Actor: c.By.Actor, RevertsTo: k.revertsTo,
		Document: string(next.YAML()), Changes: string(changes), Weakens: string(weakens)}
	if err := tx.PutRevision(row); err != nil {
		return err
	}
	_, err = tx.ForgetRevisions(next.ID, tx.Now().Add(-next.Audit.Retention.Std()), KeptRevisions)
	return err
}

// History is a page of an environment's revisions, newest first, from before one (0: from
// the newest). next is what to ask for the page behind it by; 0: there is none.
func History(tx *store.Tx, environmentID string, before int64) (page []Revision, next int64, err error) {
	if _, err := tx.Environment(environmentID); err != nil {
		return nil, 0, orNoEnvironment(err)
	}
	rows, err := tx.Revisions(environmentID, before, revisionsPage)
	if err != nil {
		return nil, 0, err
	}
	page = []Revision{}
	for _, row := range rows {
		revision, err := viewRevision(row)
		if err != nil {
			return nil, 0, err
		}
		revision.Document = ""
		page = append(page, revision)
	}
	if len(rows) == revisionsPage {
		next = rows[revisionsPage-1].Revision
	}
	return page, next, nil
}

// RevisionOf is one revision with its document.
func RevisionOf(tx *store.Tx, environmentID string, revision int64) (Revision, error) {
	if _, err := tx.Environment(environmentID); err != nil {
		return Revision{}, orNoEnvironment(err)
	}
	row, err := tx.EnvironmentAt(environmentID, revision)
	if errors.Is(err, store.ErrNotFound) {
		return Revision{}, fault.New(fault.NotFound, "Revision %d of the environment is not kept, or changed no document. "+
			"Its history lists those that are.", revision)
	}
	if err != nil {
		return Revision{}, err
	}
	return viewRevision(row)
}

func viewRevision(row store.RevisionRow) (Revision, error) {
	r := Revision{Revision: row.Revision, AppliedAt: row.AppliedAt, Actor: row.Actor, RevertsTo: row.RevertsTo, Document: row.Document}
	if err := json.Unmarshal([]byte(row.Changes), &r.Changes); err != nil {
		return r, fmt.Errorf("reading revision %d: %w", row.Revision, err)
	}
	if err := json.Unmarshal([]byte(row.Weakens), &r.Weakens); err != nil {
		return r, fmt.Errorf("reading revision %d: %w", row.Revision, err)
	}
	r.Changes = append([]environment.Change{}, r.Changes...) // an empty list, not null
	r.Weakens = append([]string{}, r.Weakens...)
	return r, nil
}

// checkRead refuses a change that was made of another revision than the one in force, and
// says what came in between.
func checkRead(tx *store.Tx, row store.EnvironmentRow, environmentID string, read int64) error {
	if read == 0 || read == row.Revision {
		return nil
	}
	between := []string{}
	rows, err := tx.Revisions(environmentID, 0, revisionsPage)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Revision > read {
			between = append(between, fmt.Sprintf("revision %d by %s at %s", r.Revision, r.Actor, r.AppliedAt.Format(time.RFC3339)))
		}
	}
	what := "its keys were rotated"
	if len(between) > 0 {
		what = list(between)
	}
	return fault.New(fault.Conflict, "The environment changed meanwhile: this was made of revision %d, and %d is in force (%s). "+
		"Look at what changed, and make your change again on top of it.", read, row.Revision, what).
		With(map[string]any{"read": read, "revision": row.Revision})
}
