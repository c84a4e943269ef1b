package coordinator

import (
	"context"
	"errors"
	"strings"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
)

// Prepare says whether the operation could be done now, and changes nothing. An
// operation that was done already, or is under way, could.
func (s *Service) Prepare(ctx context.Context, o wallet.Operation) (wallet.Wallet, error) {
	in, err := s.look(ctx, o)
	if err != nil || in.known {
		return in.wallet, err
	}
	if err := fit(o, in.wallet); err != nil {
		return wallet.Wallet{}, err
	}
	if err := s.config.Guardian.Preview(ctx, o); err != nil {
		return wallet.Wallet{}, err
	}
	return in.wallet, nil
}

// looked is what the database says about an operation before anything is done for it.
type looked struct {
	wallet wallet.Wallet // for Create before it is done: as it is to become
	intent intent.Intent
	row    operationRow
	known  bool // row is this very operation and is decided or under way
}

// look reads the wallet, decodes the request and finds the operation.
func (s *Service) look(ctx context.Context, o wallet.Operation) (in looked, err error) {
	if o.ID == "" || o.EnvironmentID == "" || o.UserID == "" || o.WalletID == "" {
		return in, fault.New(fault.InvalidRequest, "An operation needs an id, an environment, a user and a wallet.")
	}
	if !renews(o.Action) && !marks(o.Action) && o.Action != wallet.Sign && o.Action != wallet.Export {
		return in, fault.New(fault.InvalidRequest, "There is no action %q on a wallet.", o.Action)
	}
	err = s.config.DB.Read(ctx, func(tx *store.Tx) (err error) {
		in = looked{}
		if o.Action == wallet.Create {
			if in.wallet, err = future(tx, o); err != nil {
				return err
			}
		} else {
			found, err := ownWallet(tx, o.EnvironmentID, o.UserID, o.WalletID)
			if err != nil {
				return err
			}
			in.wallet = found.Wallet
		}
		in.row, err = readOperation(tx, o.EnvironmentID, o.ID, "")
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		in.known = err == nil && in.row.State != rolledBack
		return err
	})
	if err != nil {
		return in, err
	}
	if in.intent, err = intent.Decode(o, in.wallet); err != nil {
		return in, err
	}
	if in.row.ID != "" && !in.row.same(o, in.intent.Hash) {
		return in, errAnother
	}
	return in, nil
}

var errAnother = fault.New(fault.OperationConflict, "This operation id belongs to another operation: use a new x-idempotency-key.")

// same reports whether the row is the operation, and not another one under its id.
func (r operationRow) same(o wallet.Operation, hash string) bool {
	return r.UserID == o.UserID && r.WalletID == o.WalletID && r.Action == o.Action && r.IntentHash == hash
}

// future is the wallet that Create would make, or has made.
func future(tx *store.Tx, o wallet.Operation) (wallet.Wallet, error) {
	found, err := readWallet(tx, o.EnvironmentID, o.WalletID, "")
	if err == nil {
		if found.UserID != o.UserID {
			return wallet.Wallet{}, fault.New(fault.Conflict, "This wallet id is taken: use a new one.")
		}
		return found.Wallet, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return wallet.Wallet{}, err
	}
	var request wallet.CreateRequest
	if err := o.ReadRequest(&request); err != nil {
		return wallet.Wallet{}, err
	}
	if !request.Chain.Valid() || !request.Scheme.Valid() {
		return wallet.Wallet{}, fault.New(fault.InvalidRequest,
			"A wallet needs a chain (EVM, SOL) and a scheme (TWO_OF_TWO, TWO_OF_THREE, THREE_OF_FIVE).")
	}
	return wallet.Wallet{
		ID: o.WalletID, EnvironmentID: o.EnvironmentID, UserID: o.UserID,
		Chain: request.Chain, Scheme: request.Scheme, Generation: 1, State: wallet.Active,
	}, nil
}

// states are the states of a wallet in which an action may begin.
func states(a wallet.Action) []wallet.State {
	switch a {
	case wallet.Restore:
		return []wallet.State{wallet.Disabled, wallet.Deleting}
	case wallet.Delete:
		return []wallet.State{wallet.Active, wallet.Disabled}
	default:
		return []wallet.State{wallet.Active}
	}
}

// fit refuses an action that the wallet's state or scheme does not allow.
func fit(o wallet.Operation, w wallet.Wallet) error {
	if o.Action == wallet.Create {
		if w.Address != "" {
			return fault.New(fault.Conflict, "This wallet is there already: use a new x-idempotency-key for another one.")
		}
		return nil
	}
	fits := false
	for _, state := range states(o.Action) {
		fits = fits || w.State == state
	}
	if !fits {
		return misfit(o.Action, w.State)
	}
	_, err := nextScheme(o, w)
	return err
}

// misfit says why a wallet in this state does not take the action, and what to do.
func misfit(action wallet.Action, state wallet.State) error {
	switch state {
	case wallet.Active:
		return fault.New(fault.Conflict, "The wallet is in use: there is nothing to %s.", action)
	case wallet.Deleted:
		return fault.New(fault.Conflict, "The wallet is deleted and its key is gone: create a new one.")
	case wallet.Deleting:
		return fault.New(fault.Conflict, "The wallet is being deleted: restore it first, as long as its time of grace lasts.")
	}
	return fault.New(fault.Conflict, "The wallet is %s: restore it first.", state)
}

// nextScheme is the scheme of the shares that an action makes.
func nextScheme(o wallet.Operation, w wallet.Wallet) (wallet.Scheme, error) {
	if o.Action != wallet.Reshare {
		return w.Scheme, nil
	}
	var request wallet.ReshareRequest
	if err := o.ReadRequest(&request); err != nil {
		return "", err
	}
	switch {
	case !request.Old.Valid() || !request.New.Valid():
		return "", fault.New(fault.InvalidRequest, "Both schemes must be TWO_OF_TWO, TWO_OF_THREE or THREE_OF_FIVE.")
	case request.Old != w.Scheme:
		return "", fault.New(fault.Conflict, "The wallet's scheme is %s, not %s: read the wallet again.", w.Scheme, request.Old)
	}
	return request.New, nil
}

// record writes the audit entry of a state change, in its transaction.
func record(tx *store.Tx, o operationRow, what string, detail audit.Detail) error {
	if detail == nil {
		detail = audit.Detail{}
	}
	detail["walletId"], detail["operationId"], detail["intentHash"] = o.WalletID, o.ID, o.IntentHash
	by := audit.By{Actor: "user:" + o.UserID, EnvironmentID: o.EnvironmentID, UserID: o.UserID, SessionID: o.SessionID,
		RequestID: o.RequestID}
	return audit.Record(tx, by, strings.Join([]string{"wallet", string(o.Action), what}, "."), detail)
}
