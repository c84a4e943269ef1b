package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// small are tables that hold a few rows however many users there are.
var small = []string{"environments", "environment_revisions", "signing_keys", "service_tokens", "store_meta", "leases",
	"turned_on_entries", "figure_marks", "imports", "goose_db_version"}

// few are tables that hold a few rows for each environment.
var few = []string{"operator_invitations", "operator_grants"}

// wholesale are statements that are meant to read much, by what they begin with: lists
// that operators ask for, and what a worker takes in the order of time.
var wholesale = []string{
	`SELECT COUNT(*), MIN(created_at) FROM outbox`,
	`SELECT COUNT(*) FROM (SELECT 1 FROM outbox`,
	`UPDATE outbox SET next_try_at = $1`,
	`SELECT MAX(id) FROM (SELECT id FROM mfa_tokens`, // a slice, by the key
	`DELETE FROM mfa_tokens WHERE id > $1`,
	`DELETE FROM figures WHERE environment_id = $1 AND span = $2`, // what is too old, by the key
	`SELECT span, at, name, count FROM figures`,                   // of a period, by the key: a chart of all of them
	`DELETE FROM refusals WHERE minute = (SELECT MIN(minute)`,     // a minute that is over, on one node
	`SELECT COUNT(*) FROM (SELECT 1 FROM refusals`,
	`DELETE FROM audit_sources WHERE id IN
		(SELECT`, // some at a time
	`SELECT COUNT(*) FROM audit_events`,                                                     // stepup audit prune
	`DELETE FROM device_registrations WHERE environment_id = $1 AND created_at <= $2`,       // of an environment that lets devices alone
	"SELECT " + store.CredentialColumns + " FROM credentials WHERE provenance = $1",         // doctor
	"SELECT " + store.CredentialColumns + " FROM credentials WHERE disputed_at IS NOT NULL", // doctor
	// the sessions that wait, of an environment that lets devices alone
	"UPDATE sessions SET revoked_at = $2, revoked_reason = $3\n\t\tWHERE environment_id = $1 AND unregistered = 1",
	// stepup console list: the invitations that are open
	`SELECT id, email, email_key, environment_id, role, secret_hash, invited_by, created_at, expires_at, accepted_at, ` +
		`accepted_by, revoked_at FROM operator_invitations WHERE expires_at > $1`,
	`DELETE FROM operator_grants WHERE environment_id = $1`,      // of an environment that goes
	`DELETE FROM operator_invitations WHERE environment_id = $1`, // of an environment that goes
	// what is said of an environment before it goes, up to a number, and what goes with it afterwards
	`SELECT COUNT(*) FROM (SELECT 1 FROM users`, `SELECT COUNT(*) FROM (SELECT 1 FROM credentials`,
	`SELECT id FROM users WHERE environment_id = $1 ORDER BY id LIMIT $2`, `DELETE FROM shadow_counts WHERE environment_id = $1`,
	// the open recoveries, a page at a time: a few, of which PostgreSQL reads all
	`SELECT recoveries.id, `,
	// the users of an environment, a page at a time, by the key
	`SELECT users.id, users.environment_id, users.username`,
	// those of a page of users, fifty keys: of a small table PostgreSQL reads all
	"SELECT " + store.CredentialColumns + " FROM credentials WHERE environment_id || '' = $1 AND user_id IN ($2, ",
	`SELECT environment_id, day, client, scope, call, verdict, reason, count FROM shadow_counts`, // a report, which ends in a sum
}

// A statement that finds its rows by reading all of them, or all that are live, is
// fast in a test and slow in production. Each statement of the source is planned by
// both engines, on PostgreSQL with the statistics of yesterday, as they are.
func TestPlans(t *testing.T) {
	statements := slices.DeleteFunc(sourceStatements(t, ".", "../legacymfa"), func(s statement) bool {
		return strings.HasPrefix(s.text, "ANALYZE ") // it has no plan
	})
	if len(statements) < 100 {
		t.Fatalf("%d statements were found in the source, which cannot be all", len(statements))
	}
	t.Run("sqlite", func(t *testing.T) {
		url := storetest.URL(t, store.SQLite)
		storetest.Open(t, url)
		db, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, s := range append(statements, purges(`rowid IN (SELECT rowid FROM %[1]s WHERE %[2]s < $1 ORDER BY %[2]s LIMIT $2)`)...) {
			for _, problem := range sqliteProblems(t, db, s) {
				t.Errorf("%s:\n%s", problem, s.text)
			}
		}
	})
	t.Run("postgres", func(t *testing.T) {
		url := storetest.URL(t, store.Postgres)
		storetest.Open(t, url)
		db, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		grow(t, conn)
		for i, s := range append(statements,
			purges(`ctid = ANY(ARRAY(SELECT ctid FROM %[1]s WHERE %[2]s < $1 ORDER BY %[2]s LIMIT $2))`)...) {
			for _, problem := range postgresProblems(t, conn, fmt.Sprintf("p%d", i), s) {
				t.Errorf("%s:\n%s", problem, s.text)
			}
		}
	})
}

