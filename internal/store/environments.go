package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// EnvironmentRow is one tenant's document as it was last applied.
type EnvironmentRow struct {
	ID        string
	Name      string
	Document  string // canonical YAML
	Revision  int64  // grows by one with each applied change
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Environment reads one environment. It is ErrNotFound when there is none, and of a
// reserved one.
func (tx *Tx) Environment(id string) (EnvironmentRow, error) {
	return tx.environment(id, false, "")
}

// ReservedEnvironment reads one that is the server's own: no list has it, and whoever
// does not ask for it by this function does not find it.
func (tx *Tx) ReservedEnvironment(id string) (EnvironmentRow, error) {
	return tx.environment(id, true, "")
}

// Revision reads the revision that an environment has.
func (tx *Tx) Revision(id string) (revision int64, err error) {
	err = tx.Row(`SELECT revision FROM environments WHERE id = $1 AND deleted_at IS NULL`, id).Scan(&revision)
	return revision, notFound(err)
}

// EnvironmentRevision reads the revision a deciding transaction must match, and
// keeps it from changing until that transaction ends.
func (tx *Tx) EnvironmentRevision(id string) (int64, error) {
	if err := tx.pinRules(id); err != nil {
		return 0, err
	}
	return tx.Revision(id)
}

// LockEnvironment reads one environment for a change in this transaction. Transactions
// that only pin its revision wait behind it.
func (tx *Tx) LockEnvironment(id string) (EnvironmentRow, error) {
	if err := tx.lockRules(id); err != nil {
		return EnvironmentRow{}, err
	}
	return tx.environment(id, false, tx.ForUpdate())
}

func (tx *Tx) environment(id string, reserved bool, lock string) (EnvironmentRow, error) {
	var e EnvironmentRow
	var created, updated int64
	err := tx.Row(`SELECT id, name, document, revision, created_at, updated_at FROM environments
		WHERE id = $1 AND reserved = $2 AND deleted_at IS NULL`+lock, id, asBit(reserved)).
		Scan(&e.ID, &e.Name, &e.Document, &e.Revision, &created, &updated)
	e.CreatedAt, e.UpdatedAt = fromMillis(created), fromMillis(updated)
	return e, notFound(err)
}

// Environments lists all environments by name, but for those that are reserved.
func (tx *Tx) Environments() ([]EnvironmentRow, error) {
	rows, err := tx.Rows(`SELECT id, name, document, revision, created_at, updated_at FROM environments
		WHERE reserved = 0 AND deleted_at IS NULL ORDER BY name, id`)
	return collect(rows, err, func(rows Rows) (e EnvironmentRow, err error) {
		var created, updated int64
		err = rows.Scan(&e.ID, &e.Name, &e.Document, &e.Revision, &created, &updated)
		e.CreatedAt, e.UpdatedAt = fromMillis(created), fromMillis(updated)
		return e, err
	})
}

// EnvironmentName is what an environment is known by.
type EnvironmentName struct{ ID, Name string }

// EnvironmentNames lists the same without their documents.
func (tx *Tx) EnvironmentNames() ([]EnvironmentName, error) {
	rows, err := tx.Rows(`SELECT id, name FROM environments WHERE reserved = 0 AND deleted_at IS NULL ORDER BY name, id`)
	return collect(rows, err, func(rows Rows) (e EnvironmentName, err error) {
		err = rows.Scan(&e.ID, &e.Name)
		return e, err
	})
}

// PutEnvironment inserts the environment at revision 1 or, given the revision
// that was read, replaces it at the next one.
func (tx *Tx) PutEnvironment(id, name, document string, readRevision int64) error {
	return tx.putEnvironment(EnvironmentRow{ID: id, Name: name, Document: document, Revision: readRevision}, false)
}

// PutReservedEnvironment is PutEnvironment for one that is the server's own.
func (tx *Tx) PutReservedEnvironment(e EnvironmentRow) error { return tx.putEnvironment(e, true) }

func (tx *Tx) putEnvironment(e EnvironmentRow, reserved bool) error {
	id := e.ID
	if err := tx.lockRules(id); err != nil {
		return err
	}
	now := millis(tx.Now())
	if e.Revision == 0 {
		_, err := tx.Exec(`INSERT INTO environments (id, name, document, revision, created_at, updated_at, reserved)
			VALUES ($1, $2, $3, 1, $4, $4, $5)`, id, e.Name, e.Document, now, asBit(reserved))
		return err
	}
	n, err := tx.Exec(`UPDATE environments SET name = $2, document = $3, revision = revision + 1, updated_at = $4
		WHERE id = $1 AND revision = $5 AND reserved = $6 AND deleted_at IS NULL`,
		id, e.Name, e.Document, now, e.Revision, asBit(reserved))
	if err == nil && n == 0 {
		return fmt.Errorf("applying environment %s: %w", id, ErrConflict)
	}
	return err
}

// ErrConflict says that a row changed between being read and being written.
var ErrConflict = errors.New("changed by someone else meanwhile; read it again and retry")

func millis(t time.Time) int64      { return t.UnixMilli() }
func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// nullMillis is NULL for the zero time.
func nullMillis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

func fromNullMillis(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return fromMillis(ms.Int64)
}

func asBit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

func collect[T any](rows Rows, err error, scan func(Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, named(err)
		}
		all = append(all, v)
	}
	return all, named(rows.Err())
}
