package store

import "time"

// RevisionRow is a document that an environment has or had.
type RevisionRow struct {
	EnvironmentID string
	Revision      int64
	AppliedAt     time.Time
	Actor         string // empty: applied before revisions were kept
	RevertsTo     int64  // the revision whose document was applied again; 0: none
	Document      string // canonical YAML
	Changes       string // JSON
	Weakens       string // JSON
}

// PutRevision keeps the document that this transaction made the environment's.
func (tx *Tx) PutRevision(r RevisionRow) error {
	_, err := tx.Exec(`INSERT INTO environment_revisions
		(environment_id, revision, applied_at, actor, reverts_to, document, changes, weakens) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.EnvironmentID, r.Revision, millis(tx.Now()), r.Actor, r.RevertsTo, r.Document, r.Changes, r.Weakens)
	return err
}

// EnvironmentAt reads one revision. It is ErrNotFound when it is not kept, or never
// changed the document.
func (tx *Tx) EnvironmentAt(environmentID string, revision int64) (RevisionRow, error) {
	r, err := scanRevision(tx.Row(`SELECT environment_id, revision, applied_at, actor, reverts_to, document, changes, weakens
		FROM environment_revisions WHERE environment_id = $1 AND revision = $2`, environmentID, revision))
	return r, notFound(err)
}

// Revisions lists those of an environment from before one (0: all), newest first.
func (tx *Tx) Revisions(environmentID string, before int64, limit int) ([]RevisionRow, error) {
	if before == 0 {
		before = 1 << 62
	}
	rows, err := tx.Rows(`SELECT environment_id, revision, applied_at, actor, reverts_to, document, changes, weakens
		FROM environment_revisions WHERE environment_id = $1 AND revision < $2 ORDER BY revision DESC LIMIT $3`,
		environmentID, before, limit)
	return collect(rows, err, func(rows Rows) (RevisionRow, error) { return scanRevision(rows) })
}

func scanRevision(row interface{ Scan(...any) error }) (r RevisionRow, err error) {
	var applied int64
	err = row.Scan(&r.EnvironmentID, &r.Revision, &applied, &r.Actor, &r.RevertsTo, &r.Document, &r.Changes, &r.Weakens)
	r.AppliedAt = fromMillis(applied)
	return r, err
}

// ForgetRevisions removes the revisions of an environment from before a time, apart from
// the newest, of which so many are kept however old they are.
func (tx *Tx) ForgetRevisions(environmentID string, before time.Time, keep int) (int64, error) {
	return tx.Exec(`DELETE FROM environment_revisions WHERE environment_id = $1 AND applied_at < $2 AND revision NOT IN
		(SELECT revision FROM environment_revisions WHERE environment_id = $1 ORDER BY revision DESC LIMIT $3)`,
		environmentID, millis(before), keep)
}