// statement is one text, and whether it may walk through an index from one end.
type statement struct {
	text      string
	wholesale bool
}

// purges are the statements of [store.Tx.DeleteBefore].
func purges(some string) (all []statement) {
	for _, of := range store.Purged() {
		all = append(all, statement{fmt.Sprintf(`DELETE FROM %[1]s WHERE `+some+` AND %[2]s < $1`, of[0], of[1]), true})
	}
	return all
}

// sourceStatements reads what the source of the packages gives to Exec, Row, Rows and
// one. A new statement is found by itself; one that is not written down as a whole
// must be told in dynamic.
func sourceStatements(t *testing.T, folders ...string) (all []statement) {
	t.Helper()
	for _, folder := range folders {
		files := token.NewFileSet()
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		var parsed []*ast.File
		constants := map[string]ast.Expr{}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(files, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, file)
			ast.Inspect(file, func(n ast.Node) bool {
				if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
					for i, name := range v.Names {
						constants[name.Name] = v.Values[i]
					}
				}
				return true
			})
		}
		for _, file := range parsed {
			ast.Inspect(file, func(n ast.Node) bool {
				if list, ok := n.(*ast.CompositeLit); ok { // of statements that run one after the other
					for _, e := range list.Elts {
						if text, whole := evaluate(constants, e); whole && verb.MatchString(text) {
							all = append(all, statement{text: text})
						}
					}
				}
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 {
					return true
				}
				if !slices.Contains([]string{"tx.Exec", "tx.Later", "tx.Row", "tx.Rows", "tx.one"}, piece(call.Fun)) {
					return true
				}
				text, whole := evaluate(constants, call.Args[0])
				where := files.Position(call.Pos())
				switch {
				case whole && (strings.HasSuffix(text, " op") || strings.HasPrefix(text, "SAVEPOINT")): // of the writer
				case whole:
					all = append(all,
						statement{text, slices.ContainsFunc(wholesale, func(begin string) bool { return strings.HasPrefix(text, begin) })})
				case !slices.Contains(pieced, filepath.Base(where.Filename)+": "+piece(call.Args[0])):
					t.Errorf("%s: the statement is put together at run time: tell it in pieced (as %q) and in assembled", where,
						filepath.Base(where.Filename)+": "+piece(call.Args[0]))
				}
				return true
			})
		}
	}
	for _, text := range assembled {
		all = append(all, statement{text: text})
	}
	return all
}

// pieced are the calls whose statement is not a constant, and assembled what they run.
var (
	pieced = []string{
		"elevatedtokens.go: …+which", "walletoperations.go: …+column+…+column+…", "users.go: query", "credentials.go: query",
		"sessions.go: …+which+…", // the sessions of an environment that an acceptance ends
		"purge.go: fmt.Sprintf",
		"auditevents.go: by+order",                                   // a walk along one of the indexes of the log
		"sizes.go: names", "sizes.go: …+t.Name+…", "sizes.go: whole", // how large the tables are, every ten minutes
		"counters.go: text", // several counters at once
	}
	assembled = []string{
		revokeElevated + ` AND user_id = $4`, revokeElevated + ` AND session_id = $4`,
		revokeElevated + ` AND user_id = $4 AND credential_id = $5`,
		endPrompts + ` AND user_id = $4`, endPrompts + ` AND session_id = $4`, endPrompts + ` AND user_id = $4 AND credential_id = $5`,
		auditWalk + `token_id = $1 AND token_id <> '' AND ($4 = '' OR environment_id = $4)` + oldestFirst,
		auditWalk + `token_id = $1 AND token_id <> '' AND ($4 = '' OR environment_id = $4)` + newestFirst,
		auditWalk + `user_id = $1 AND user_id <> '' AND ($4 = '' OR environment_id = $4)` + oldestFirst,
		auditWalk + `user_id = $1 AND user_id <> '' AND ($4 = '' OR environment_id = $4)` + newestFirst,
		auditWalk + `action = $1 AND environment_id = $4` + oldestFirst, auditWalk + `action = $1 AND environment_id = $4` + newestFirst,
		auditWalk + `environment_id = $1` + oldestFirst, auditWalk + `environment_id = $1` + newestFirst,
		`UPDATE wallet_operations SET signer_told_at = $3 WHERE environment_id = $1 AND id = $2 AND signer_told_at IS NULL`,
		store.CountTogether,
	}
)

