package store

import (
	"crypto/sha256"
	"encoding/binary"
)

// The rules of an environment have a lock, which transactions that decide by them share
// and whoever changes them holds alone. It comes before all locks of rows. SQLite lets
// one writer in at a time and needs none. On PostgreSQL it is one of the server's advisory
// locks, because those are handed out in the order of arrival: whoever shares a row goes
// on sharing it past whoever waits to change it, which under load would be for ever. It
// is taken before the statement that reads the rules is given its snapshot.

// pinRules keeps the rules from changing until the transaction ends, as of the next statement.
func (tx *Tx) pinRules(environmentID string) error {
	return tx.advise(`SELECT pg_advisory_xact_lock_shared($1)`, environmentID)
}

// lockRules waits for all that have pinned the rules and keeps others from it.
func (tx *Tx) lockRules(environmentID string) error {
	return tx.advise(`SELECT pg_advisory_xact_lock($1)`, environmentID)
}

func (tx *Tx) advise(query, environmentID string) error {
	if tx.db.Engine() != Postgres {
		return nil
	}
	if err := tx.refusal(); err != nil {
		return err
	}
	return tx.fail(tx.on.later(tx.stmtCtx, query, []any{rulesLock(environmentID)}))
}

// rulesLock numbers the lock. Two environments of one number would wait for one another,
// and no more than that.
func rulesLock(environmentID string) int64 {
	sum := sha256.Sum256([]byte("stepup: rules of " + environmentID))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}
