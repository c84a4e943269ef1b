package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Count adds one to a named counter and returns the new count and the end of
// its window. A counter whose window is over starts again at one. One upsert,
// so parallel callers each get a different number.
func (tx *Tx) Count(name string, window time.Duration) (count int64, windowEnd time.Time, err error) {
	now := millis(tx.Now())
	var end int64
	err = tx.Row(`INSERT INTO counters (name, count, window_end) VALUES ($1, 1, $2)
		ON CONFLICT (name) DO UPDATE SET
			count = CASE WHEN counters.window_end <= $3 THEN 1 ELSE counters.count + 1 END,
			window_end = CASE WHEN counters.window_end <= $3 THEN $2 ELSE counters.window_end END
		RETURNING count, window_end`, name, now+window.Milliseconds(), now).Scan(&count, &end)
	return count, fromMillis(end), err
}

// CountWithin adds one to a counter that is below most, or whose window is over, and
// reports whether it did. A full one it leaves as it is, and windowEnd says how long it is
// full: a flood of refusals writes nothing, not even a lock.
func (tx *Tx) CountWithin(name string, window time.Duration, most int64) (counted bool, windowEnd time.Time, err error) {
	now := millis(tx.Now())
	var end int64
	err = notFound(tx.Row(`INSERT INTO counters (name, count, window_end) SELECT $1, 1, $2
		WHERE NOT EXISTS (SELECT 1 FROM counters c WHERE c.name = $1 AND c.window_end + 0 > $3 AND c.count >= $4)
		ON CONFLICT (name) DO UPDATE SET
			count = CASE WHEN counters.window_end <= $3 THEN 1 ELSE counters.count + 1 END,
			window_end = CASE WHEN counters.window_end <= $3 THEN $2 ELSE counters.window_end END
		WHERE counters.window_end <= $3 OR counters.count < $4
		RETURNING window_end`, name, now+window.Milliseconds(), now, most).Scan(&end))
	if errors.Is(err, ErrNotFound) {
		_, windowEnd, err = tx.Counted(name)
		return false, windowEnd, err
	}
	return err == nil, fromMillis(end), err
}

// Quota is a counter, and the most that it may count in a window.
type Quota struct {
	Name   string
	Window time.Duration
	Most   int64
}

// togetherMost is how many counters one statement counts; its text depends on their number.
const togetherMost = 12

// CountTogether adds one to every counter, if each is below its most or its window is over,
// and returns how much each counts now, in their order. Where one is full none was changed,
// nil is returned, and [Tx.CountWithin] tells which. It is one statement; the counters are
// locked in their order, and no two of them may be the same.
func (tx *Tx) CountTogether(quotas ...Quota) ([]int64, error) {
	if len(quotas) > togetherMost {
		return nil, fmt.Errorf("counting %d together: at most %d", len(quotas), togetherMost)
	}
	now := millis(tx.Now())
	args, at := []any{now}, map[string]int{}
	for i, q := range quotas {
		args = append(args, q.Name, now+q.Window.Milliseconds(), q.Most)
		at[q.Name] = i
	}
	if len(at) < len(quotas) {
		return nil, errors.New("counting together: one counter twice")
	}
	text := countTogether[len(quotas)]
	rows, err := tx.Rows(text, args...)
	if err != nil {
		return nil, err
	}
	counts, counted := make([]int64, len(quotas)), []string(nil)
	for rows.Next() {
		var name string
		var count int64
		if err := rows.Scan(&name, &count); err != nil {
			return nil, tx.fail(errors.Join(err, rows.Close()))
		}
		counts[at[name]], counted = count, append(counted, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, tx.fail(err)
	}
	if len(counted) == len(quotas) {
		return counts, nil
	}
	return nil, tx.Uncount(counted...) // a neighbour filled one after the statement had begun
}

// countTogether are the statements of [Tx.CountTogether], by the number of counters.
var countTogether = func() (texts [togetherMost + 1]string) {
	var asked strings.Builder
	for n := 1; n <= togetherMost; n++ {
		if n > 1 {
			asked.WriteString(", ")
		}
		fmt.Fprintf(&asked, `(CAST($%d AS TEXT), CAST($%d AS BIGINT), CAST($%d AS BIGINT))`, 3*n-1, 3*n, 3*n+1)
		texts[n] = `WITH asked (name, window_end, most) AS (VALUES ` + asked.String() + `)
			INSERT INTO counters (name, count, window_end) SELECT name, 1, window_end FROM asked
			WHERE NOT EXISTS (SELECT 1 FROM asked JOIN counters ON counters.name = asked.name
				WHERE counters.window_end + 0 > $1 AND counters.count >= asked.most)
			ON CONFLICT (name) DO UPDATE SET
				count = CASE WHEN counters.window_end <= $1 THEN 1 ELSE counters.count + 1 END,
				window_end = CASE WHEN counters.window_end <= $1 THEN excluded.window_end ELSE counters.window_end END
			WHERE counters.window_end <= $1 OR counters.count < (SELECT most FROM asked WHERE asked.name = counters.name)
			RETURNING name, count`
	}
	return texts
}()

// Counted reads a counter without adding to it.
func (tx *Tx) Counted(name string) (count int64, windowEnd time.Time, err error) {
	var end int64
	err = notFound(tx.Row(`SELECT count, window_end FROM counters WHERE name = $1 AND window_end + 0 > $2`, name, millis(tx.Now())).
		Scan(&count, &end))
	if err == ErrNotFound {
		return 0, time.Time{}, nil
	}
	return count, fromMillis(end), err
}

// Uncount takes one back, of each counter whose window is not over, in their order: that
// in which they were counted and locked.
func (tx *Tx) Uncount(names ...string) error {
	for _, name := range names {
		err := tx.Later(`UPDATE counters SET count = count - 1 WHERE name = $1 AND count > 0 AND window_end + 0 > $2`, name,
			millis(tx.Now()))
		if err != nil {
			return err
		}
	}
	return nil
}

// resetAtOnce is how many counters one statement forgets: its text is the same for fewer.
const resetAtOnce = 8

// ResetCounts forgets counters.
func (tx *Tx) ResetCounts(names ...string) error {
	for some := range slices.Chunk(names, resetAtOnce) {
		args := make([]any, resetAtOnce)
		for i := range args {
			args[i] = some[min(i, len(some)-1)]
		}
		if err := tx.Later(`DELETE FROM counters WHERE name IN ($1, $2, $3, $4, $5, $6, $7, $8)`, args...); err != nil {
			return err
		}
	}
	return nil
}

// SpendNonce stores the hash of a spent nonce and reports whether this was the
// first time. epoch is the one the nonce was made under; after a failover or a
// restore no older nonce is good.
func (tx *Tx) SpendNonce(hash []byte, epoch string, expiresAt time.Time) (bool, error) {
	n, err := tx.Exec(`INSERT INTO spent_nonces (hash, expires_at) SELECT $1, $2 FROM current_epoch WHERE epoch = $3
		ON CONFLICT DO NOTHING`,
		hash, millis(expiresAt), epoch)
	return n == 1, err
}

// ReturnNonce forgets that a nonce was spent.
func (tx *Tx) ReturnNonce(hash []byte) error {
	_, err := tx.Exec(`DELETE FROM spent_nonces WHERE hash = $1`, hash)
	return err
}
