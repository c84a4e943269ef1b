package store

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
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
func commitVerdict(conn *sql.Conn, commit func() error) error {
	if err := withWarning(conn, func(noted map[string]any) { delete(noted, warning) }); err != nil {
		return unavailable(err)
	}
	if err := commit(); err != nil {
		if refused(err) {
			return named(err)
		}
		return unknown(err)
	}
	var heard any
	if err := withWarning(conn, func(noted map[string]any) { heard = noted[warning] }); err != nil {
		return unknown(err)
	}
	if heard != nil {
		return unknown(fmt.Errorf("the server committed with a warning: %v", heard))
	}
	return nil
}

func withWarning(conn *sql.Conn, f func(noted map[string]any)) error {
	return conn.Raw(func(driverConn any) error {
		f(driverConn.(*stdlib.Conn).Conn().PgConn().CustomData())
		return nil
	})
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
