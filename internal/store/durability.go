package store

import (
	"context"
	"fmt"
	"strings"
)

// Durability is what keeps an acknowledged commit, for `stepup doctor` and readiness.
type Durability struct {
	Engine   string
	Settings []Setting // in reading order
	// Problems are one sentence each, with what to change. Without any an acknowledged
	// commit survives a crash and, on PostgreSQL, the loss of the primary; and there is
	// somebody whom commits wait for.
	Problems []string

	NoStandby string // PostgreSQL: the one of Problems that a single server has, which its operator may know and accept; else empty
}

// Setting is one setting of the engine as it holds now.
type Setting struct{ Name, Value string }

func (d *Durability) set(name, value string) { d.Settings = append(d.Settings, Setting{name, value}) }

func (d *Durability) problem(format string, args ...any) {
	d.Problems = append(d.Problems, fmt.Sprintf(format, args...))
}

// Durability asks the engine.
func (db *DB) Durability(ctx context.Context) (Durability, error) {
	report, err := db.engine.durability(ctx)
	if err != nil {
		return Durability{}, fmt.Errorf("reading the durability settings: %w", err)
	}
	return report, nil
}

func (e *sqliteEngine) durability(ctx context.Context) (Durability, error) {
	// Every connection asserted its settings when it was opened; a fresh transaction
	// on the writing one shows them at work.
	report := Durability{Engine: SQLite}
	conn, err := e.writing.Conn(ctx)
	if err != nil {
		return report, err
	}
	defer func() { _ = conn.Close() }()
	var journal string
	var synchronous int
	if err := conn.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&journal); err != nil {
		return report, err
	}
	if err := conn.QueryRowContext(ctx, `PRAGMA synchronous`).Scan(&synchronous); err != nil {
		return report, err
	}
	level := fmt.Sprint(synchronous)
	if synchronous < 4 {
		level = []string{"OFF", "NORMAL", "FULL", "EXTRA"}[synchronous]
	}
	report.set("journal_mode", journal)
	report.set("synchronous", level)
	if journal != "wal" || synchronous < 2 {
		report.problem("SQLite runs with journal_mode=%s and synchronous=%s; it needs wal and FULL", journal, level)
	}
	return report, nil
}

func (e *postgresEngine) durability(ctx context.Context) (Durability, error) {
	report := Durability{Engine: Postgres}
	names := []string{"server_version", "synchronous_commit", "synchronous_standby_names", "fsync", "full_page_writes"}
	values := map[string]string{}
	for _, name := range names {
		var value string
		if err := e.db.QueryRowContext(ctx, `SELECT current_setting($1)`, name).Scan(&value); err != nil {
			return report, err
		}
		values[name] = value
		report.set(name, value)
	}
	var recovering bool
	var timeline string
	if err := e.db.QueryRowContext(ctx, `SELECT pg_is_in_recovery()`).Scan(&recovering); err != nil {
		return report, err
	}
	report.set("in_recovery", fmt.Sprint(recovering))
	if recovering {
		report.problem("the server is a standby; point STEPUP_DATABASE_URL at the primary")
		return report, nil
	}
	if err := e.db.QueryRowContext(ctx, `SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)`).Scan(&timeline); err != nil {
		return report, err
	}
	report.set("timeline", timeline)

	// Anybody sees how many follow; how they do, only those who may see all.
	var standbys int
	if err := e.db.QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_replication`).Scan(&standbys); err != nil {
		return report, err
	}
	report.set("standbys", fmt.Sprint(standbys))

	switch values["synchronous_commit"] {
	case "off", "local":
		report.problem("synchronous_commit is %s; set it to on", values["synchronous_commit"])
	case "remote_write":
		report.problem("synchronous_commit is remote_write: a standby that loses power may forget commits; set it to on")
	}
	if strings.TrimSpace(values["synchronous_standby_names"]) == "" {
		report.NoStandby = "synchronous_standby_names is empty: losing the primary loses acknowledged commits; name a synchronous standby"
		report.problem("%s", report.NoStandby)
	} else if standbys == 0 {
		report.problem("synchronous_standby_names is %s and no standby is connected: every commit waits for one, and is refused meanwhile",
			values["synchronous_standby_names"])
	}
	for _, name := range []string{"fsync", "full_page_writes"} {
		if values[name] != "on" {
			report.problem("%s is %s; set it to on", name, values[name])
		}
	}
	return report, nil
}
