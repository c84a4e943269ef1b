package store

// TurnedOn lists the compatibility entries that accepting a version turned on in an
// environment and that no document has dropped since.
func (tx *Tx) TurnedOn(environmentID string) ([]string, error) {
	rows, err := tx.Rows(`SELECT entry FROM turned_on_entries WHERE environment_id = $1 ORDER BY entry`, environmentID)
	return collect(rows, err, func(rows Rows) (entry string, err error) { return entry, rows.Scan(&entry) })
}

// TurnOn notes an entry that accepting a version turned on.
func (tx *Tx) TurnOn(environmentID, entry string) error {
	_, err := tx.Exec(`INSERT INTO turned_on_entries (environment_id, entry, turned_on_at) VALUES ($1, $2, $3)
		ON CONFLICT (environment_id, entry) DO UPDATE SET turned_on_at = excluded.turned_on_at`, environmentID, entry, millis(tx.Now()))
	return err
}

// DropTurnedOn forgets an entry that a document has dropped.
func (tx *Tx) DropTurnedOn(environmentID, entry string) error {
	_, err := tx.Exec(`DELETE FROM turned_on_entries WHERE environment_id = $1 AND entry = $2`, environmentID, entry)
	return err
}
