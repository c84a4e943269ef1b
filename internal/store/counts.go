package store

import "sync/atomic"

// Counts are what a store has done since it was opened. They are the same on every
// machine, so a test may hold them where it could not hold a time.
type Counts struct {
	Transactions int64 // that were asked for, by [DB.Write] and [DB.Read]
	Statements   int64 // of those
	RoundTrips   int64 // PostgreSQL: messages whose answer was waited for
	Commits      int64 // that changed something; on SQLite several transactions may share one
}

// Sub is what happened since earlier.
func (c Counts) Sub(earlier Counts) Counts {
	return Counts{
		Transactions: c.Transactions - earlier.Transactions, Statements: c.Statements - earlier.Statements,
		RoundTrips: c.RoundTrips - earlier.RoundTrips, Commits: c.Commits - earlier.Commits,
	}
}

// Counts reads them. Of what goes on meanwhile some may be in them and some not.
func (db *DB) Counts() Counts {
	return Counts{
		Transactions: db.counts.transactions.Load(), Statements: db.counts.statements.Load(),
		RoundTrips: db.counts.roundTrips.Load(), Commits: db.counts.commits.Load(),
	}
}

type counts struct{ transactions, statements, roundTrips, commits atomic.Int64 }
