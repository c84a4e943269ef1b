package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

func (e *postgresEngine) backup(ctx context.Context, path string) error {
	if err := refusePooler(ctx, e.config); err != nil {
		return err
	}
	return fillNew(path, func(file *os.File) error {
		dump, err := clientProgram(ctx, e.config, "pg_dump", "--format=custom", "--no-owner", "--no-privileges")
		if err != nil {
			return err
		}
		dump.Stdout = file
		return run(dump)
	})
}

// refusePooler refuses a pooler before the server: pg_dump and psql change their session,
// and a pooler gives it to the next transaction of anybody as they left it. It gives
// itself away by the process that it says serves the connection, which is none.
func refusePooler(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("opening database: %w", err)
	}
	var serving uint32
	err = conn.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&serving)
	said := conn.PgConn().PID()
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("looking at the database: %w", err)
	}
	if serving != said {
		return errors.New("a pooler stands before the database, whose sessions this would spoil for the servers: " +
			"set STEPUP_DATABASE_URL to PostgreSQL itself for this command")
	}
	return nil
}

// moveEpochSQL ends the restoring transaction. It fails when the backup is not one
// of stepup.
const moveEpochSQL = `
RESET search_path;
DO $move$ BEGIN
  UPDATE store_meta SET value = lpad((split_part(value, '-', 1)::bigint + 1)::text, 6, '0') || '-%s' WHERE key = 'epoch';
  IF NOT FOUND THEN RAISE EXCEPTION 'the backup holds no epoch, so it is no backup of stepup'; END IF;
END $move$;
COMMIT;
`

// readEnvironmentsSQL ends a transaction that restores the environments to look at
// them. Its last line is what was found.
const readEnvironmentsSQL = `
RESET search_path;
SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'name', name, 'document', document) ORDER BY name, id), '[]')
	FROM environments WHERE deleted_at IS NULL;
ROLLBACK;
`

// restorePostgres restores inside one transaction that ends with the move of the epoch.
func restorePostgres(ctx context.Context, url, from string, judge func([]RestoredEnvironment) error) error {
	config, err := postgresConfig(url)
	if err != nil {
		return err
	}
	if err := errors.Join(refusePooler(ctx, config), requireEmpty(ctx, config)); err != nil {
		return err
	}
	if judge != nil {
		printed, err := pour(ctx, config, readEnvironmentsSQL, "--table=environments", from)
		if err != nil {
			return fmt.Errorf("reading its environments: %w", err)
		}
		lines := strings.Split(strings.TrimSpace(printed), "\n")
		var environments []RestoredEnvironment
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &environments); err != nil {
			return fmt.Errorf("reading its environments: %w", err)
		}
		if err := judge(environments); err != nil {
			return err
		}
	}
	_, err = pour(ctx, config, fmt.Sprintf(moveEpochSQL, rand.Text()), from)
	return err
}

// pour feeds what pg_restore writes to psql, inside one transaction, and returns what
// psql printed. Only when pg_restore has succeeded does psql get to see the ending.
func pour(ctx context.Context, config *pgx.ConnConfig, ending string, what ...string) (string, error) {
	reading, err := clientProgram(ctx, config, "pg_restore", append([]string{"--no-owner", "--no-privileges", "--file=-"}, what...)...)
	if err != nil {
		return "", err
	}
	applying, err := clientProgram(ctx, config, "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
		"--set=ON_ERROR_STOP=1", "--file=-")
	if err != nil {
		return "", err
	}
	script, input := io.Pipe()
	reading.Stdout = input
	applying.Stdin = script
	var printed strings.Builder
	applying.Stdout = &printed
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, err := io.WriteString(input, "BEGIN;\n")
		if err == nil {
			err = run(reading)
		}
		if err == nil {
			_, err = io.WriteString(input, ending)
		}
		_ = input.CloseWithError(err)
	}()
	err = run(applying)
	// Unblocks the other side when psql gave up early.
	_ = script.CloseWithError(errors.New("psql has ended"))
	<-ended
	return printed.String(), err
}

func requireEmpty(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("opening database: %w", err)
	}
	var tables int
	err = conn.QueryRow(ctx, `SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
		WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'`).Scan(&tables)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("looking at the database: %w", err)
	}
	if tables > 0 {
		return fmt.Errorf("the database %s is not empty; make an empty one with createdb", config.Database)
	}
	return nil
}

// clientProgram prepares a program of the PostgreSQL client package. How to connect
// goes through the environment, because everyone may read a command line.
func clientProgram(ctx context.Context, config *pgx.ConnConfig, name string, args ...string) (*exec.Cmd, error) {
	path, err := findProgram(name)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	hosts, ports := servers(config)
	cmd.Env = append(os.Environ(), "PGHOST="+hosts, "PGPORT="+ports, "PGTARGETSESSIONATTRS=read-write", "PGUSER="+config.User,
		"PGPASSWORD="+config.Password, "PGDATABASE="+config.Database, "PGAPPNAME=stepup")
	if parsed, err := url.Parse(config.ConnString()); err == nil {
		for _, key := range []string{"sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslsni"} {
			if value := parsed.Query().Get(key); value != "" {
				cmd.Env = append(cmd.Env, "PG"+strings.ToUpper(key)+"="+value)
			}
		}
	}
	return cmd, nil
}

// servers are all that a URL names, as libpq takes them. The driver has each once for
// every way to secure the connection.
func servers(config *pgx.ConnConfig) (hosts, ports string) {
	hosts, ports = config.Host, strconv.Itoa(int(config.Port))
	last := hosts + ":" + ports
	for _, f := range config.Fallbacks {
		host, port := f.Host, strconv.Itoa(int(f.Port))
		if host+":"+port != last {
			hosts, ports, last = hosts+","+host, ports+","+port, host+":"+port
		}
	}
	return hosts, ports
}

// findProgram prefers the newest version that Debian installs side by side: a newer
// client serves an older server, not the other way round.
func findProgram(name string) (string, error) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		major := func(path string) int {
			n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
			return n
		}
		return slices.MaxFunc(found, func(a, b string) int { return major(a) - major(b) }), nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is needed for PostgreSQL backups; install it with: apt-get install -y postgresql-client: %w", name, err)
	}
	return path, nil
}

// run reports what the program said on its first line of complaint; later lines may
// quote rows.
func run(cmd *exec.Cmd) error {
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if err := cmd.Run(); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(complaint.String()), "\n")
		return fmt.Errorf("running %s: %w: %s", filepath.Base(cmd.Path), err, first)
	}
	return nil
}
