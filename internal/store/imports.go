package store

import (
	"cmp"
	"database/sql"
	"slices"
	"time"
)

// ImportRow is an import of users from a file, or from rows that were sent.
type ImportRow struct {
	ID            string
	EnvironmentID string
	Name          string // of the file
	Format        string
	Vouched       bool // what it says of users whom it creates counts as confirmed
	Actor         string
	RowsRead      int64
	Digest        string // of the file, as far as its rows are in
	Created       int64
	Updated       int64
	Unchanged     int64
	Skipped       int64
	StartedAt     time.Time
	ChangedAt     time.Time // when rows were last read
	FinishedAt    time.Time // zero: it is open
}

// ImportSkip is a row that an import left out.
type ImportSkip struct {
	ImportID   string
	Row        int64
	ExternalID string // empty: it could not be read
	Reason     string
	Field      string // that it is about; empty: the whole row
	Detail     string
}

const importColumns = `id, environment_id, name, format, vouched, actor, rows_read, digest, created, updated, unchanged, skipped,
	started_at, changed_at, finished_at`

// InsertImport opens an import.
func (tx *Tx) InsertImport(r ImportRow) error {
	_, err := tx.Exec(`INSERT INTO imports (`+importColumns+`) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0, 0, 0, 0, $8, $8, NULL)`,
		r.ID, r.EnvironmentID, r.Name, r.Format, asBit(r.Vouched), r.Actor, r.Digest, millis(tx.Now()))
	return err
}

// Import reads one import.
func (tx *Tx) Import(environmentID, id string) (ImportRow, error) {
	return scanImport(tx.Row(`SELECT `+importColumns+` FROM imports WHERE environment_id = $1 AND id = $2`, environmentID, id))
}

// LockImport is Import for whoever adds rows: there is one at a time.
func (tx *Tx) LockImport(environmentID, id string) (ImportRow, error) {
	return scanImport(tx.Row(`SELECT `+importColumns+` FROM imports WHERE environment_id = $1 AND id = $2`+tx.ForUpdate(),
		environmentID, id))
}

