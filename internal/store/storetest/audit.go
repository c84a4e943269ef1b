package storetest

import "github.com/stepup-auth/stepup/internal/store"

// AuditLog lists the entries of an environment ("": of all and of the installation) about
// an action ("": any; one that ends in a dot: all that begin so), oldest first.
func AuditLog(tx *store.Tx, environmentID, action string) ([]store.AuditRow, error) {
	rows, err := tx.Rows(`SELECT id, environment_id FROM audit_events WHERE ($1 = '' OR environment_id = $1)
		AND ($2 = '' OR action = $2 OR ($2 LIKE '%.' AND substr(action, 1, length($2)) = $2)) ORDER BY at, id`, environmentID, action)
	if err != nil {
		return nil, err
	}
	var keys [][2]string
	for rows.Next() {
		var key [2]string
		if err := rows.Scan(&key[0], &key[1]); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return nil, err
	}
	var all []store.AuditRow
	for _, key := range keys {
		row, err := tx.AuditRow(key[1], key[0])
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}
