package store

import "time"

// SetCommitTimeout shortens the wait for a commit on PostgreSQL.
func SetCommitTimeout(db *DB, d time.Duration) { db.engine.(*postgresEngine).commitTimeout = d }

// ParseURL returns the engine that a URL names.
func ParseURL(raw string) (engine string, err error) {
	t, err := parseURL(raw)
	if err == nil && t.engine == Postgres {
		_, err = postgresConfig(t.url)
	}
	return t.engine, err
}

// GroupLimit is how many operations share a commit at most.
const GroupLimit = groupLimit

// Refused tells what a failed commit on PostgreSQL means.
var Refused = refused

// Purged are the tables that the purger clears, each with its column of time.
func Purged() (all [][2]string) {
	for _, of := range due {
		all = append(all, [2]string{of.table, of.column})
	}
	return all
}

// BatchMost is how many rows one transaction of the purger removes at most.
const BatchMost = batchMost

// CredentialColumns is what a credential is read by.
const CredentialColumns = credentialColumns

// CountTogether is what counts three counters.
var CountTogether = countTogether[3]
