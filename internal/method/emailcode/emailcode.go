// Package emailcode proves control of an email address: a code of six digits is
// mailed and typed back. What holds of every sent code holds of it, see
// sentcode; here is what is special to mail.
package emailcode

import (
	"strings"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/sentcode"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/typed"
)

var channel = &sentcode.Channel{
	Is: assurance.EmailCode, Format: store.FormatEmail,
	Wrong: fault.WrongEmailCode, Unknown: fault.InvalidEmailVerification, TooMany: fault.TooManyEmailAttempts, Look: "the newest mail",
	Send: send, Detail: func(store.CodeChallengeRow) (string, error) { return "", nil },
}

// Method implements [method.Method].
type Method struct{}

// Kind implements [method.Method].
func (Method) Kind() assurance.Kind { return channel.Kind() }

// Count implements [method.Method].
func (Method) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	return channel.Count(tx, a)
}

// Foresee implements [method.Foreseer].
func (Method) Foresee(tx *store.Tx, a method.Attempt) error { return channel.Foresee(tx, a) }

// Request asks for a code to be mailed.
type Request struct {
	Tenant       *tenant.Tenant
	Session      *store.SessionRow // nil: to sign in
	Purpose      method.Purpose
	Address      string
	Source       string
	AuthorizedBy string   // purpose update: the elevated token that allowed it
	BindingID    string   // purpose session: the transaction that the code is to confirm
	Scopes       []string // purpose session: all that the code is to be good for

	Alarm func(setting string) // told which limit of the whole environment is used up; nil: nobody is
}

// Create opens a challenge and queues its mail. It answers alike for known
// and unknown addresses.
func Create(tx *store.Tx, r Request) (store.CodeChallengeRow, error) {
	sent, err := r.read()
	if err != nil {
		return store.CodeChallengeRow{}, err
	}
	return channel.Create(tx, sent)
}

// Resend mails a new code for an open challenge; the earlier code is dead, the
// tries made stand. The challenge must have been asked for in the same session
// and for the same address.
func Resend(tx *store.Tx, r Request, challengeID string) (store.CodeChallengeRow, error) {
	sent, err := r.read()
	if err != nil {
		return store.CodeChallengeRow{}, err
	}
	return channel.Resend(tx, sent, challengeID)
}

func (r Request) read() (sentcode.Request, error) {
	text := typed.Line(r.Address)
	address, key, err := deliver.NormalizeEmail(text)
	switch {
	case err != nil && typed.HasUnseen(text):
		return sentcode.Request{}, fault.New(fault.InvalidEmail,
			"There is a character in this email address that nobody sees. Type it by hand instead of pasting it.").Because(err)
	case err != nil:
		why := strings.TrimPrefix(err.Error(), deliver.ErrAddress.Error()+": ")
		return sentcode.Request{}, fault.New(fault.InvalidEmail,
			"This is not an email address we can write to: %s. Use the plain form name@example.com.", why).Because(err)
	}
	return sentcode.Request{
		Tenant: r.Tenant, Session: r.Session, Purpose: r.Purpose, Key: key, Written: address, Source: r.Source,
		AuthorizedBy: r.AuthorizedBy, BindingID: r.BindingID, Scopes: r.Scopes, Alarm: r.Alarm,
	}, nil
}

func send(tx *store.Tx, t *tenant.Tenant, c store.CodeChallengeRow, code, summary string, decoy bool) error {
	mail := deliver.Code{AppName: t.Mail.AppName, From: t.MailFrom, To: c.Recipient, Code: code, ValidFor: t.Limits.CodeExpiry.Std(),
		Summary: summary}
	message := deliver.SignInCode(mail)
	if c.Purpose != string(method.SignIn) {
		mail.Allows = sentcode.Allows(t, c)
		message = deliver.StepUpCode(mail)
	}
	if decoy {
		return outbox.Decoy(tx, t.ID, message)
	}
	return outbox.Enqueue(tx, t.ID, message, t.Limits.CodeExpiry.Std())
}
