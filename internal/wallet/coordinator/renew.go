package coordinator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
)

// renew makes the next generation of shares, the first one with the wallet itself.
func (s *Service) renew(ctx context.Context, o wallet.Operation, by wallet.Credentials, in intent.Intent) (wallet.Outcome, error) {
	row, w, err := s.enter(ctx, o, in)
	if err != nil || row.State.decided() {
		if err != nil {
			return wallet.Outcome{}, err
		}
		return row.outcome()
	}
	if row.State == prepared {
		if err := s.makeShares(ctx, &row, w, o, by); err != nil {
			s.giveUp(ctx, row, err)
			return wallet.Outcome{}, err
		}
	}
	return s.forward(ctx, row)
}

// enter makes this process the only one that works on the operation, for the time of a
// lease, and the operation the only one that changes its wallet. An operation that was
// decided before is returned as it is.
func (s *Service) enter(ctx context.Context, o wallet.Operation, in intent.Intent) (row operationRow, w wallet.Wallet, err error) {
	lease := newLease()
	err = s.write(ctx, "prepared", func(tx *store.Tx) error {
		row, w = operationRow{}, wallet.Wallet{}
		found, err := readOperation(tx, o.EnvironmentID, o.ID, tx.ForUpdate())
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return err
		case !found.same(o, in.Hash):
			return errAnother
		case found.State.decided():
			row = found
			return nil
		case found.InFlight && found.LeaseUntil.After(tx.Now()):
			return errElsewhere
		}
		row = operationRow{
			EnvironmentID: o.EnvironmentID, ID: o.ID, UserID: o.UserID, SessionID: o.SessionID, RequestID: o.RequestID,
			WalletID: o.WalletID, Action: o.Action, IntentHash: in.Hash, State: prepared, InFlight: true, Lease: lease,
			LeaseUntil: tx.Now().Add(s.config.Lease),
		}
		if found.ID == "" {
			if w, err = s.reserve(tx, &row, o, found); err != nil {
				if _, missing := readOperation(tx, o.EnvironmentID, o.ID, ""); missing == nil {
					return errElsewhere // another node was first, and has changed the wallet
				}
				return err
			}
			fresh, err := insertOperation(tx, row)
			if err == nil && !fresh {
				err = errElsewhere // another node was first
			}
			if err != nil {
				return err
			}
			return record(tx, row, string(prepared), detailOf(row, in))
		}
		if found.State == verified {
			row.State, row.From, row.To, row.Scheme, row.Result = verified, found.From, found.To, found.Scheme, found.Result
			return updateOperation(tx, row, found.Lease)
		}
		if w, err = s.reserve(tx, &row, o, found); err != nil {
			return err
		}
		if err := updateOperation(tx, row, found.Lease); err != nil {
			return err
		}
		return record(tx, row, string(prepared), detailOf(row, in))
	})
	return row, w, err
}

// detailOf is what the audit log says of an operation that begins.
func detailOf(row operationRow, in intent.Intent) audit.Detail {
	return audit.Detail{"summary": in.Summary, "fromGeneration": row.From, "toGeneration": row.To, "scheme": string(row.Scheme)}
}

// reserve takes the wallet for the operation and says in row what is to be made.
func (s *Service) reserve(tx *store.Tx, row *operationRow, o wallet.Operation, found operationRow) (wallet.Wallet, error) {
	if o.Action == wallet.Create {
		w, err := future(tx, o)
		if err == nil {
			err = fit(o, w)
		}
		row.From, row.To, row.Scheme = 0, 1, w.Scheme
		return w, err
	}
	from := states(o.Action)
	if found.State == staged {
		// One custodian has done it, so the wallet may already be in the state it leads to.
		from = []wallet.State{wallet.Active, wallet.Disabled, wallet.Deleting}
	}
	got, err := reserve(tx, o, from...)
	if errors.Is(err, store.ErrNotFound) {
		w, err := ownWallet(tx, o.EnvironmentID, o.UserID, o.WalletID)
		if err != nil {
			return wallet.Wallet{}, err
		}
		if err := fit(o, w.Wallet); err != nil {
			return wallet.Wallet{}, err
		}
		return wallet.Wallet{}, fault.New(fault.Conflict, "Another operation is changing this wallet: try again when it has ended.").
			After(5 * time.Second)
	}
	if err != nil {
		return wallet.Wallet{}, err
	}
	if found.State == staged && got.MarkedBy != o.ID {
		return wallet.Wallet{}, fault.New(fault.Conflict,
			"Another operation has changed the wallet's state since: read the wallet again, and use a new x-idempotency-key.")
	}
	if row.Scheme, err = nextScheme(o, got.Wallet); err != nil {
		return wallet.Wallet{}, err
	}
	if renews(o.Action) {
		row.From, row.To = got.Generation, got.Generation+1
	}
	return got.Wallet, nil
}

