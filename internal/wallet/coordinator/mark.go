package coordinator

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
)

// mark disables, restores or begins to delete a wallet at both custodians. Only a
// request of its user, with credentials, can do so: what one custodian did and
// the other did not is finished by a retry, or undone by another operation.
func (s *Service) mark(ctx context.Context, o wallet.Operation, by wallet.Credentials, in intent.Intent) (wallet.Outcome, error) {
	row, w, err := s.enter(ctx, o, in)
	if err != nil {
		return wallet.Outcome{}, err
	}
	if row.State.decided() {
		return row.outcome()
	}
	order := wallet.Order{Operation: o, Credentials: by, Wallet: w, Generation: w.Generation, Scheme: w.Scheme}
	for _, at := range s.custodians() {
		s.edge("before " + string(at.role) + "." + string(o.Action))
		err = at.Mark(ctx, order)
		s.edge("after " + string(at.role) + "." + string(o.Action))
		if err != nil {
			break
		}
	}
	why := err
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cleanTime())
	defer cancel()
	outcome, ended, err := s.settleMark(ctx, row, why)
	if err != nil {
		s.log(row).WarnContext(ctx, "an operation is left for later", "error", err, "because", why)
		s.yield(ctx, row)
		return wallet.Outcome{}, cmp.Or(why, err)
	}
	if ended != committed {
		return wallet.Outcome{}, cmp.Or(why, errUnmarked)
	}
	return outcome, nil
}

// aim is the state of the wallet that an action leads to.
func aim(a wallet.Action) wallet.State {
	switch a {
	case wallet.Disable:
		return wallet.Disabled
	case wallet.Delete:
		return wallet.Deleting
	}
	return wallet.Active
}

var errUnmarked = errors.New("a custodian has not done what it said it did")

// settleMark ends an operation by what both custodians say of the wallet now: done,
// not done, or done by one of them.
func (s *Service) settleMark(ctx context.Context, row operationRow, why error) (outcome wallet.Outcome, ended state, err error) {
	done, deleteAt := 0, time.Time{}
	for _, at := range s.custodians() {
		status, err := at.Status(ctx, row.EnvironmentID, row.WalletID)
		if err != nil {
			return outcome, row.State, err
		}
		if status.MarkedBy == row.ID {
			done++
			if status.DeleteAt.After(deleteAt) {
				deleteAt = status.DeleteAt
			}
		}
	}
	next := row
	next.InFlight, next.Lease, next.LeaseUntil, next.Refusal = false, "", time.Time{}, ""
	if why != nil {
		next.Refusal = code(why)
	}
	switch done {
	case 0:
		next.State = rolledBack
	case 1:
		next.State = staged
	default:
		next.State, next.Refusal = committed, ""
	}
	err = s.write(ctx, string(next.State), func(tx *store.Tx) error {
		w, err := readWallet(tx, row.EnvironmentID, row.WalletID, tx.ForUpdate())
		if err != nil {
			return err
		}
		if done == 0 {
			err = release(tx, row)
		} else {
			// A restore that one custodian alone has done leaves the wallet closed; anything
			// else that one alone has done closes it at once.
			if done == 2 || row.Action != wallet.Restore {
				w.State, w.DeleteAt = aim(row.Action), deleteAt
			}
			err = moveState(tx, row, w.State, w.DeleteAt)
		}
		if err != nil {
			return err
		}
		outcome = wallet.Outcome{OperationID: row.ID, IntentHash: row.IntentHash, Wallet: w.Wallet, Verdicts: bothAllow}
		if done == 2 {
			next.Result = &result{Outcome: outcome}
		}
		if err := updateOperation(tx, next, row.Lease); err != nil {
			return err
		}
		return record(tx, next, string(next.State), audit.Detail{"state": string(w.State), "refusal": next.Refusal})
	})
	return outcome, next.State, err
}