const revokeElevated = `UPDATE elevated_tokens SET revoked_at = $2, revoked_reason = $3
	WHERE environment_id = $1 AND revoked_at IS NULL AND consumed_at IS NULL AND expires_at + 0 > $2`

const endPrompts = `UPDATE prompts SET ended_at = $2, ended_reason = $3, sealed_proof = NULL, sealed_link = NULL
	WHERE environment_id = $1 AND ended_at IS NULL AND redeemed_at IS NULL`

// The walks of [store.Tx.AuditRun].
const (
	auditWalk = `SELECT id, environment_id, at, action, actor, user_id, session_id, request_id, detail, source, hash
		FROM audit_events WHERE `
	oldestFirst = ` AND (at, id) > ($2, $3) ORDER BY at, id LIMIT 64`
	newestFirst = ` AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT 64`
)

func piece(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.CallExpr:
		return piece(e.Fun)
	case *ast.SelectorExpr:
		return piece(e.X) + "." + e.Sel.Name
	case *ast.BinaryExpr:
		return piece(e.X) + "+" + piece(e.Y)
	case *ast.BasicLit:
		return "…"
	}
	return "?"
}

// evaluate puts a constant text together. The words that lock rows do not change how
// they are found.
func evaluate(constants map[string]ast.Expr, e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		if value, ok := constants[e.Name]; ok {
			return evaluate(constants, value)
		}
		return "", e.Name == "lock" || e.Name == "skip"
	case *ast.BinaryExpr:
		left, ok1 := evaluate(constants, e.X)
		right, ok2 := evaluate(constants, e.Y)
		return left + right, ok1 && ok2
	case *ast.ParenExpr:
		return evaluate(constants, e.X)
	case *ast.CallExpr:
		name := piece(e.Fun)
		return "", name == "tx.ForUpdate" || name == "tx.ForShare"
	}
	return "", false
}

var (
	scanned  = regexp.MustCompile(`^SCAN (\w+)`)
	searched = regexp.MustCompile(`^SEARCH (\w+)[^(]*\((.*)\)$`)
)

func sqliteProblems(t *testing.T, db *sql.DB, s statement) (problems []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+s.text, make([]any, parameters(s.text))...)
	if err != nil {
		return []string{err.Error()}
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		table := ""
		if found := scanned.FindStringSubmatch(detail); found != nil {
			table = found[1]
		} else if found := searched.FindStringSubmatch(detail); found != nil &&
			(!strings.Contains(found[2], "=") || found[2] == "environment_id=?" && !slices.Contains(few, found[1])) {
			table = found[1] // all there is, or all of an environment
		}
		if table != "" && !s.wholesale && grows(table) {
			problems = append(problems, "SQLite reads all there is: "+detail)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return problems
}

func grows(table string) bool {
	names := []string{"s", "u", "c", "d", "slice", "due", "current_epoch", "constant", "CONSTANT", "asked", "3"} // 3: constant rows
	return !slices.Contains(small, table) && !slices.Contains(names, table)
}

var verb = regexp.MustCompile(`^(SELECT|INSERT|UPDATE|DELETE) `)

var parameter = regexp.MustCompile(`\$(\d+)`)

func parameters(text string) (most int) {
	for _, found := range parameter.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(found[1])
		most = max(most, n)
	}
	return most
}

