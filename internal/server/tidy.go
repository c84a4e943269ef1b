package server

import (
	"context"
	"errors"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/figures"
	"github.com/stepup-auth/stepup/internal/store"
)

const (
	tidyEvery   = 2 * time.Second
	noteEvery   = time.Minute
	countEvery  = 20 * time.Second
	forgetEvery = time.Hour
	sizesEvery  = 10 * time.Minute
	stopTime    = 5 * time.Second

	forgetBatch = 500 // addresses that one transaction forgets
)

// tidy writes down what this node counts in memory, and forgets network addresses
// whose time is over. Every node does; what is to happen once, one of them does.
func (s *Server) tidy(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	var forgotten, measured, noted, counted time.Time
	for {
		now := s.config.Now()
		s.log(ctx, "counting refusals", s.refusals.Flush(ctx, s.config.DB, false))
		s.log(ctx, "writing refusals down", s.collect(ctx))
		if now.Sub(noted) >= noteEvery {
			noted = now
			s.log(ctx, "noting forwarded headers", s.noteForwarding(ctx))
			s.log(ctx, "noting which service tokens are used", s.uses.Flush(ctx, s.config.DB))
		}
		if now.Sub(counted) >= countEvery {
			counted = now
			s.log(ctx, "counting figures", s.count(ctx))
		}
		if now.Sub(forgotten) >= forgetEvery {
			forgotten = now
			s.log(ctx, "forgetting network addresses", s.forget(ctx))
		}
		if now.Sub(measured) >= sizesEvery {
			measured = now
			s.log(ctx, "measuring tables", s.metrics.measure(ctx, s.config.DB))
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
			defer cancel()
			s.log(last, "counting refusals", s.refusals.Flush(last, s.config.DB, true))
			s.log(last, "noting which service tokens are used", s.uses.Flush(last, s.config.DB))
			return
		case <-tick.C:
		}
	}
}

func (s *Server) log(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		s.config.Log.Error(what, "error", err)
	}
}

// collect writes the refusals of finished minutes into the audit log.
func (s *Server) collect(ctx context.Context) error {
	for more := true; more; {
		err := s.config.DB.Read(ctx, func(tx *store.Tx) (err error) {
			more, err = audit.Waiting(tx)
			return err
		})
		if err != nil || !more {
			return err
		}
		err = s.config.DB.Write(ctx, func(tx *store.Tx) (err error) {
			more, err = audit.Collect(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// count counts what the audit log tells, for the console. Nodes that do so at once wait
// for one another.
func (s *Server) count(ctx context.Context) error {
	var rows []store.EnvironmentName
	err := s.config.DB.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.EnvironmentNames()
		return err
	})
	for _, row := range rows {
		if err != nil {
			return err
		}
		more := false
		err = s.config.DB.Read(ctx, func(tx *store.Tx) (err error) {
			more, err = figures.Waiting(tx, row.ID)
			return err
		})
		for more && err == nil {
			var counted figures.Counted
			err = s.config.DB.Write(ctx, func(tx *store.Tx) (err error) {
				counted, more, err = figures.Count(tx, row.ID)
				return err
			})
			if err == nil {
				s.metrics.tokens(counted)
			}
		}
	}
	return err
}

func (s *Server) noteForwarding(ctx context.Context) error {
	problem := s.clients.newest()
	if problem == "" {
		return nil
	}
	return s.config.DB.Write(ctx, func(tx *store.Tx) error { return tx.NoteForwarding(problem) })
}

// forget removes network addresses beside audit entries that are older than their
// environment keeps them.
func (s *Server) forget(ctx context.Context) error {
	var rows []store.EnvironmentRow
	err := s.config.DB.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.Environments()
		return err
	})
	for _, row := range rows {
		env, problem := environment.Parse([]byte(row.Document))
		if problem != nil {
			continue // the doctor says so
		}
		for n := int64(forgetBatch); n == forgetBatch && err == nil; {
			err = s.config.DB.Write(ctx, func(tx *store.Tx) (err error) {
				n, err = tx.ForgetAuditSources(row.ID, tx.Now().Add(-env.Audit.AddressRetention.Std()), forgetBatch)
				return err
			})
		}
	}
	if errors.Is(err, store.ErrUnknownOutcome) {
		return nil // the next hour looks again
	}
	return err
}

// full tells that a limit of a whole environment is used up: in the metrics each
// time, in the log once a minute.
func (s *Server) full(environmentID, setting string) {
	s.metrics.full.WithLabelValues(setting).Inc()
	key, minute := environmentID+" "+setting, s.config.Now().Unix()/60
	if before, ok := s.alarmed.Swap(key, minute); !ok || before != minute {
		s.config.Log.Warn("a limit of a whole environment is used up: find out who asks, or raise it", "limit", setting, "environment_id",
			environmentID)
	}
}
