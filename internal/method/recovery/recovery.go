// Package recovery proves possession of a recovery code: ten in a set, each
// good once, for people who have lost their other second factors. A set can be
// shown only until its owner says that it is written down; after that there
// are only keyed hashes.
package recovery

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Count is how many codes a set has.
const Count = 10

// Method implements [method.Method]. The response is the code.
type Method struct{}

// Kind implements [method.Method].
func (Method) Kind() assurance.Kind { return assurance.RecoveryCode }

// Fill puts new codes into a set, which must be a credential of the user, in
// place of those left in it.
func Fill(c who.Caller, tx *store.Tx, setID string) error {
	environmentID, userID := c.Tenant.ID, c.UserID()
	if err := tx.DropRecoveryCodes(environmentID, userID, setID); err != nil {
		return err
	}
	for range Count {
		code := newCode()
		key, _ := Normalize(code)
		row := store.RecoveryCodeRow{ID: uuid.NewString(), SetID: setID, EnvironmentID: environmentID, UserID: userID,
			CodeHash: hash(tx, environmentID, userID, key)}
		var err error
		if row.SealedCode, err = tx.Seal("recovery_codes", "sealed_code", row.ID, []byte(code)); err != nil {
			return err
		}
		if err := tx.InsertRecoveryCode(row); err != nil {
			return err
		}
	}
	return nil
}

// Show lists the unused codes that can still be shown, and says how many are
// left, shown or not.
func Show(c who.Caller, tx *store.Tx) (codes []string, left int, err error) {
	rows, err := tx.RecoveryCodes(c.Tenant.ID, c.UserID())
	if err != nil {
		return nil, 0, err
	}
	codes = []string{}
	for _, row := range rows {
		if row.SealedCode == nil {
			continue
		}
		code, err := tx.Open("recovery_codes", "sealed_code", row.ID, row.SealedCode)
		if err != nil {
			return nil, 0, err
		}
		codes = append(codes, string(code))
	}
	return codes, len(rows), nil
}

func hash(tx *store.Tx, environmentID, userID, code string) []byte {
	return tx.Hasher().Sum("recovery-code", environmentID, userID, code)
}

// Count implements [method.Method].
func (Method) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	if a.Session == nil {
		return nil, errors.New("verifying a recovery code: no session")
	}
	if err := account.TakeTry(a.Caller, tx, account.RecoveryFactor); err != nil {
		return nil, err
	}
	c := &candidate{caller: a.Caller, environmentID: a.Tenant.ID, userID: a.Session.UserID, bindingID: a.BindingID}
	code, ok := Normalize(a.Response.Reveal())
	if !ok {
		return c, nil
	}
	row, err := tx.RecoveryCode(c.environmentID, c.userID, hash(tx, c.environmentID, c.userID, code))
	if errors.Is(err, store.ErrNotFound) {
		return c, nil
	}
	c.row = &row
	return c, err
}

type candidate struct {
	caller        who.Caller
	environmentID string
	userID        string
	row           *store.RecoveryCodeRow // nil: there is no such code
	bindingID     string                 // nobody is shown it: the code confirms what its sender says
}

// Compare implements [method.Candidate]. The comparison was the look-up of a
// keyed hash, whose time tells nothing of the code.
func (c *candidate) Compare(context.Context) error {
	if c.row == nil {
		return wrong()
	}
	return nil
}

// Spend implements [method.Candidate]. After a failover the rest of the set is
// renewed: some of it may have been used and forgotten.
func (c *candidate) Spend(tx *store.Tx) (method.Evidence, error) {
	err := tx.ConsumeRecoveryCode(c.environmentID, c.userID, c.row.ID)
	if errors.Is(err, store.ErrNotFound) {
		return method.Evidence{}, wrong()
	}
	if err != nil {
		return method.Evidence{}, err
	}
	if c.row.Superseded {
		if err := Fill(c.caller, tx, c.row.SetID); err != nil {
			return method.Evidence{}, err
		}
	}
	return method.Evidence{Format: store.FormatRecovery, Identifier: c.row.SetID, Recipient: "Recovery code", Purpose: method.InSession,
		BindingID: c.bindingID}, c.Forgive(tx)
}

// Forgive implements [method.Candidate].
func (c *candidate) Forgive(tx *store.Tx) error {
	return account.ForgiveTries(c.caller, tx)
}

func wrong() *fault.Error {
	return fault.New(fault.MFAInvalidCode, "This is not one of your unused recovery codes. Check it, or use another one.")
}
