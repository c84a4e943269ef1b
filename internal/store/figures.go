package store

import (
	"errors"
	"time"
)

// Figure is how often something happened in a minute or an hour.
type Figure struct {
	Span  string // minute or hour
	At    time.Time
	Name  string
	Count int64
}

// AddFigure adds to a figure.
func (tx *Tx) AddFigure(environmentID string, f Figure) error {
	return tx.Later(`INSERT INTO figures (environment_id, span, at, name, count) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (environment_id, span, at, name) DO UPDATE SET count = figures.count + excluded.count`,
		environmentID, f.Span, millis(f.At), f.Name, f.Count)
}

// Figures lists those of one span from a time on, in the order of time.
func (tx *Tx) Figures(environmentID, span string, since time.Time) ([]Figure, error) {
	rows, err := tx.Rows(`SELECT span, at, name, count FROM figures WHERE environment_id = $1 AND span = $2 AND at >= $3 ORDER BY at`,
		environmentID, span, millis(since))
	return collect(rows, err, func(rows Rows) (f Figure, err error) {
		var at int64
		err = rows.Scan(&f.Span, &at, &f.Name, &f.Count)
		f.At = fromMillis(at)
		return f, err
	})
}

// DropFigures removes those of one span from before a time.
func (tx *Tx) DropFigures(environmentID, span string, before time.Time) error {
	_, err := tx.Exec(`DELETE FROM figures WHERE environment_id = $1 AND span = $2 AND at < $3`, environmentID, span, millis(before))
	return err
}

// FigureMark is the entry up to which the log of an environment is counted, or
// [ErrNotFound].
func (tx *Tx) FigureMark(environmentID string) (AuditKey, error) {
	return tx.figureMark(environmentID, "")
}

// LockFigureMark is FigureMark and keeps every other node from counting meanwhile.
func (tx *Tx) LockFigureMark(environmentID string, begin AuditKey) (AuditKey, error) {
	_, err := tx.Exec(`INSERT INTO figure_marks (environment_id, at, id) VALUES ($1, $2, $3) ON CONFLICT (environment_id) DO NOTHING`,
		environmentID, millis(begin.At), begin.ID)
	if err != nil {
		return AuditKey{}, err
	}
	return tx.figureMark(environmentID, tx.ForUpdate())
}

func (tx *Tx) figureMark(environmentID, lock string) (key AuditKey, err error) {
	var at int64
	err = tx.Row(`SELECT at, id FROM figure_marks WHERE environment_id = $1`+lock, environmentID).Scan(&at, &key.ID)
	key.At = fromMillis(at)
	if errors.Is(err, ErrNotFound) {
		return AuditKey{}, ErrNotFound
	}
	return key, err
}

// MoveFigureMark says that the log is counted up to an entry.
func (tx *Tx) MoveFigureMark(environmentID string, to AuditKey) error {
	return tx.one(`UPDATE figure_marks SET at = $2, id = $3 WHERE environment_id = $1`, environmentID, millis(to.At), to.ID)
}
