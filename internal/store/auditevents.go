package store

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// AuditRow is one line of the audit log.
type AuditRow struct {
	ID            string
	EnvironmentID string // empty: the installation itself
	At            time.Time
	Action        string
	Actor         string
	UserID        string
	SessionID     string
	RequestID     string
	Detail        string // JSON object
	Source        string // salted hash of what stands beside it, its [AuditSource]; empty: nothing does
	Hash          string // over all other columns
}

// InsertAudit appends a row, to be found by the token that it is about, if any.
func (tx *Tx) InsertAudit(a AuditRow, tokenID string) error {
	return tx.Later(`INSERT INTO audit_events (id, environment_id, at, action, actor, user_id, session_id, request_id, detail, source,
		hash, token_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		a.ID, a.EnvironmentID, millis(a.At), a.Action, a.Actor, a.UserID, a.SessionID, a.RequestID, a.Detail, a.Source, a.Hash, tokenID)
}

// AuditKey is the place of an entry in the order of the log.
type AuditKey struct {
	At time.Time
	ID string
}

// Key is the place of the entry.
func (a AuditRow) Key() AuditKey { return AuditKey{a.At, a.ID} }

// AuditRun is one walk through the log along an index: of a token, of a user, of an
// action or of an environment, by the first of them that is given.
type AuditRun struct {
	TokenID       string
	UserID        string
	Action        string
	EnvironmentID string // of a walk by action or environment, where empty means the installation's own; else empty means any

	Behind AuditKey // exclusive; the zero value: from the beginning
	Newest bool     // newest first
}

const (
	auditSelect = `SELECT ` + auditColumns + ` FROM audit_events WHERE `
	auditOldest = ` AND (at, id) > ($2, $3) ORDER BY at, id LIMIT 64`
	auditNewest = ` AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT 64`

	auditByToken       = auditSelect + `token_id = $1 AND token_id <> '' AND ($4 = '' OR environment_id = $4)`
	auditByUser        = auditSelect + `user_id = $1 AND user_id <> '' AND ($4 = '' OR environment_id = $4)`
	auditByAction      = auditSelect + `action = $1 AND environment_id = $4`
	auditByEnvironment = auditSelect + `environment_id = $1`
)

// AuditAhead is how many entries of a run are read at a time.
const AuditAhead = 64

// AuditRun lists up to [AuditAhead] entries of a run, in its order. It is bounded on one side
// only: told both, SQLite takes the walk by environment for one by action.
func (tx *Tx) AuditRun(r AuditRun) ([]AuditRow, error) {
	by, of := auditByEnvironment, r.EnvironmentID
	switch {
	case r.TokenID != "":
		by, of = auditByToken, r.TokenID
	case r.UserID != "":
		by, of = auditByUser, r.UserID
	case r.Action != "":
		by, of = auditByAction, r.Action
	}
	order, at := auditOldest, int64(-1)<<62
	if r.Newest {
		order, at = auditNewest, int64(1)<<62
	}
	if r.Behind != (AuditKey{}) {
		at = millis(r.Behind.At)
	}
	args := []any{of, at, r.Behind.ID}
	if by != auditByEnvironment {
		args = append(args, r.EnvironmentID)
	}
	rows, err := tx.Rows(by+order, args...)
	return collect(rows, err, scanAudit)
}

// AuditActions lists the actions that the log of an environment has, in order. It asks
// the index once per action.
func (tx *Tx) AuditActions(environmentID string) ([]string, error) {
	var all []string
	for last := ""; ; {
		err := tx.Row(`SELECT action FROM audit_events WHERE environment_id = $1 AND action > $2 ORDER BY action LIMIT 1`,
			environmentID, last).Scan(&last)
		if errors.Is(err, ErrNotFound) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, last)
	}
}

// AuditRow reads one entry.
func (tx *Tx) AuditRow(environmentID, id string) (AuditRow, error) {
	rows, err := tx.Rows(`SELECT `+auditColumns+` FROM audit_events WHERE id = $1 AND environment_id = $2`, id, environmentID)
	found, err := collect(rows, err, scanAudit)
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return AuditRow{}, err
	}
	return found[0], nil
}

const auditColumns = `id, environment_id, at, action, actor, user_id, session_id, request_id, detail, source, hash`

func scanAudit(rows Rows) (a AuditRow, err error) {
	var at int64
	err = rows.Scan(&a.ID, &a.EnvironmentID, &at, &a.Action, &a.Actor, &a.UserID, &a.SessionID, &a.RequestID, &a.Detail, &a.Source,
		&a.Hash)
	a.At = fromMillis(at)
	return a, err
}

// AuditOfSession is the entry of the session's beginning: the first of that very time
// that names the session.
func (tx *Tx) AuditOfSession(environmentID, userID, sessionID string, at time.Time) (AuditRow, error) {
	rows, err := tx.Rows(`SELECT `+auditColumns+` FROM audit_events WHERE user_id = $1 AND user_id <> '' AND at = $2
		AND environment_id = $3 AND session_id = $4 ORDER BY id LIMIT 1`, userID, millis(at), environmentID, sessionID)
	found, err := collect(rows, err, scanAudit)
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return AuditRow{}, err
	}
	return found[0], nil
}

// AuditOfUser lists entries about a user, newest first: at most limit, behind the one of
// that time and id; the zero values begin with the newest.
func (tx *Tx) AuditOfUser(environmentID, userID string, at time.Time, id string, limit int) ([]AuditRow, error) {
	before := int64(1) << 62
	if !at.IsZero() {
		before = millis(at)
	}
	rows, err := tx.Rows(`SELECT `+auditColumns+` FROM audit_events WHERE user_id = $1 AND user_id <> '' AND environment_id = $2
		AND at <= $3 AND (at < $3 OR id < $4) ORDER BY at DESC, id DESC LIMIT $5`, userID, environmentID, before, id, limit)
	return collect(rows, err, scanAudit)
}

// Refusal names what anonymous requests from one source were refused for in one minute.
type Refusal struct {
	Minute        int64 // since 1970
	EnvironmentID string
	Source        string
	What          string
}

// Refusals is how often one [Refusal] happened.
type Refusals struct {
	Refusal
	Count int64
}

// AddRefusals adds n to the count of a refusal.
func (tx *Tx) AddRefusals(r Refusal, n int64) error {
	_, err := tx.Exec(`INSERT INTO refusals (minute, environment_id, source, what, count) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (minute, environment_id, source, what) DO UPDATE SET count = refusals.count + $5`, r.Minute, r.EnvironmentID,
		r.Source, r.What, n)
	return err
}

// TakeRefusals removes the counts of the oldest minute before this one and returns
// them in order. Of any number of callers at once, one gets them.
func (tx *Tx) TakeRefusals(before int64) ([]Refusals, error) {
	rows, err := tx.Rows(`DELETE FROM refusals WHERE minute = (SELECT MIN(minute) FROM refusals WHERE minute < $1)
		RETURNING minute, environment_id, source, what, count`, before)
	taken, err := collect(rows, err, func(rows Rows) (r Refusals, err error) {
		err = rows.Scan(&r.Minute, &r.EnvironmentID, &r.Source, &r.What, &r.Count)
		return r, err
	})
	slices.SortFunc(taken, func(a, b Refusals) int {
		return cmp.Or(cmp.Compare(a.EnvironmentID, b.EnvironmentID), cmp.Compare(a.Source, b.Source), cmp.Compare(a.What, b.What))
	})
	return taken, err
}

// RefusalsWait reports whether counts of a minute before this one wait.
func (tx *Tx) RefusalsWait(before int64) (bool, error) {
	var n int64
	err := tx.Row(`SELECT COUNT(*) FROM (SELECT 1 FROM refusals WHERE minute < $1 LIMIT 1) AS waiting`, before).Scan(&n)
	return n > 0, err
}

// AuditSource stands beside entries: where their request came from, and what they say
// of a person. It is kept for a shorter time than they are.
type AuditSource struct {
	ID            string // the hash that the entries have of it
	EnvironmentID string
	Salt          []byte
	Address       string // network address
	UserAgent     string
	Personal      string // JSON object; empty: nothing
}

// InsertAuditSource stores what stands beside entries that this transaction has
// written. The entries of one request share a row, which is stored once.
func (tx *Tx) InsertAuditSource(s AuditSource) error {
	if tx.sourced == s.ID {
		return nil
	}
	tx.sourced = s.ID
	return tx.Later(`INSERT INTO audit_sources (id, environment_id, at, salt, address, user_agent, personal)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
		s.ID, s.EnvironmentID, millis(tx.Now()), s.Salt, s.Address, s.UserAgent, s.Personal)
}

