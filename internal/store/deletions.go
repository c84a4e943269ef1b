package store

// DeleteEnvironment takes an environment away: from now on there is none with the id, and
// never will be. Its keys and credentials of machines go at once, its members too; its
// users go a few at a time, by a chore. The audit log stays.
func (tx *Tx) DeleteEnvironment(id string) (serviceTokens int64, err error) {
	now := millis(tx.Now())
	err = tx.one(`UPDATE environments SET document = '', revision = revision + 1, updated_at = $2, deleted_at = $2
		WHERE id = $1 AND reserved = 0 AND deleted_at IS NULL`, id, now)
	if err != nil {
		return 0, err
	}
	if _, err := tx.Exec(`DELETE FROM signing_keys WHERE environment_id = $1`, id); err != nil {
		return 0, err
	}
	serviceTokens, err = tx.Exec(`UPDATE service_tokens SET revoked_at = $2 WHERE environment_id = $1 AND revoked_at IS NULL`, id, now)
	if err != nil {
		return 0, err
	}
	return serviceTokens, tx.DropMembers(id)
}

// Deleted reports whether there was an environment with the id.
func (tx *Tx) Deleted(id string) (was bool, err error) {
	var n int64
	err = tx.Row(`SELECT COUNT(*) FROM environments WHERE id = $1 AND deleted_at IS NOT NULL`, id).Scan(&n)
	return n > 0, err
}

// CountUsers counts the users of an environment, up to most.
func (tx *Tx) CountUsers(environmentID string, most int) (n int, err error) {
	err = tx.Row(`SELECT COUNT(*) FROM (SELECT 1 FROM users WHERE environment_id = $1 LIMIT $2) AS counted`, environmentID, most).Scan(&n)
	return n, err
}

// KeepsWallets reports whether wallets are kept here for users of an environment.
func (tx *Tx) KeepsWallets(environmentID string) (kept bool, err error) {
	var n int64
	err = tx.Row(`SELECT COUNT(*) FROM (SELECT 1 FROM credentials WHERE environment_id = $1 AND format = 'blockchain' AND provenance = $2
		LIMIT 1) AS counted`, environmentID, ProvenanceEmbedded).Scan(&n)
	return n > 0, err
}

// emptied removes what deleted environments held. What ends by itself is left to that.
var emptied = Chore{"deleted environments", func(tx *Tx, limit int) (int64, bool, error) {
	rows, err := tx.Rows(`SELECT id FROM environments WHERE deleted_at IS NOT NULL AND emptied_at IS NULL ORDER BY id LIMIT 1`)
	ids, err := collect(rows, err, scanID)
	if err != nil || len(ids) == 0 {
		return 0, false, err
	}
	rows, err = tx.Rows(`SELECT id FROM users WHERE environment_id = $1 ORDER BY id LIMIT $2`, ids[0], limit)
	users, err := collect(rows, err, scanID)
	if err != nil {
		return 0, false, err
	}
	for _, id := range users {
		if _, err := tx.Exec(`DELETE FROM users WHERE id = $1`, id); err != nil {
			return 0, false, err
		}
	}
	if len(users) == limit {
		return int64(limit), true, nil
	}
	return int64(len(users)), true, tx.forgetEnvironment(ids[0])
}}

func scanID(rows Rows) (id string, err error) {
	err = rows.Scan(&id)
	return id, err
}

// forgetEnvironment removes what is left of a deleted environment without users.
func (tx *Tx) forgetEnvironment(id string) error {
	if _, err := tx.Exec(`DELETE FROM shadow_counts WHERE environment_id = $1`, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM turned_on_entries WHERE environment_id = $1`, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM environment_revisions WHERE environment_id = $1`, id); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE environments SET emptied_at = $2 WHERE id = $1`, id, millis(tx.Now()))
	return err
}
