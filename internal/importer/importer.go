// Package importer adds users from a file: NDJSON or CSV, read a row at a time in
// bounded memory, 500 rows a transaction. Its invariants: what a file says is nobody's
// proof, so that each credential of it waits to be confirmed, unless the file vouches for
// users whom it makes itself; a user who has signed in, or of whom anything is
// confirmed, is changed by no file; a row is in as a whole or left out with a reason;
// and the same file again changes nothing.
package importer

import (
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/store"
)

// Limits of an import. They are documented in docs/limits.md.
const (
	RowsAtOnce = 500       // in one transaction
	MaxRows    = 1_000_000 // of one import
	MaxRow     = 64 << 10  // bytes of one row
	MaxWallets = 20        // of one user
)

// Row is a user as a row of a file describes them.
type Row struct {
	Number     int64 // of the row: of a file that has a head, the head is row 1
	ExternalID string
	Username   string
	Profile    string // as it is stored
	Disabled   bool
	Addresses  []account.Address
	Problem    *Skip // why it is left out before anything is looked up; nil: it can be read

	digest string // of the file up to its end; empty: it is of no file
}

// Reason is why a row was left out.
type Reason string

// The reasons.
const (
	Unreadable Reason = "unreadable"    // it is not what a row may be
	Held       Reason = "held"          // another user has the identifier, or the username
	Twice      Reason = "twice_in_file" // an earlier row of the same import has it
	SignedIn   Reason = "signed_in"     // the user has signed in, or something of theirs is confirmed
)

// Reasons lists them all.
var Reasons = []Reason{Unreadable, Held, Twice, SignedIn}

// Skip is a row that was left out.
type Skip struct {
	Row        int64  `json:"row"`
	ExternalID string `json:"externalId,omitempty"`
	Reason     Reason `json:"reason"`
	Field      string `json:"field,omitempty"` // that it is about
	Detail     string `json:"detail"`          // a sentence
}

// Report is what an import did so far.
type Report struct {
	ID            string           `json:"id,omitempty"` // empty: of a dry run
	EnvironmentID string           `json:"environmentId"`
	Name          string           `json:"name"` // of the file
	Format        Format           `json:"format"`
	Vouched       bool             `json:"vouched"`
	Actor         string           `json:"actor"`
	State         State            `json:"state"`
	Rows          int64            `json:"rows"` // the number of the row that was read last
	Created       int64            `json:"created"`
	Updated       int64            `json:"updated"`
	Unchanged     int64            `json:"unchanged"`
	Skipped       int64            `json:"skipped"`
	Reasons       map[Reason]int64 `json:"reasons,omitempty"` // of rows that were left out
	StartedAt     time.Time        `json:"startedAt"`
	FinishedAt    *time.Time       `json:"finishedAt,omitempty"`
}

// State says whether rows are still expected.
type State string

// The states.
const (
	Open     State = "open"
	Finished State = "finished"
	DryRun   State = "dry_run" // nothing was kept
)

func report(r store.ImportRow) Report {
	made := Report{
		ID: r.ID, EnvironmentID: r.EnvironmentID, Name: r.Name, Format: Format(r.Format), Vouched: r.Vouched, Actor: r.Actor, State: Open,
		Rows: r.RowsRead, Created: r.Created, Updated: r.Updated, Unchanged: r.Unchanged, Skipped: r.Skipped, StartedAt: r.StartedAt,
	}
	if !r.FinishedAt.IsZero() {
		made.State, made.FinishedAt = Finished, &r.FinishedAt
	}
	return made
}

// count adds why rows were left out.
func (r *Report) count(tx *store.Tx) error {
	counts, err := tx.SkipReasons(r.EnvironmentID, r.ID)
	r.Reasons = map[Reason]int64{}
	for reason, n := range counts {
		r.Reasons[Reason(reason)] = n
	}
	return err
}

// View shows one import.
func View(tx *store.Tx, environmentID, id string) (Report, error) {
	row, err := tx.Import(environmentID, id)
	if err != nil {
		return Report{}, orUnknown(err)
	}
	made := report(row)
	return made, made.count(tx)
}

// pageSize is how much of a list is shown at once.
const pageSize = 100

// List is a page of the imports of an environment, newest first, behind the one with the
// id. next is what to ask for the page behind it by; empty: there is none.
func List(tx *store.Tx, environmentID, after string) (page []Report, next string, err error) {
	rows, err := tx.Imports(environmentID, after, pageSize)
	page = []Report{}
	for _, row := range rows {
		page = append(page, report(row))
	}
	if len(rows) == pageSize {
		next = rows[pageSize-1].ID
	}
	return page, next, err
}

// Skipped is a page of the rows that an import left out, behind the row after. next is
// what to ask for the page behind it by; 0: there is none.
func Skipped(tx *store.Tx, environmentID, id string, after int64) (page []Skip, next int64, err error) {
	rows, err := tx.Skips(environmentID, id, after, pageSize)
	page = []Skip{}
	for _, row := range rows {
		page = append(page,
			Skip{Row: row.Row, ExternalID: row.ExternalID, Reason: Reason(row.Reason), Field: row.Field, Detail: row.Detail})
	}
	if len(rows) == pageSize {
		next = rows[pageSize-1].Row
	}
	return page, next, err
}
