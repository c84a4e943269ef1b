package store

// Rows are what a query found. Close them before the next statement, and ask Err once
// Next has returned false.
type Rows interface {
	Next() bool
	Scan(into ...any) error
	Err() error
	Close() error
}

// Row is the first row that a query finds.
type Row struct {
	rows Rows
	err  error
}

// Scan reads the row. It is [ErrNotFound] when there is none.
func (r *Row) Scan(into ...any) error {
	if r.err != nil {
		return r.err
	}
	defer func() { _ = r.rows.Close() }()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return ErrNotFound
	}
	if err := r.rows.Scan(into...); err != nil {
		return err
	}
	return r.rows.Close()
}
