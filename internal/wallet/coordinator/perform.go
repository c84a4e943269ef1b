package coordinator

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Perform does the operation, finishes it where it was left, waits for whoever
// is doing it, or answers what came of it. The work goes on when ctx ends.
func (s *Service) Perform(ctx context.Context, o wallet.Operation, by wallet.Credentials) (wallet.Outcome, error) {
	for {
		done, err := s.board(ctx, key{o.EnvironmentID, o.ID})
		if err != nil {
			return wallet.Outcome{}, err
		}
		type answer struct {
			outcome wallet.Outcome
			err     error
		}
		answered := make(chan answer, 1)
		go func() {
			defer done()
			defer func() {
				if broken := recover(); broken != nil {
					s.config.Logger.ErrorContext(ctx, "panic in an operation", "operation", o.ID, "value", broken, "stack",
						string(debug.Stack()))
					answered <- answer{err: errors.New("panic in an operation")}
				}
			}()
			work, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.workTime())
			defer cancel()
			outcome, err := s.perform(work, o, by)
			answered <- answer{outcome, err}
		}()
		select {
		case a := <-answered:
			if !errors.Is(a.err, errElsewhere) {
				return a.outcome, said(a.err)
			}
		case <-ctx.Done():
			return wallet.Outcome{}, interrupted(o.Action, context.Cause(ctx))
		}
		select {
		case <-time.After(joinEvery):
		case <-ctx.Done():
			return wallet.Outcome{}, interrupted(o.Action, context.Cause(ctx))
		}
	}
}

// errElsewhere says that another node is at work on the operation.
var errElsewhere = errors.New("another node is at work on the operation")

// interrupted is the answer when nobody knows yet what came of an operation.
func interrupted(action wallet.Action, cause error) error {
	return fault.New(fault.Unavailable,
		"The %s was interrupted and is finished or taken back by itself: ask again with the same x-idempotency-key.", action).Because(cause)
}

// said turns what went wrong inside into something to tell.
func said(err error) error {
	if errors.Is(err, errOvertaken) || errors.Is(err, store.ErrUnknownOutcome) || errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Unavailable, "Nobody knows yet what came of the operation: ask again with the same x-idempotency-key.").
			Because(err)
	}
	return err
}