// grow fills every table: with rows whose time is over, which the statistics know, and
// with as many that are live, which they do not know yet. All of a kind have one time:
// the planner then thinks that nothing is live, and that the index over times is the
// cheapest way to whatever is asked.
func grow(t *testing.T, conn *sql.Conn) {
	t.Helper()
	must := func(query string, args ...any) {
		if _, err := conn.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	must(`SET session_replication_role = replica`) // no foreign keys meanwhile
	for _, at := range []struct {
		first string
		rows  int
	}{{strconv.Itoa(now - 86_400_000), 1501}, {strconv.Itoa(now + 300_000), 1500}} {
		for table, columns := range tables(t, conn) {
			var values []string
			for _, c := range columns {
				switch {
				case c.name == "environment_id":
					values = append(values, `'env'`)
				case c.nullable:
					values = append(values, `NULL`)
				case c.kind == "bigint" &&
					(strings.HasSuffix(c.name, "_at") || slices.Contains([]string{"at", "window_end", "until", "not_after"}, c.name)):
					values = append(values, at.first)
				case c.kind == "bigint":
					values = append(values, `1`)
				case c.kind == "bytea":
					values = append(values, fmt.Sprintf(`decode(md5('%s%s' || i), 'hex')`, c.name, at.first))
				default:
					values = append(values, fmt.Sprintf(`md5('%s%s' || i)`, c.name, at.first))
				}
			}
			must(fmt.Sprintf(`INSERT INTO %s SELECT %s FROM generate_series(1, %d) AS i`, table, strings.Join(values, ", "), at.rows))
		}
		if at.rows > 1500 {
			must(`ANALYZE`)
		}
	}
}

// now lies between what is over and what is live.
const now = 1764500000000

type column struct {
	name, kind string
	nullable   bool
}

func tables(t *testing.T, conn *sql.Conn) map[string][]column {
	t.Helper()
	rows, err := conn.QueryContext(t.Context(), `SELECT c.table_name, c.column_name, c.data_type, c.is_nullable = 'YES'
		FROM information_schema.columns c JOIN information_schema.tables USING (table_schema, table_name)
		WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string][]column{}
	for rows.Next() {
		var table string
		var c column
		if err := rows.Scan(&table, &c.name, &c.kind, &c.nullable); err != nil {
			t.Fatal(err)
		}
		if grows(table) {
			all[table] = append(all[table], c)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// plan is a node of what EXPLAIN (FORMAT JSON) says.
type plan struct {
	Type  string `json:"Node Type"`
	Table string `json:"Relation Name"`
	Index string `json:"Index Name"`
	Cond  string `json:"Index Cond"`
	Plans []plan
}

func postgresProblems(t *testing.T, conn *sql.Conn, name string, s statement) (problems []string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if _, err := conn.ExecContext(ctx, `PREPARE `+name+` AS `+s.text); err != nil {
		return []string{err.Error()}
	}
	var kinds string
	if err := conn.QueryRowContext(ctx, `SELECT array_to_string(parameter_types::text[], ',') FROM pg_prepared_statements WHERE name = '`+
		name+`'`).Scan(&kinds); err != nil {
		t.Fatal(err)
	}
	var values []string
	for kind := range strings.SplitSeq(kinds, ",") {
		switch kind {
		case "":
		case "integer":
			values = append(values, `1`)
		case "bigint", "numeric":
			values = append(values, strconv.Itoa(now))
		case "bytea":
			values = append(values, `'\x00'`)
		default:
			values = append(values, `'env'`)
		}
	}
	execute := `EXECUTE ` + name
	if len(values) > 0 {
		execute += `(` + strings.Join(values, ", ") + `)`
	}
	var text string
	if err := conn.QueryRowContext(ctx, `EXPLAIN (FORMAT JSON) `+execute).Scan(&text); err != nil {
		return []string{err.Error()}
	}
	var answer []struct{ Plan plan }
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	var look func(p plan)
	look = func(p plan) {
		reads := p.Type == "Seq Scan" || strings.HasSuffix(p.Type, "Index Scan") && p.Table != "" && !strings.Contains(p.Cond, " = ") ||
			p.Type == "Bitmap Index Scan" && !strings.Contains(p.Cond, " = ")
		if reads && !s.wholesale && (p.Table == "" || grows(p.Table)) {
			problems = append(problems, fmt.Sprintf("PostgreSQL reads all there is: %s on %s %s %s", p.Type, p.Table, p.Index, p.Cond))
		}
		for _, below := range p.Plans {
			look(below)
		}
	}
	look(answer[0].Plan)
	return problems
}
