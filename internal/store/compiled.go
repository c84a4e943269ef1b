package store

import (
	"context"
	"database/sql/driver"
	"errors"
)

// compiledMost bounds the statements that a connection keeps. There are fewer texts in
// the source; should that change, a full connection starts over.
const compiledMost = 512

// sqliteConn is a connection of the SQLite driver that compiles a statement once and
// keeps it: compiling takes longer than running most of them. A statement is compiled
// again by SQLite itself when the tables have changed since.
type sqliteConn struct {
	sqliteDriverConn
	compiled map[string]*compiled // by their text
}

// sqliteDriverConn is what a connection of the SQLite driver can do of what is asked here.
type sqliteDriverConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// compiled is one statement.
type compiled struct {
	driver.Stmt
	running bool // its rows are being read
}

// statement finds a compiled statement that nobody is using, or compiles one.
func (c *sqliteConn) statement(ctx context.Context, query string) (*compiled, error) {
	kept := c.compiled[query]
	if kept != nil && !kept.running {
		return kept, nil
	}
	prepared, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s := &compiled{Stmt: prepared}
	if kept == nil { // else it is one more, for once
		if len(c.compiled) >= compiledMost {
			c.forget()
		}
		c.compiled[query] = s
	}
	return s, nil
}

// done ends a use of the statement.
func (c *sqliteConn) done(query string, s *compiled) error {
	s.running = false
	if c.compiled[query] == s {
		return nil
	}
	return s.Close()
}

// forget closes all statements that nobody is using; the others close when they are done.
func (c *sqliteConn) forget() {
	for query, s := range c.compiled {
		if !s.running {
			_ = s.Close()
		}
		delete(c.compiled, query)
	}
}

// ExecContext implements [driver.ExecerContext].
func (c *sqliteConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	s.running = true
	result, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	if closing := c.done(query, s); err == nil {
		err = closing
	}
	return result, err
}

// QueryContext implements [driver.QueryerContext].
func (c *sqliteConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	s.running = true
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		_ = c.done(query, s)
		return nil, err
	}
	return &compiledRows{Rows: rows, done: func() error { return c.done(query, s) }}, nil
}

// compiledRows give their statement back.
type compiledRows struct {
	driver.Rows
	done func() error
}

func (r *compiledRows) Close() error { return errors.Join(r.Rows.Close(), r.done()) }

// BeginTx implements [driver.ConnBeginTx].
func (c *sqliteConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	begin := `BEGIN IMMEDIATE` // one that writes takes its lock first, never half way
	if options.ReadOnly {
		begin = `BEGIN`
	}
	if _, err := c.ExecContext(ctx, begin, nil); err != nil {
		return nil, err
	}
	return sqliteConnTx{c}, nil
}

// Close implements [driver.Conn].
func (c *sqliteConn) Close() error {
	c.forget()
	return c.sqliteDriverConn.Close()
}

type sqliteConnTx struct{ conn *sqliteConn }

// Commit implements [driver.Tx]. A transaction that could not be committed is over too.
func (t sqliteConnTx) Commit() error {
	err := t.run(`COMMIT`)
	if err != nil {
		_ = t.Rollback() // says so if the engine has undone it already
	}
	return err
}

// Rollback implements [driver.Tx].
func (t sqliteConnTx) Rollback() error { return t.run(`ROLLBACK`) }

func (t sqliteConnTx) run(query string) error {
	_, err := t.conn.ExecContext(context.Background(), query, nil)
	return err
}