// board makes the caller the only one in this process that works on the operation. It
// waits for whoever does so now, and the caller calls done when its work has ended.
func (s *Service) board(ctx context.Context, k key) (done func(), err error) {
	for {
		s.mu.Lock()
		other, busy := s.flights[k]
		if !busy {
			mine := make(chan struct{})
			s.flights[k] = mine
			s.mu.Unlock()
			return func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				delete(s.flights, k)
				close(mine)
			}, nil
		}
		s.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// perform does one attempt, as the process that works on the operation.
func (s *Service) perform(ctx context.Context, o wallet.Operation, by wallet.Credentials) (wallet.Outcome, error) {
	in, err := s.look(ctx, o)
	if err != nil {
		return wallet.Outcome{}, err
	}
	if in.known && in.row.State.decided() {
		return in.row.outcome()
	}
	switch {
	case renews(o.Action):
		return s.renew(ctx, o, by, in.intent)
	case marks(o.Action):
		return s.mark(ctx, o, by, in.intent)
	}
	return s.use(ctx, o, by, in)
}

// outcome is what is answered for a decided operation.
func (r operationRow) outcome() (wallet.Outcome, error) {
	if r.Result.Dropped {
		return wallet.Outcome{}, fault.New(fault.Conflict,
			"This export was answered more than %d hours ago and is no longer kept: export anew with a new x-idempotency-key.",
			int(ExportKept.Hours()))
	}
	return r.Result.Outcome, nil
}

// use signs or exports with the shares in force. The custodians know the
// operation by its id, so that one durable step here is enough.
func (s *Service) use(ctx context.Context, o wallet.Operation, by wallet.Credentials, in looked) (wallet.Outcome, error) {
	if err := fit(o, in.wallet); err != nil {
		return wallet.Outcome{}, err
	}
	row := operationRow{
		EnvironmentID: o.EnvironmentID, ID: o.ID, UserID: o.UserID, SessionID: o.SessionID, RequestID: o.RequestID, WalletID: o.WalletID,
		Action: o.Action, IntentHash: in.intent.Hash,
	}
	s.edge("before signer." + string(o.Action))
	done, err := s.config.Signer.Do(ctx,
		wallet.Order{Operation: o, Credentials: by, Wallet: in.wallet, Generation: in.wallet.Generation, Scheme: in.wallet.Scheme})
	s.edge("after signer." + string(o.Action))
	if err == nil && (o.Action == wallet.Sign && done.Signature == nil || o.Action == wallet.Export && done.Export == nil) {
		err = errors.New("the signer answered without what it was asked for")
	}
	if err != nil {
		s.refused(ctx, row, err)
		return wallet.Outcome{}, err
	}
	outcome := wallet.Outcome{
		OperationID: o.ID, IntentHash: in.intent.Hash, Wallet: in.wallet, Verdicts: bothAllow,
		Signature: done.Signature, Export: done.Export,
	}
	err = s.write(ctx, "committed", func(tx *store.Tx) error {
		outcome.Wallet = in.wallet
		if o.Action == wallet.Export {
			outcome.Wallet.ExportedAt = tx.Now()
			row.DropAt = tx.Now().Add(ExportKept)
		}
		row.State, row.Result = committed, &result{Outcome: outcome}
		fresh, err := insertOperation(tx, row)
		if err != nil {
			return err
		}
		if !fresh { // somebody else was as fast; the first answer stays the answer
			first, err := readOperation(tx, o.EnvironmentID, o.ID, "")
			if err != nil {
				return err
			}
			if !first.same(o, in.intent.Hash) {
				return errAnother
			}
			outcome, err = first.outcome()
			return err
		}
		if o.Action == wallet.Export {
			if err := one(tx, "marking the export", `UPDATE wallets SET exported_at = $1 WHERE environment_id = $2 AND id = $3`,
				tx.Now().UnixMilli(), o.EnvironmentID, o.WalletID); err != nil {
				return err
			}
		}
		return record(tx, row, "committed", audit.Detail{"summary": in.intent.Summary, "generation": in.wallet.Generation,
			"signer": wallet.Allowed, "guardian": wallet.Allowed})
	})
	if err != nil {
		return wallet.Outcome{}, err
	}
	return outcome, nil
}

var bothAllow = wallet.Verdicts{Signer: wallet.Allowed, Guardian: wallet.Allowed}

// refused writes down that a custodian did not do what it was asked.
func (s *Service) refused(ctx context.Context, row operationRow, why error) {
	err := s.write(ctx, "refused", func(tx *store.Tx) error {
		return record(tx, row, "refused", audit.Detail{"refusal": code(why)})
	})
	if err != nil {
		s.log(row).ErrorContext(ctx, "auditing a refusal", "error", err, "refusal", why)
	}
}

// code is the code of a refusal, for the audit log. Of an error that is no refusal only
// the process log has the text.
func code(err error) string {
	if refusal := store.RefusalOf(err); refusal != nil {
		return string(refusal.Code)
	}
	return string(fault.Internal)
}

// write is one durable step of an operation: a transaction that is committed when it
// returns.
func (s *Service) write(ctx context.Context, step string, f func(tx *store.Tx) error) error {
	s.edge("before " + step)
	if err := s.config.DB.Write(ctx, f); err != nil {
		return err
	}
	s.edge("after " + step)
	return nil
}

// log is the process log with what names the operation.
func (s *Service) log(row operationRow) *slog.Logger {
	return s.config.Logger.With("operation", row.ID, "action", string(row.Action), "wallet", row.WalletID, "environment", row.EnvironmentID)
}