// Imports lists imports of the environment, newest first, whose ids grow with time: at
// most limit, behind the one with the id; "" begins with the newest.
func (tx *Tx) Imports(environmentID, after string, limit int) ([]ImportRow, error) {
	rows, err := tx.Rows(`SELECT `+importColumns+` FROM imports WHERE environment_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
		environmentID, cmp.Or(after, beyond), limit)
	return collect(rows, err, func(rows Rows) (ImportRow, error) { return scanImport(rows) })
}

// OpenImport is the newest import that is open.
func (tx *Tx) OpenImport(environmentID, format string) (ImportRow, error) {
	return scanImport(tx.Row(`SELECT `+importColumns+` FROM imports WHERE environment_id = $1 AND format = $2 AND finished_at IS NULL
		ORDER BY id DESC LIMIT 1`, environmentID, format))
}

// UpdateImport stores the counts of an open import, and that it is finished if it is.
func (tx *Tx) UpdateImport(r ImportRow) error {
	return tx.one(`UPDATE imports SET rows_read = $3, digest = $4, created = $5, updated = $6, unchanged = $7, skipped = $8,
		changed_at = $9, finished_at = $10 WHERE environment_id = $1 AND id = $2 AND finished_at IS NULL`,
		r.EnvironmentID, r.ID, r.RowsRead, r.Digest, r.Created, r.Updated, r.Unchanged, r.Skipped, millis(tx.Now()),
		nullMillis(r.FinishedAt))
}

// InsertSkip records a row that was left out.
func (tx *Tx) InsertSkip(environmentID string, s ImportSkip) error {
	return tx.Later(`INSERT INTO import_skips (import_id, row_number, environment_id, external_id, reason, field, detail, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		s.ImportID, s.Row, environmentID, s.ExternalID, s.Reason, s.Field, s.Detail, millis(tx.Now()))
}

// Skips lists the rows that an import left out, in the order of the file: at most limit,
// behind the row after.
func (tx *Tx) Skips(environmentID, importID string, after int64, limit int) ([]ImportSkip, error) {
	rows, err := tx.Rows(`SELECT import_id, row_number, external_id, reason, field, detail FROM import_skips
		WHERE import_id = $2 AND environment_id = $1 AND row_number > $3 ORDER BY row_number LIMIT $4`,
		environmentID, importID, after, limit)
	return collect(rows, err, func(rows Rows) (s ImportSkip, err error) {
		return s, rows.Scan(&s.ImportID, &s.Row, &s.ExternalID, &s.Reason, &s.Field, &s.Detail)
	})
}

// SkipReasons counts the rows that an import left out, by reason.
func (tx *Tx) SkipReasons(environmentID, importID string) (map[string]int64, error) {
	rows, err := tx.Rows(`SELECT reason, COUNT(*) FROM import_skips WHERE import_id = $2 AND environment_id = $1 GROUP BY reason`,
		environmentID, importID)
	counts := map[string]int64{}
	_, err = collect(rows, err, func(rows Rows) (n int64, err error) {
		var reason string
		err = rows.Scan(&reason, &n)
		counts[reason] = n
		return n, err
	})
	return counts, err
}

// Imported is a user as an import finds them.
type Imported struct {
	UserRow
	ImportID    string // the import that spoke of them last; empty: none did
	ImportRow   int64
	Credentials []CredentialRow
}

// UsersNamed finds the users that files call by these names, and locks them where the
// transaction writes.
func (tx *Tx) UsersNamed(environmentID string, externalIDs []string) (users []Imported, err error) {
	lock := ""
	if tx.writes {
		lock = tx.ForUpdate()
	}
	for some := range slices.Chunk(externalIDs, UsersAtOnce) {
		rows, err := tx.Rows(`SELECT `+userColumns+`, users.import_id, users.import_row FROM users
			WHERE environment_id = $1 AND external_id IN (`+anyOf+`) ORDER BY external_id`+lock, padded(environmentID, some)...)
		found, err := collect(rows, err, func(rows Rows) (u Imported, err error) {
			into, finish := u.columns()
			err = rows.Scan(append(into, &u.ImportID, &u.ImportRow)...)
			finish()
			return u, err
		})
		if err != nil {
			return nil, err
		}
		ids := make([]string, len(found))
		for i, u := range found {
			ids[i] = u.ID
		}
		credentials, err := tx.CredentialsOf(environmentID, ids)
		if err != nil {
			return nil, err
		}
		for i, u := range found {
			found[i].Credentials = credentials[u.ID]
		}
		users = append(users, found...)
	}
	return users, nil
}

// Holder is who has an identifier or a username.
type Holder struct {
	Identifier string
	UserID     string
	ImportID   string // the import that spoke of them last; empty: none did
	ImportRow  int64
}

// Holders finds who has these identifiers of a format.
func (tx *Tx) Holders(environmentID, format string, identifiers []string) (holders []Holder, err error) {
	for some := range slices.Chunk(identifiers, UsersAtOnce) {
		rows, err := tx.Rows(`SELECT credentials.identifier, u.id, u.import_id, u.import_row
			FROM credentials JOIN users u ON u.id = credentials.user_id
			WHERE credentials.environment_id = $1 AND credentials.format = $52 AND credentials.identifier IN (`+anyOf+`)`,
			append(padded(environmentID, some), format)...)
		found, err := collect(rows, err, scanHolder)
		if err != nil {
			return nil, err
		}
		holders = append(holders, found...)
	}
	return holders, nil
}

// UsernameHolders finds who has these usernames.
func (tx *Tx) UsernameHolders(environmentID string, usernames []string) (holders []Holder, err error) {
	for some := range slices.Chunk(usernames, UsersAtOnce) {
		rows, err := tx.Rows(`SELECT username, id, import_id, import_row FROM users WHERE environment_id = $1 AND username IN (`+anyOf+`)`,
			padded(environmentID, some)...)
		found, err := collect(rows, err, scanHolder)
		if err != nil {
			return nil, err
		}
		holders = append(holders, found...)
	}
	return holders, nil
}

func scanHolder(rows Rows) (h Holder, err error) {
	return h, rows.Scan(&h.Identifier, &h.UserID, &h.ImportID, &h.ImportRow)
}

// Remeasure has PostgreSQL look again at how large the tables of users are and what is in
// them, which it does by itself only once a minute. Until then it takes an environment for
// small, and reads all of it to find fifty users. It is the first thing that a transaction
// does, or it waits for others with rows in hand. SQLite goes by its indexes alone.
func (tx *Tx) Remeasure() error {
	if tx.db.Engine() != Postgres {
		return nil
	}
	_, err := tx.Exec(`ANALYZE users, credentials`)
	return err
}

// InsertImported adds a user of an import, with the credentials that it says are theirs.
func (tx *Tx) InsertImported(u Imported) error {
	now := millis(tx.Now())
	if err := tx.Later(`INSERT INTO users (id, environment_id, username, profile, created_at, last_visit_at, disabled_at, external_id,
		import_id, import_row, search) VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10)`,
		u.ID, u.EnvironmentID, nullText(u.Username), u.Profile, now, nullMillis(u.DisabledAt), u.ExternalID, u.ImportID,
		u.ImportRow, SearchKey(u.Username)); err != nil {
		return err
	}
	for _, c := range u.Credentials {
		if err := tx.Later(insertCredential, credentialValues(c)...); err != nil {
			return err
		}
	}
	return nil
}

// MarkImported notes which import spoke of a user last, and in which row.
func (tx *Tx) MarkImported(environmentID, id, importID string, row int64) error {
	return tx.Later(`UPDATE users SET import_id = $3, import_row = $4 WHERE environment_id = $1 AND id = $2`,
		environmentID, id, importID, row)
}

// UserByExternalID finds whom a file calls so.
func (tx *Tx) UserByExternalID(environmentID, externalID string) (UserRow, error) {
	return scanUser(tx.Row(`SELECT `+userColumns+` FROM users WHERE environment_id = $1 AND external_id = $2`, environmentID, externalID))
}

func scanImport(row scanner) (r ImportRow, err error) {
	var vouched, started, changed int64
	var finished sql.NullInt64
	err = row.Scan(&r.ID, &r.EnvironmentID, &r.Name, &r.Format, &vouched, &r.Actor, &r.RowsRead, &r.Digest, &r.Created, &r.Updated,
		&r.Unchanged, &r.Skipped, &started, &changed, &finished)
	r.Vouched, r.StartedAt, r.ChangedAt, r.FinishedAt = vouched != 0, fromMillis(started), fromMillis(changed), fromNullMillis(finished)
	return r, notFound(err)
}
