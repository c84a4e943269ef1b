package operator

import (
	"context"
	"errors"
	"fmt"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// An operator who has a factor sets up others with it: each step is let in by the elevated
// token for console:mfa:reset that the session holds, judged in the step's own transaction.
// A cookie alone adds and removes nothing.

// FactorScope is what is proved before one's own factors change.
const FactorScope = stepup.ConsoleMFAReset

// byElevation is what lets a change of one's own factors through.
func (d *Desk) byElevation(c who.Caller, v Visit) signin.Spend {
	return func(tx *store.Tx) (tokenID string, err error) {
		if v.Stage != Inside || len(v.Factors) == 0 {
			return "", cannotEnrol()
		}
		text, err := d.elevation(tx, v, FactorScope)
		if err != nil {
			return "", err
		}
		c.Elevated = who.Present(tx.Context(), v.tenant, text)
		known, err := account.Hold(c, tx)
		if err != nil {
			return "", err
		}
		j, err := enforce.Judge(c, tx, known, enforce.Demand{Scope: FactorScope})
		if err == nil && j.Token.ID == "" {
			err = fmt.Errorf("a change of factors was asked no proof")
		}
		return j.Token.ID, err
	}
}

// AddApp begins to set up one more authenticator app.
func (d *Desk) AddApp(ctx context.Context, v Visit, f From) (begun totp.Enrolment, err error) {
	c := v.Caller(f)
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		begun, err = signin.EnrolApp(c, tx, d.byElevation(c, v))
		return err
	})
	return begun, err
}

// ConfirmAddedApp takes the first code of that app.
func (d *Desk) ConfirmAddedApp(ctx context.Context, v Visit, enrolmentID, code string, f From) (cookie string, err error) {
	c := v.Caller(f)
	return d.add(ctx, v, totp.Method{DeviceID: enrolmentID}, method.Attempt{Caller: c, Response: secret.Text(code)},
		func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
			if _, err := d.byElevation(c, v)(tx); err != nil {
				return store.CredentialRow{}, err
			}
			return signin.LinkFurtherApp(c, tx, proof)
		})
}

// AddPasskey asks a browser for one more passkey.
func (d *Desk) AddPasskey(ctx context.Context, v Visit, f From) (options passkey.CreationOptions, err error) {
	c := v.Caller(f)
	err = d.DB.WriteCounting(ctx, func(tx *store.Tx) error {
		if _, err := d.byElevation(c, v)(tx); err != nil {
			return err
		}
		options, err = passkey.BeginRegistration(c, tx)
		return err
	})
	return options, err
}

// ConfirmAddedPasskey takes the passkey that was made.
func (d *Desk) ConfirmAddedPasskey(ctx context.Context, v Visit, answer passkey.AttestationResponse, f From) (cookie string, err error) {
	c := v.Caller(f)
	made := &passkey.Registration{Response: answer, UserAgent: f.agent()}
	return d.add(ctx, v, made, method.Attempt{Caller: c}, func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
		return signin.LinkPasskey(c, tx, made, proof, d.byElevation(c, v))
	})
}

// add links a further factor; the session has another cookie then.
func (d *Desk) add(ctx context.Context, v Visit, m method.Method, a method.Attempt, link signin.Linker) (cookie string, err error) {
	if v.Stage != Inside || len(v.Factors) == 0 {
		return "", cannotEnrol()
	}
	err = method.Check(ctx, d.DB, m, a, func(tx *store.Tx, proof method.Proof) error {
		if _, err := signin.Prove(a.Caller, tx, proof, signin.Step{Otherwise: link}); err != nil {
			return err
		}
		cookie, err = d.renew(tx, v)
		return err
	})
	return cookie, err
}

// RemoveFactor takes one of the operator's own factors away, never the last.
func (d *Desk) RemoveFactor(tx *store.Tx, v Visit, id string, f From) error {
	c := v.Caller(f)
	return signin.Remove(c, tx, id, func(tx *store.Tx) error {
		rows, err := tx.Credentials(v.tenant.ID, v.ID)
		if err != nil {
			return err
		}
		mine, left := false, 0
		for _, row := range rows {
			switch {
			case !account.IsFactor(row):
			case row.ID == id:
				mine = true
			case account.Counts(v.tenant.Environment, row):
				left++
			}
		}
		if !mine {
			return store.ErrNotFound
		}
		if left == 0 {
			return fault.New(fault.LastFactor, "This is your last factor. Add another one first, then remove this.")
		}
		return nil
	}, d.byElevation(c, v))
}

// elevation is the text of the elevated token that the session holds for a scope; empty:
// it holds none that opens.
func (d *Desk) elevation(tx *store.Tx, v Visit, scope stepup.Scope) (string, error) {
	sealed, err := tx.Elevation(v.Session.ID, string(scope))
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	text, err := tx.Open("operator_elevations", "sealed", place(v.Session.ID, scope), sealed)
	if err != nil {
		return "", nil // it is another session's
	}
	return string(text), nil
}