// makeShares has both custodians make and verify the next generation.
func (s *Service) makeShares(ctx context.Context, row *operationRow, w wallet.Wallet, o wallet.Operation, by wallet.Credentials) error {
	if err := s.sweep(ctx, *row); err != nil {
		return err
	}
	s.edge("before signer." + string(o.Action))
	done, err := s.config.Signer.Do(ctx, wallet.Order{Operation: o, Credentials: by, Wallet: w, Generation: row.To, Scheme: row.Scheme})
	s.edge("after signer." + string(o.Action))
	if err != nil {
		return err
	}
	if o.Action == wallet.Create {
		w.Address, w.PublicKey = done.Address, done.PublicKey
	}
	if done.Address == "" || done.Address != w.Address || !bytes.Equal(done.PublicKey, w.PublicKey) {
		return fmt.Errorf("the signer says that the new shares give the address %q, and the wallet's is %q", done.Address, w.Address)
	}
	for _, share := range done.OfflineShares {
		if share.WalletID != row.WalletID || share.Generation != row.To || share.Scheme != row.Scheme {
			return errors.New("the signer sent an offline share of something else")
		}
	}
	w.Generation, w.Scheme = row.To, row.Scheme
	next := *row
	err = s.write(ctx, "verified", func(tx *store.Tx) error {
		next = *row
		if o.Action == wallet.Create {
			w.CreatedAt = tx.Now()
		}
		next.State = verified
		next.Result = &result{Outcome: wallet.Outcome{OperationID: row.ID, IntentHash: row.IntentHash, Wallet: w, Verdicts: bothAllow}}
		if err := updateOperation(tx, next, row.Lease); err != nil {
			return err
		}
		for _, share := range done.OfflineShares {
			if err := insertOfflineShare(tx, share); err != nil {
				return err
			}
		}
		return record(tx, next, string(verified), audit.Detail{"toGeneration": next.To, "signer": wallet.Allowed,
			"guardian": wallet.Allowed, "offlineShares": len(done.OfflineShares)})
	})
	if err == nil {
		*row = next
	}
	return err
}

// forward takes a verified operation to its end. Once it is committed the answer
// stays, and what the custodians were not reached for is told to them later.
func (s *Service) forward(ctx context.Context, row operationRow) (wallet.Outcome, error) {
	if row.State == verified {
		next := row
		err := s.write(ctx, "committed", func(tx *store.Tx) error {
			next = row
			next.State = committed
			if err := updateOperation(tx, next, row.Lease); err != nil {
				return err
			}
			if row.Action == wallet.Create {
				if err := insertWallet(tx, row.Result.Outcome.Wallet, row.ID); err != nil {
					return err
				}
			} else if err := moveGeneration(tx, row); err != nil {
				return err
			}
			if err := dropOfflineShares(tx, row.WalletID, row.To); err != nil {
				return err
			}
			return record(tx, next, string(committed),
				audit.Detail{"fromGeneration": row.From, "toGeneration": row.To, "scheme": string(row.Scheme)})
		})
		if err != nil {
			s.yield(ctx, row)
			return wallet.Outcome{}, err
		}
		row = next
	}
	outcome, err := row.outcome()
	if row.State == committed {
		if err := s.retire(ctx, row); err != nil {
			s.log(row).WarnContext(ctx, "a custodian is yet to be told that the new shares are in force", "error", err)
			s.yield(ctx, row)
		}
	}
	return outcome, err
}