// AuditSource reads what stands beside an entry.
func (tx *Tx) AuditSource(id string) (AuditSource, error) {
	s := AuditSource{ID: id}
	err := tx.Row(`SELECT environment_id, salt, address, user_agent, personal FROM audit_sources WHERE id = $1`, id).
		Scan(&s.EnvironmentID, &s.Salt, &s.Address, &s.UserAgent, &s.Personal)
	return s, notFound(err)
}

// ForgetAuditSources removes up to limit rows beside the environment's entries that are
// from before a time, and returns how many.
func (tx *Tx) ForgetAuditSources(environmentID string, before time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM audit_sources WHERE id IN
		(SELECT id FROM audit_sources WHERE environment_id = $1 AND at < $2 ORDER BY at LIMIT $3)`,
		environmentID, millis(before), limit)
}

// DeleteAudit removes one entry, if it is there, with what stands beside it.
func (tx *Tx) DeleteAudit(id string) error {
	if _, err := tx.Exec(`DELETE FROM audit_sources WHERE id IN ($1, (SELECT source FROM audit_events WHERE id = $1))`, id); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM audit_events WHERE id = $1`, id)
	return err
}

// OldAudit lists entries of exactly this environment ("": of the installation)
// from before a time, behind one that was listed, oldest first.
func (tx *Tx) OldAudit(environmentID string, before, at time.Time, after string, limit int) ([]AuditRow, error) {
	since := int64(0)
	if !at.IsZero() {
		since = millis(at)
	}
	rows, err := tx.Rows(`SELECT `+auditColumns+
		` FROM audit_events WHERE environment_id = $1 AND at < $2 AND at >= $3 AND (at > $3 OR id > $4) ORDER BY at, id LIMIT $5`,
		environmentID, millis(before), since, after, limit)
	return collect(rows, err, scanAudit)
}

// CountOldAudit counts entries of exactly this environment from before a time.
func (tx *Tx) CountOldAudit(environmentID string, before time.Time) (n int64, err error) {
	err = tx.Row(`SELECT COUNT(*) FROM audit_events WHERE environment_id = $1 AND at < $2`, environmentID, millis(before)).Scan(&n)
	return n, err
}
