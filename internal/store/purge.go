package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// How much of the one writer a purge may take. Nobody waits for it longer than for
// one batch.
const (
	batchTime  = 5 * time.Millisecond // what the work of a batch should take
	batchLeast = 10                   // rows
	batchMost  = 200
	batchPause = 5 * time.Millisecond // at least, between two batches
	purgeLease = 2 * time.Minute      // how long a node that died keeps others from purging
)

// Chore removes rows whose time is over.
type Chore struct {
	Name string // of the table
	// Do removes some of them, in work bounded by limit, and reports how many went and
	// whether more may be due.
	Do func(tx *Tx, limit int) (gone int64, more bool, err error)
}

const day = 24 * time.Hour

// due says when rows of the issuer's tables go: what a refusal still explains stays
// for a day.
var due = []struct {
	table, column string
	kept          time.Duration
}{
	{"code_challenges", "expires_at", day},
	{"totp_enrolments", "expires_at", day},
	{"social_flows", "expires_at", 0},
	{"passkey_challenges", "expires_at", day},
	{"bindings", "expires_at", day},
	{"prompts", "expires_at", day},
	{"elevated_tokens", "expires_at", day},
	{"operations", "created_at", 7 * day},
	{"wallet_operations", "claimed_at", 7 * day},
	{"spent_nonces", "expires_at", 0},
	{"counters", "window_end", 0},
	{"wallet_removals", "removed_at", day},
	{"revoke_links", "expires_at", day},
	{"recoveries", "expires_at", 30 * day},
	{"recovery_approvals", "at", 90 * day},
	{"operator_changes", "at", 7 * day},
	{"former_addresses", "removed_at", FormerAddressLife},
	{"import_skips", "at", 90 * day},
	{"imports", "changed_at", 90 * day},
	{"device_links", "expires_at", day},
	{"device_registrations", "last_used_at", 400 * day}, // browsers keep no cookie for longer
	{"sessions", "ends_at", 30 * day},
	{"operator_sessions", "ends_at", day},
	{"operator_elevations", "expires_at", 0},
	{"operator_invitations", "expires_at", 30 * day},
}

func chores() (all []Chore) {
	for _, of := range due {
		all = append(all, Chore{of.table, func(tx *Tx, limit int) (int64, bool, error) {
			gone, err := tx.DeleteBefore(of.table, of.column, millis(tx.Now().Add(-of.kept)), limit)
			return gone, gone == int64(limit), err
		}})
	}
	return append(all, emptied)
}

// DeleteBefore removes up to limit rows of a table whose column is below before. The
// column needs an index. Table and column are names in the code, never input.
func (tx *Tx) DeleteBefore(table, column string, before any, limit int) (int64, error) {
	some := `rowid IN (SELECT rowid FROM %[1]s WHERE %[2]s < $1 ORDER BY %[2]s LIMIT $2)`
	if tx.db.Engine() == Postgres {
		some = `ctid = ANY(ARRAY(SELECT ctid FROM %[1]s WHERE %[2]s < $1 ORDER BY %[2]s LIMIT $2))`
	}
	return tx.Exec(fmt.Sprintf(`DELETE FROM %[1]s WHERE `+some+` AND %[2]s < $1`, table, column), before, limit)
}

// TakeLease makes holder the one who does what the lease is named after, for so
// long, and reports whether it is. Whoever holds it may take it again.
func (tx *Tx) TakeLease(name, holder string, life time.Duration) (bool, error) {
	now := tx.Now()
	n, err := tx.Exec(`INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE leases.holder = $2 OR leases.until <= $4`,
		name, holder, millis(now.Add(life)), millis(now))
	return n == 1, err
}

// Purger removes what is over, a few rows at a time, on one node of all. It is used
// by one goroutine.
type Purger struct {
	db     *DB
	holder string // of the lease; empty: nobody else has this database
	chores []Chore
	rows   int // of the next batch

	// Done is told of each batch, for metrics; nil is allowed.
	Done func(chore string, gone int64, took time.Duration)
}

// NewPurger makes a purger of the issuer's database, for its own tables and more.
func NewPurger(db *DB, more ...Chore) *Purger {
	return &Purger{db: db, holder: rand.Text(), chores: append(chores(), more...), rows: 5 * batchLeast}
}

// NewChores makes a purger of a database of another schema, which has one node.
func NewChores(db *DB, all ...Chore) *Purger {
	return &Purger{db: db, chores: all, rows: 5 * batchLeast}
}

// Round removes all that is over now. It ends at once where another node is at it.
func (p *Purger) Round(ctx context.Context) error {
	for _, chore := range p.chores {
		for more := true; more; {
			held := p.holder == ""
			var gone int64
			var took time.Duration
			err := p.db.Write(ctx, func(tx *Tx) (err error) {
				began := time.Now()
				defer func() { took = time.Since(began) }()
				if p.holder != "" {
					if held, err = tx.TakeLease("purge", p.holder, purgeLease); err != nil || !held {
						return err
					}
				}
				gone, more, err = chore.Do(tx, p.rows)
				return err
			})
			if err != nil {
				return fmt.Errorf("purging %s: %w", chore.Name, err)
			}
			if !held {
				return nil
			}
			if p.Done != nil {
				p.Done(chore.Name, gone, took)
			}
			p.pace(took, more)
			pause := time.NewTimer(max(batchPause, 2*took))
			select {
			case <-pause.C:
			case <-ctx.Done():
				pause.Stop()
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

// pace fits the next batch to the time that this one took.
func (p *Purger) pace(took time.Duration, full bool) {
	switch {
	case took > batchTime:
		p.rows = max(batchLeast, p.rows/2)
	case full && took < batchTime/2:
		p.rows = min(batchMost, p.rows*5/4)
	}
}