// retire tells both custodians which generation is in force, and, once both
// know, that older ones may go.
func (s *Service) retire(ctx context.Context, row operationRow) error {
	for _, verdict := range []wallet.Verdict{wallet.Commit, wallet.Retire} {
		if err := s.settle(ctx, row, verdict); err != nil {
			return err
		}
	}
	return s.write(ctx, "retired", func(tx *store.Tx) error {
		next := row
		next.State, next.InFlight, next.Lease, next.LeaseUntil = retired, false, "", time.Time{}
		if err := updateOperation(tx, next, row.Lease); err != nil {
			return err
		}
		if err := release(tx, row); err != nil {
			return err
		}
		return record(tx, next, string(retired), audit.Detail{"generation": row.To})
	})
}

// settle tells both custodians a verdict, and fails unless both have taken it.
func (s *Service) settle(ctx context.Context, row operationRow, verdict wallet.Verdict) error {
	for _, at := range s.custodians() {
		s.edge("before " + string(at.role) + "." + string(verdict))
		err := at.Settle(ctx, wallet.Settlement{EnvironmentID: row.EnvironmentID, WalletID: row.WalletID, OperationID: row.ID,
			Generation: row.To, Verdict: verdict})
		s.edge("after " + string(at.role) + "." + string(verdict))
		if err != nil {
			return fmt.Errorf("telling the %s to %s generation %d: %w", at.role, verdict, row.To, err)
		}
	}
	return nil
}

// custodian is a custodian with its name.
type custodian struct {
	Custodian
	role wallet.Role
}

// custodians are both, in the order in which they are told anything: the signer decides.
func (s *Service) custodians() []custodian {
	return []custodian{{s.config.Signer, wallet.Signer}, {s.config.Guardian, wallet.Guardian}}
}

// sweep drops what earlier tries, of whatever operation, have left at a custodian
// of generations that never came into force.
func (s *Service) sweep(ctx context.Context, row operationRow) error {
	for _, at := range s.custodians() {
		status, err := at.Status(ctx, row.EnvironmentID, row.WalletID)
		if err != nil {
			return err
		}
		for _, g := range status.Generations {
			if g.Number <= row.From || g.State != wallet.Staged && g.State != wallet.Verified {
				continue
			}
			left := row
			left.ID, left.To = g.OperationID, g.Number
			if err := s.settle(ctx, left, wallet.Rollback); err != nil {
				return err
			}
		}
	}
	return nil
}

// giveUp ends an attempt before verified: what was staged is dropped, and the
// operation may be asked for again. Where that fails, Resume does it.
func (s *Service) giveUp(ctx context.Context, row operationRow, why error) {
	if errors.Is(why, errOvertaken) {
		return // another node works on the operation; what is there now is its work
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cleanTime())
	defer cancel()
	if errors.Is(why, store.ErrUnknownOutcome) {
		s.yield(ctx, row) // it may be verified
		return
	}
	if err := s.takeBack(ctx, row, why); err != nil {
		s.log(row).WarnContext(ctx, "taking an operation back", "error", err, "because", why)
		s.yield(ctx, row)
	}
}

// takeBack has both custodians drop what was staged, and ends the operation as one that
// was not done.
func (s *Service) takeBack(ctx context.Context, row operationRow, why error) error {
	if err := s.settle(ctx, row, wallet.Rollback); err != nil {
		return err
	}
	return s.write(ctx, "rolled back", func(tx *store.Tx) error {
		next := row
		next.State, next.InFlight, next.Lease, next.LeaseUntil, next.Result, next.Refusal = rolledBack, false, "", time.Time{},
			nil, code(why)
		if err := updateOperation(tx, next, row.Lease); err != nil {
			return err
		}
		if err := release(tx, row); err != nil {
			return err
		}
		return record(tx, next, string(rolledBack), audit.Detail{"refusal": code(why)})
	})
}

// yield gives the lease up, so that another node can go on with the operation at once.
func (s *Service) yield(ctx context.Context, row operationRow) {
	err := s.config.DB.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE operations SET lease_until = 0 WHERE environment_id = $1 AND id = $2 AND lease = $3`, row.EnvironmentID,
			row.ID, row.Lease)
		return err
	})
	if err != nil {
		s.log(row).WarnContext(ctx, "an operation stays reserved until its lease runs out", "error", err)
	}
}
