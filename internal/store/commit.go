package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// warning is where noteWarning leaves the last warning of a connection. The driver
// calls it on the goroutine that uses the connection, so no lock is needed.
const warning = "stepup.warning"

// noteWarning is called by the driver for each notice of the server. A commit that
// stopped waiting for its synchronous standby is reported as a success with a
// warning; this is how we hear of it.
func noteWarning(conn *pgconn.PgConn, notice *pgconn.Notice) {
	if notice.SeverityUnlocalized == "WARNING" {
		conn.CustomData()[warning] = notice.Code + " " + notice.Message
	}
}

// commitVerdict runs commit on conn and says what is certain about it: nil means
// durable, [ErrUnknownOutcome] means anything is possible, every other error means
// that nothing was stored.
func commitVerdict(conn *pgconn.PgConn, commit func() (pgconn.CommandTag, error)) error {
	noted := conn.CustomData()
	delete(noted, warning)
	tag, err := commit()
	if err == nil && tag.String() != "COMMIT" { // of a transaction that had failed it makes a ROLLBACK
		err = pgx.ErrTxCommitRollback
	}
	if err != nil {
		if refused(err) {
			return named(err)
		}
		return unknown(err)
	}
	if heard := noted[warning]; heard != nil {
		return unknown(fmt.Errorf("the server committed with a warning: %v", heard))
	}
	return nil
}

// refused reports whether the server said, in so many words, that it did not
// commit. A connection that the server ends (57P01 and its like) is no such word:
// it may come after the commit record.
func refused(err error) bool {
	if errors.Is(err, pgx.ErrTxCommitRollback) {
		return true
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.SeverityUnlocalized != "ERROR" {
		return false
	}
	for _, class := range []string{
		"08",    // connection exception
		"40003", // statement completion unknown
		"57",    // operator intervention
		"58",    // system error
		"XX",    // internal error
	} {
		if strings.HasPrefix(e.Code, class) {
			return false
		}
	}
	return true
}
