package operator

import (
	"context"
	"errors"
	"slices"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// asStranger runs f with the caller that is signed out.
func (d *Desk) asStranger(ctx context.Context, f From) (who.Caller, error) {
	var t *tenant.Tenant
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		t, err = d.Tenants.Operators(tx)
		return err
	})
	return d.stranger(t, f), err
}

// SendCode mails a code to sign in with, if the address is an operator's, and tells
// nobody whether it is. What it returns names the code.
func (d *Desk) SendCode(ctx context.Context, address string, f From) (challengeID string, err error) {
	c, err := d.asStranger(ctx, f)
	if err != nil {
		return "", err
	}
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		row, err := signin.SendCode(c, tx, assurance.EmailCode, func(tx *store.Tx, _ string) (store.CodeChallengeRow, error) {
			return emailcode.Create(c, tx, emailcode.Request{Purpose: method.SignIn, Address: address})
		})
		challengeID = row.ID
		return err
	})
	return challengeID, err
}

// EnterByCode opens a session by a code that was mailed. It owes the second factor.
func (d *Desk) EnterByCode(ctx context.Context, challengeID, code string, f From) (cookie string, err error) {
	c, err := d.asStranger(ctx, f)
	if err != nil {
		return "", err
	}
	return d.enter(ctx, emailcode.Method{}, method.Attempt{Caller: c, ChallengeID: challengeID, Response: secret.Text(code)}, f)
}

// BeginPasskey asks a browser to sign in with whatever passkey there is.
func (d *Desk) BeginPasskey(ctx context.Context, f From) (options passkey.RequestOptions, err error) {
	c, err := d.asStranger(ctx, f)
	if err != nil {
		return options, err
	}
	err = d.DB.WriteCounting(ctx, func(tx *store.Tx) error {
		options, err = passkey.BeginSignIn(c, tx)
		return err
	})
	return options, err
}

// EnterByPasskey opens a session by a passkey, which is both factors at once.
func (d *Desk) EnterByPasskey(ctx context.Context, answer passkey.AssertionResponse, f From) (cookie string, err error) {
	c, err := d.asStranger(ctx, f)
	if err != nil {
		return "", err
	}
	return d.enter(ctx, passkey.Assertion{Response: answer}, method.Attempt{Caller: c}, f)
}

func (d *Desk) enter(ctx context.Context, m method.Method, a method.Attempt, f From) (cookie string, err error) {
	c := a.Caller
	err = method.Check(ctx, d.DB, m, a, func(tx *store.Tx, proof method.Proof) error {
		if held, ok := proof.Credential(); ok {
			c.By.Actor = Operator{ID: held.UserID}.Actor()
		}
		signed, err := signin.In(c, tx, proof, session.Device{Origin: d.URL, UserAgent: f.agent()}, false)
		if err != nil {
			return err
		}
		cookie, err = keep(tx, signed.Session(), string(proof.Kind()), f)
		return err
	})
	return cookie, err
}

// GiveFactor gives the second factor that a session owes; the session has another cookie
// then.
func (d *Desk) GiveFactor(ctx context.Context, v Visit, p Proof, f From) (cookie string, err error) {
	if v.Stage != OwesFactor {
		return "", ErrNobody
	}
	c := v.Caller(f)
	m, a := p.attempt(c)
	err = method.Check(ctx, d.DB, m, a, func(tx *store.Tx, proof method.Proof) error {
		if _, err := signin.Prove(c, tx, proof, signin.Step{Owes: true}); err != nil {
			return err
		}
		cookie, err = d.renew(tx, v)
		return err
	})
	return cookie, err
}

// Proof is what an operator proves it with: the code of an authenticator app, or a passkey.
type Proof struct {
	Code    string
	AppID   string // of the app whose code it is; empty: the default
	Passkey *passkey.AssertionResponse
}

func (p Proof) attempt(c who.Caller) (method.Method, method.Attempt) {
	if p.Passkey != nil {
		return passkey.Assertion{Response: *p.Passkey}, method.Attempt{Caller: c}
	}
	return totp.Method{DeviceID: p.AppID}, method.Attempt{Caller: c, Response: secret.Text(p.Code)}
}

// BeginProof asks a browser for one of the operator's passkeys.
func (d *Desk) BeginProof(ctx context.Context, v Visit, f From) (options passkey.RequestOptions, err error) {
	err = d.DB.WriteCounting(ctx, func(tx *store.Tx) error {
		options, err = passkey.BeginStepUp(v.Caller(f), tx, "")
		return err
	})
	return options, err
}

// EnrolApp begins to set up an authenticator app as the operator's first factor.
func (d *Desk) EnrolApp(ctx context.Context, v Visit, f From) (begun totp.Enrolment, err error) {
	if !d.mayEnrolFirst(v) {
		return begun, cannotEnrol()
	}
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		begun, err = signin.EnrolFirstApp(v.Caller(f), tx)
		return err
	})
	return begun, err
}

// ConfirmApp takes the first code of the app, and lets the operator in.
func (d *Desk) ConfirmApp(ctx context.Context, v Visit, enrolmentID, code string, f From) (cookie string, err error) {
	c := v.Caller(f)
	attempt := method.Attempt{Caller: c, Response: secret.Text(code)}
	link := func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
		return signin.LinkFirstApp(c, tx, proof)
	}
	return d.confirm(ctx, v, totp.Method{DeviceID: enrolmentID}, attempt, link)
}

