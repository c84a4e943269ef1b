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
	"github.com/stepup-auth/stepup/internal/who"
)

var channel = &sentcode.Channel{
	Is: assurance.EmailCode, Format: store.FormatEmail,
	Wrong: fault.WrongEmailCode, Unknown: fault.InvalidEmailVerification, TooMany: fault.TooManyEmailAttempts, Look: "the newest mail",
	Read: read, Send: send, Detail: func(store.CodeChallengeRow) (string, error) { return "", nil },
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
type Request = sentcode.Request

// Create opens a challenge and queues its mail, see [sentcode.Channel.Create].
func Create(c who.Caller, tx *store.Tx, r Request) (store.CodeChallengeRow, error) {
	return channel.Create(c, tx, r)
}

// Resend mails a new code for an open challenge, see [sentcode.Channel.Resend].
func Resend(c who.Caller, tx *store.Tx, r Request, challengeID string) (store.CodeChallengeRow, error) {
	return channel.Resend(c, tx, r, challengeID)
}

func read(_ *tenant.Tenant, r Request) (sentcode.Recipient, error) {
	text := typed.Line(r.Address)
	address, key, err := deliver.NormalizeEmail(text)
	switch {
	case err != nil && typed.HasUnseen(text):
		return sentcode.Recipient{}, fault.New(fault.InvalidEmail,
			"There is a character in this email address that nobody sees. Type it by hand instead of pasting it.").Because(err)
	case err != nil:
		why := strings.TrimPrefix(err.Error(), deliver.ErrAddress.Error()+": ")
		return sentcode.Recipient{}, fault.New(fault.InvalidEmail,
			"This is not an email address we can write to: %s. Use the plain form name@example.com.", why).Because(err)
	}
	return sentcode.Recipient{Key: key, Written: address}, nil
}

func send(c who.Caller, tx *store.Tx, m sentcode.Message) error {
	t, row := c.Tenant, m.Challenge
	style, err := sentcode.Style(c, tx, row)
	if err != nil {
		return err
	}
	mail := deliver.Code{AppName: t.Mail.AppName, From: t.MailFrom, To: row.Recipient, Code: m.Code, ValidFor: t.Limits.CodeExpiry.Std(),
		Summary: m.Summary, Style: style}
	message := deliver.SignInCode(mail)
	if row.Purpose != string(method.SignIn) {
		mail.Allows = sentcode.Allows(t, row)
		message = deliver.StepUpCode(mail)
	}
	if m.Decoy {
		return outbox.Decoy(tx, t.ID, message)
	}
	return outbox.Enqueue(tx, t.ID, message, t.Limits.CodeExpiry.Std())
}
