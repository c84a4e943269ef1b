package coordinator

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Run resumes at once and then every half minute, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	ticker := time.NewTicker(ResumeEvery)
	defer ticker.Stop()
	for {
		if err := s.Resume(ctx); err != nil && ctx.Err() == nil {
			s.config.Logger.WarnContext(ctx, "resuming wallet operations; the next try is in half a minute", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// errAbandoned is why Resume takes an operation back.
var errAbandoned = errors.New("whoever worked on the operation is gone")

// Resume brings to an end what nobody works on any more: operations are rolled
// back or forward, wallets whose shares are shredded become deleted, and exports
// that were kept long enough are dropped. It goes on past what fails.
func (s *Service) Resume(ctx context.Context) error {
	return errors.Join(s.resumeOperations(ctx), s.finishDeletions(ctx), s.dropExports(ctx))
}

// batch is how many rows one look takes up.
const batch = 100

func (s *Service) resumeOperations(ctx context.Context) error {
	var left []operationRow
	err := s.config.DB.Read(ctx, func(tx *store.Tx) error {
		left = nil
		rows, err := tx.Rows(`SELECT `+operationColumns+
			` FROM operations WHERE in_flight = 1 AND lease_until <= $1 ORDER BY lease_until LIMIT $2`, tx.Now().UnixMilli(), batch)
		return each(rows, err, func() error {
			o, err := scanOperation(rows)
			left = append(left, o)
			return err
		})
	})
	if err != nil {
		return err
	}
	var failed []error
	for _, row := range left {
		if err := s.resumeOne(ctx, row); err != nil && !errors.Is(err, errOvertaken) {
			failed = append(failed, err)
			s.log(row).WarnContext(ctx, "resuming an operation", "error", err)
		}
	}
	return errors.Join(failed...)
}

func (s *Service) resumeOne(ctx context.Context, found operationRow) error {
	done, err := s.board(ctx, key{found.EnvironmentID, found.ID})
	if err != nil {
		return err
	}
	defer done()
	row := found
	row.Lease = newLease()
	err = s.config.DB.Write(ctx, func(tx *store.Tx) error {
		row.LeaseUntil = tx.Now().Add(s.config.Lease)
		return updateOperation(tx, row, found.Lease)
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.workTime())
	defer cancel()
	switch {
	case marks(row.Action):
		_, _, err = s.settleMark(ctx, row, errAbandoned)
	case row.State == prepared:
		err = s.takeBack(ctx, row, errAbandoned)
	case row.State == committed:
		err = s.retire(ctx, row)
	default:
		_, err = s.forward(ctx, row)
	}
	if err != nil {
		s.yield(ctx, row)
	}
	return err
}

// finishDeletions marks wallets as deleted once both custodians have shredded.
func (s *Service) finishDeletions(ctx context.Context) error {
	var due []walletRow
	err := s.config.DB.Read(ctx, func(tx *store.Tx) error {
		due = nil
		rows, err := tx.Rows(`SELECT `+walletColumns+` FROM wallets WHERE delete_at <= $1 AND state = $2 ORDER BY delete_at LIMIT $3`,
			tx.Now().UnixMilli(), wallet.Deleting, batch)
		return each(rows, err, func() error {
			w, err := scanWallet(rows)
			due = append(due, w)
			return err
		})
	})
	if err != nil {
		return err
	}
	var failed []error
	for _, w := range due {
		failed = append(failed, s.finishDeletion(ctx, w))
	}
	return errors.Join(failed...)
}

func (s *Service) finishDeletion(ctx context.Context, w walletRow) error {
	for _, at := range s.custodians() {
		status, err := at.Status(ctx, w.EnvironmentID, w.ID)
		if err != nil || status.State != wallet.Deleted {
			return err
		}
	}
	return s.write(ctx, "deleted", func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE wallets SET state = $1, delete_at = NULL WHERE id = $2 AND state = $3 AND busy = ''`, wallet.Deleted,
			w.ID, wallet.Deleting)
		if err != nil || n == 0 {
			return err
		}
		if err := dropOfflineShares(tx, w.ID, w.Generation+2); err != nil {
			return err
		}
		return audit.Record(tx, audit.By{Actor: "system", EnvironmentID: w.EnvironmentID, UserID: w.UserID}, "wallet.deleted",
			audit.Detail{"walletId": w.ID, "address": w.Address, "operationId": w.MarkedBy})
	})
}

// dropExports forgets the ciphertexts of exports that were kept long enough.
func (s *Service) dropExports(ctx context.Context) error {
	return s.config.DB.Write(ctx, func(tx *store.Tx) error {
		var due []operationRow
		rows, err := tx.Rows(`SELECT `+operationColumns+` FROM operations WHERE drop_at <= $1 ORDER BY drop_at LIMIT $2`,
			tx.Now().UnixMilli(), batch)
		err = each(rows, err, func() error {
			o, err := scanOperation(rows)
			due = append(due, o)
			return err
		})
		if err != nil {
			return err
		}
		for _, o := range due {
			o.Result.Dropped, o.Result.Outcome.Export = true, nil
			text, err := json.Marshal(o.Result)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(`UPDATE operations SET result = $1, drop_at = NULL WHERE environment_id = $2 AND id = $3`, string(text),
				o.EnvironmentID, o.ID); err != nil {
				return err
			}
		}
		return nil
	})
}
