package store

// ShadowCount is how often a client made a call on a day (UTC, 2006-01-02) and
// what was found. Scope and call are empty for a client that was merely seen.
type ShadowCount struct {
	EnvironmentID string
	Day           string
	Client        string
	Scope         string
	Call          string
	Verdict       string
	Reason        string
	Count         int64
}

// AddShadowCount adds to the count of the day.
func (tx *Tx) AddShadowCount(c ShadowCount) error {
	_, err := tx.Exec(`INSERT INTO shadow_counts (environment_id, day, client, scope, call, verdict, reason, count)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (environment_id, day, client, scope, call, verdict, reason) DO UPDATE SET count = shadow_counts.count + excluded.count`,
		c.EnvironmentID, c.Day, c.Client, c.Scope, c.Call, c.Verdict, c.Reason, c.Count)
	return err
}

// ShadowClients lists the clients that were counted on a day.
func (tx *Tx) ShadowClients(environmentID, day string) ([]string, error) {
	rows, err := tx.Rows(`SELECT DISTINCT client FROM shadow_counts WHERE environment_id = $1 AND day = $2`, environmentID, day)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var clients []string
	for rows.Next() {
		var client string
		if err := rows.Scan(&client); err != nil {
			return nil, err
		}
		clients = append(clients, client)
	}
	return clients, rows.Err()
}

// ShadowCounts lists all counts of an environment since a day, oldest first.
func (tx *Tx) ShadowCounts(environmentID, since string) ([]ShadowCount, error) {
	rows, err := tx.Rows(`SELECT environment_id, day, client, scope, call, verdict, reason, count FROM shadow_counts
		WHERE environment_id = $1 AND day >= $2 ORDER BY day, scope, call, client, verdict, reason`, environmentID, since)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var counts []ShadowCount
	for rows.Next() {
		var c ShadowCount
		if err := rows.Scan(&c.EnvironmentID, &c.Day, &c.Client, &c.Scope, &c.Call, &c.Verdict, &c.Reason, &c.Count); err != nil {
			return nil, err
		}
		counts = append(counts, c)
	}
	return counts, rows.Err()
}
