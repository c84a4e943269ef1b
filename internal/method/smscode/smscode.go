// Package smscode proves control of a phone number: a code of six digits is
// texted and typed back. What holds of every sent code holds of it, see
// sentcode; here is what is special to text messages. They cost money, and
// whoever is paid for receiving them likes to ask for many: only numbers of the
// environment's countries and types are texted, so many an hour to one range of
// numbers, and so many to all.
package smscode

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/sentcode"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

var channel = &sentcode.Channel{
	Is: assurance.SMSCode, Format: store.FormatPhone,
	Wrong: fault.WrongSMSCode, Unknown: fault.InvalidSMSVerification, TooMany: fault.TooManySMSAttempts, Look: "the newest text message",
	Read: read, Send: send, Detail: detail,
}

// Method implements [method.Method].
type Method struct{}

// Kind implements [method.Method].
func (Method) Kind() assurance.Kind { return channel.Kind() }

// Count implements [method.Method].
func (Method) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	if !a.Tenant.SMS.Enabled {
		return nil, Off()
	}
	return channel.Count(tx, a)
}

// Foresee implements [method.Foreseer].
func (Method) Foresee(tx *store.Tx, a method.Attempt) error {
	if !a.Tenant.SMS.Enabled {
		return Off()
	}
	return channel.Foresee(tx, a)
}

// Off is the refusal of an environment or a server without text messages.
func Off() *fault.Error {
	return fault.New(fault.NoSMSProvider, "Codes by text message are switched off here. Use another way to prove it is you.")
}

// Request asks for a code to be texted.
type Request = sentcode.Request

// Create opens a challenge and queues its text, see [sentcode.Channel.Create].
func Create(c who.Caller, tx *store.Tx, r Request) (store.CodeChallengeRow, error) {
	return channel.Create(c, tx, r)
}

// Resend texts a new code for an open challenge, see [sentcode.Channel.Resend].
func Resend(c who.Caller, tx *store.Tx, r Request, challengeID string) (store.CodeChallengeRow, error) {
	return channel.Resend(c, tx, r, challengeID)
}

// read refuses numbers that the environment does not text. The caps on ranges
// come in two halves, one for accounts that have the number already.
func read(t *tenant.Tenant, r Request) (sentcode.Recipient, error) {
	sms := t.SMS
	if !sms.Enabled {
		return sentcode.Recipient{}, Off()
	}
	n, err := phone.ParseE164(r.Address)
	if err != nil {
		return sentcode.Recipient{}, fmt.Errorf("reading the number to text: %w", err)
	}
	switch {
	case !sms.Texts(n.Country):
		return sentcode.Recipient{}, fault.New(fault.InvalidPhone,
			"Numbers of %s are not texted here. Use another number, or another way to prove it is you.", n.Country)
	case !slices.Contains(sms.NumberTypes, n.Type) && n.MobileForm() != "":
		return sentcode.Recipient{}, fault.New(fault.InvalidPhone, "This is the number of a fixed line, which is not texted here. %s",
			n.MobileForm())
	case !slices.Contains(sms.NumberTypes, n.Type):
		return sentcode.Recipient{}, fault.New(fault.InvalidPhone,
			"This kind of number is not texted here. Use a mobile number, or another way to prove it is you.")
	}
	if words := sentcode.Allows(t, store.CodeChallengeRow{Scopes: strings.Join(r.Scopes, " ")}); !deliver.TextsAllow(words) {
		return sentcode.Recipient{}, fault.New(fault.InvalidScopes,
			"A text message cannot say all that these scopes allow. Ask for fewer at once, or send the code by mail.")
	}
	return sentcode.Recipient{
		Key: n.E164, Written: n.E164,
		Bounds: []sentcode.Bound{
			{Setting: "sms.perPrefix", What: "sms-prefix", Parts: []string{n.Prefix()}, PerAccount: true, Rate: sms.PerPrefix},
			{Setting: "sms.perHour", What: "sms-environment",
				Rate: environment.Rate{Count: sms.PerHour, Per: environment.Duration(time.Hour)}},
		},
	}, nil
}

func send(c who.Caller, tx *store.Tx, m sentcode.Message) error {
	t, row := c.Tenant, m.Challenge
	style, err := sentcode.Style(c, tx, row)
	if err != nil {
		return err
	}
	content := deliver.Code{
		AppName: t.Mail.AppName, To: row.Recipient, Code: m.Code, ValidFor: t.Limits.CodeExpiry.Std(), Summary: m.Summary,
		Style: style,
	}
	text := deliver.SignInText(content)
	if row.Purpose != string(method.SignIn) {
		content.Allows = sentcode.Allows(t, row)
		text = deliver.StepUpText(content)
	}
	if m.Decoy {
		return outbox.DecoyText(tx, t.ID, text)
	}
	return outbox.EnqueueText(tx, t.ID, text, t.Limits.CodeExpiry.Std())
}

func detail(c store.CodeChallengeRow) (string, error) {
	n, err := phone.ParseE164(c.Identifier)
	if err != nil {
		return "", fmt.Errorf("reading the number of a code: %w", err)
	}
	return account.PhoneAddress(n).Detail, nil
}
