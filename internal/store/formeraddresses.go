package store

import "time"

// FormerAddressRow is a confirmed address that a user had.
type FormerAddressRow struct {
	ID               string // of the credential that it was
	EnvironmentID    string
	UserID           string
	Format           string
	Identifier       string
	PublicIdentifier string
	Detail           string
	CreatedAt        time.Time
	RemovedAt        time.Time
}

// FormerAddressLife is for how long an address is remembered after a user lost it. It is
// documented in docs/limits.md.
const FormerAddressLife = 90 * day

// InsertFormerAddress remembers an address that is being removed.
func (tx *Tx) InsertFormerAddress(c CredentialRow) error {
	_, err := tx.Exec(`INSERT INTO former_addresses (id, environment_id, user_id, format, identifier, public_identifier, detail,
		created_at, removed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET removed_at = excluded.removed_at`,
		c.ID, c.EnvironmentID, c.UserID, c.Format, c.Identifier, c.PublicIdentifier, c.Detail, millis(c.CreatedAt), millis(tx.Now()))
	return err
}

// FormerAddresses lists those of a user that are remembered still, the oldest first.
func (tx *Tx) FormerAddresses(environmentID, userID string) ([]FormerAddressRow, error) {
	rows, err := tx.Rows(`SELECT id, environment_id, user_id, format, identifier, public_identifier, detail, created_at, removed_at
		FROM former_addresses WHERE user_id = $2 AND environment_id = $1 AND removed_at + 0 > $3 ORDER BY removed_at, id`,
		environmentID, userID, millis(tx.Now().Add(-FormerAddressLife)))
	return collect(rows, err, func(rows Rows) (f FormerAddressRow, err error) {
		var created, removed int64
		err = rows.Scan(&f.ID, &f.EnvironmentID, &f.UserID, &f.Format, &f.Identifier, &f.PublicIdentifier, &f.Detail, &created, &removed)
		f.CreatedAt, f.RemovedAt = fromMillis(created), fromMillis(removed)
		return f, err
	})
}