// EnrolPasskey asks a browser for a passkey as the operator's first factor.
func (d *Desk) EnrolPasskey(ctx context.Context, v Visit, f From) (options passkey.CreationOptions, err error) {
	if !d.mayEnrolFirst(v) {
		return options, cannotEnrol()
	}
	err = d.DB.WriteCounting(ctx, func(tx *store.Tx) error {
		options, err = signin.BeginFirstPasskey(v.Caller(f), tx)
		return err
	})
	return options, err
}

// ConfirmPasskey takes the passkey that was made, and lets the operator in.
func (d *Desk) ConfirmPasskey(ctx context.Context, v Visit, answer passkey.AttestationResponse, f From) (cookie string, err error) {
	c := v.Caller(f)
	made := &passkey.Registration{Response: answer, UserAgent: f.agent()}
	link := func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
		return signin.LinkFirstPasskey(c, tx, made, proof)
	}
	return d.confirm(ctx, v, made, method.Attempt{Caller: c}, link)
}

// confirm links the first factor. Confirming it is giving it: the session owes none.
func (d *Desk) confirm(ctx context.Context, v Visit, m method.Method, a method.Attempt, link signin.Linker) (cookie string, err error) {
	if !d.mayEnrolFirst(v) {
		return "", cannotEnrol()
	}
	err = method.Check(ctx, d.DB, m, a, func(tx *store.Tx, proof method.Proof) error {
		_, err := signin.Prove(a.Caller, tx, proof, signin.Step{Otherwise: link})
		if err != nil {
			return err
		}
		cookie, err = d.renew(tx, v)
		return err
	})
	return cookie, err
}

func cannotEnrol() *fault.Error {
	return fault.New(fault.EnrolmentNotProven, "A first factor is set up right after an invitation was accepted, and once. If you have "+
		"lost yours, ask who runs the host for a new invitation: stepup console invite YOU --anew.")
}

// Touch moves the idle limit of a session that is used.
func (d *Desk) Touch(tx *store.Tx, v Visit, f From) error {
	_, err := session.Refresh(v.Caller(f), tx, store.Proved{})
	if errors.Is(err, store.ErrNotFound) {
		return ErrNobody
	}
	return err
}

// Leave ends the operator's session.
func (d *Desk) Leave(tx *store.Tx, v Visit, f From) error {
	return session.Revoke(v.Caller(f), tx, "signed out")
}

// SessionView is one of an operator's own sessions, as they are shown it.
type SessionView struct {
	store.SessionRow
	Address   string
	UserAgent string
	Current   bool
}

// Sessions lists the operator's live sessions, newest first.
func (d *Desk) Sessions(tx *store.Tx, v Visit) ([]SessionView, error) {
	live, err := tx.Sessions(environment.Operators, v.ID)
	if err != nil {
		return nil, err
	}
	known, err := tx.OperatorSessions(v.ID)
	if err != nil {
		return nil, err
	}
	var all []SessionView
	for _, row := range live {
		shown := SessionView{SessionRow: row, Current: row.ID == v.Session.ID}
		if i := slices.IndexFunc(known, func(k store.OperatorSessionRow) bool { return k.SessionID == row.ID }); i >= 0 {
			shown.Address, shown.UserAgent = known[i].Address, known[i].UserAgent
		}
		all = append(all, shown)
	}
	return all, nil
}

// EndSession ends one of the operator's own sessions.
func (d *Desk) EndSession(tx *store.Tx, v Visit, id string, f From) error {
	rows, err := tx.Sessions(environment.Operators, v.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rows, func(row store.SessionRow) bool { return row.ID == id })
	if i < 0 {
		return store.ErrNotFound
	}
	c := v.Caller(f)
	c.Session = &rows[i]
	return session.Revoke(c, tx, "ended by the operator")
}

// EnterDevelopment signs in the console's own operator of development mode, who owns all
// there is. Nobody proves anything for it.
func (d *Desk) EnterDevelopment(tx *store.Tx, f From) (cookie string, err error) {
	if !d.Development {
		return "", errors.New("only development mode signs in by itself")
	}
	t, err := d.Tenants.Operators(tx)
	if err != nil {
		return "", err
	}
	c := d.stranger(t, f)
	c.By.Actor = "system"
	held, err := named(tx, DevelopmentEmail)
	if errors.Is(err, store.ErrNotFound) {
		held, err = firstOfDevelopment(c, tx)
	}
	if err != nil {
		return "", err
	}
	return d.open(c, tx, held, byDevelopment, f)
}

// firstOfDevelopment makes development mode's own operator.
func firstOfDevelopment(c who.Caller, tx *store.Tx) (store.CredentialRow, error) {
	address := account.Address{Format: store.FormatEmail, Identifier: DevelopmentEmail, Written: DevelopmentEmail}
	held, err := account.Invited(c, tx, address)
	if err != nil {
		return held, err
	}
	err = tx.PutGrant(store.GrantRow{OperatorID: held.UserID, EnvironmentID: Everywhere, Role: string(Owner), GrantedBy: c.By.Actor})
	if err != nil {
		return held, err
	}
	return held, audit.Record(tx, c.By.Concerning(held.UserID), "operator.joined", audit.Detail{"role": Owner, "development": true})
}

// DevelopmentEmail is the address of development mode's own operator.
const DevelopmentEmail = "developer@example.com"
