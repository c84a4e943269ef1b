// Package sentcode is what all codes that are sent to somebody have in common:
// a code is sent to an address and typed back. A code asked for inside a
// session works only in that session; one asked for without a session only
// signs in; one sent by one channel is worth nothing at another's doors. A code
// is tried at most a few times, works once and lives minutes.
//
// It is no method itself: emailcode and smscode are.
package sentcode

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/typed"
	"github.com/stepup-auth/stepup/internal/who"
)

// Digits is the length of a code, and LongDigits that of a sign-in code while
// somebody is guessing: at this address or, spraying, at the whole environment.
// Short codes that are out by then stop working. So nobody is locked out by a
// stranger's guesses, and the guesses still lead nowhere.
const (
	Digits     = 6
	LongDigits = 8

	alarmPerAddress     = 10  // wrong sign-in codes for one address in a day
	alarmPerEnvironment = 200 // wrong sign-in codes in an hour
)

// Channel is one way to send codes. Its methods are those of a verification
// method; there is one value per channel, made when the program starts.
type Channel struct {
	Is      assurance.Kind
	Format  string     // credential format of its addresses
	Wrong   fault.Code // what was typed is not the code
	Unknown fault.Code // no such code here
	TooMany fault.Code // the code was tried too often
	Look    string     // where the newest code is: "the newest mail"

	// Read says where the address of a request is, or refuses it.
	Read func(t *tenant.Tenant, r Request) (Recipient, error)
	// Send queues a message, in the transaction.
	Send func(c who.Caller, tx *store.Tx, m Message) error
	// Detail is what a credential for the address shows of itself.
	Detail func(c store.CodeChallengeRow) (string, error)
}

// Message is a code on its way to the address of its challenge.
type Message struct {
	Challenge store.CodeChallengeRow
	Code      string
	Summary   string // of what the code agrees to, which must be shown whole; empty: nothing in particular
	Decoy     bool   // the same work is to be done, and nothing sent
}

// Request asks for a code to be sent.
type Request struct {
	Purpose      method.Purpose
	Address      string   // as it was typed, or of a phone number E.164
	AuthorizedBy string   // purpose update: the elevated token that allowed it
	BindingID    string   // purpose session: the transaction that the code is to confirm
	Scopes       []string // purpose session: all that the code is to be good for, which its message says; empty: it is not said

	Alarm func(setting string) // told which limit of the whole environment is used up; nil: nobody is
}

// Recipient is where a code goes, as its channel reads the address.
type Recipient struct {
	Key     string  // normalised address
	Written string  // address as people read it
	Bounds  []Bound // limits on sending of the channel's own
}

// asked is a request whose address was read, and who makes it: without a session, to
// sign in.
type asked struct {
	who.Caller
	Request
	Recipient
}

func (ch *Channel) read(c who.Caller, r Request) (asked, error) {
	to, err := ch.Read(c.Tenant, r)
	return asked{c, r, to}, err
}

// Create opens a challenge and queues its message. It answers alike for known
// and unknown addresses.
func (ch *Channel) Create(c who.Caller, tx *store.Tx, request Request) (store.CodeChallengeRow, error) {
	r, err := ch.read(c, request)
	if err != nil {
		return store.CodeChallengeRow{}, err
	}
	summary, err := about(c, tx, r.Purpose, r.BindingID)
	if err != nil {
		return store.CodeChallengeRow{}, err
	}
	shared, err := ch.takeSend(tx, r)
	if err != nil {
		return store.CodeChallengeRow{}, err
	}
	if shared != nil {
		return ch.share(tx, r, *shared)
	}
	ends, err := method.EndsBy(c, tx, r.AuthorizedBy, tx.Now().Add(r.Tenant.Limits.CodeExpiry.Std()))
	if err != nil {
		return store.CodeChallengeRow{}, err
	}
	row := store.CodeChallengeRow{
		ID: uuid.NewString(), EnvironmentID: r.Tenant.ID, Format: ch.Format, Identifier: r.Key, Recipient: r.Written,
		Purpose: string(r.Purpose), AuthorizedBy: r.AuthorizedBy, ExpiresAt: ends,
		BindingID: r.BindingID, Scopes: strings.Join(r.Scopes, " "),
	}
	if r.Session != nil {
		row.SessionID, row.UserID = r.Session.ID, r.Session.UserID
	}
	code, err := ch.renew(tx, &row)
	if err != nil {
		return row, err
	}
	if err := tx.InsertCodeChallenge(row); err != nil {
		return row, err
	}
	return row, ch.send(c, tx, Message{Challenge: row, Code: code, Summary: summary})
}

// Style is how the message of a code is written: of one that was asked for in a session
// as messages to its user are, of any other as the request accepts it.
func Style(c who.Caller, tx *store.Tx, challenge store.CodeChallengeRow) (deliver.Style, error) {
	if challenge.UserID == "" {
		return c.Tenant.Style(c.AcceptLanguage), nil
	}
	return account.StyleFor(c, tx, challenge.UserID)
}

// Allows says what a code is good for, each a scope or the words that the environment
// has for it; nothing where nobody said.
func Allows(t *tenant.Tenant, c store.CodeChallengeRow) []string {
	if c.Purpose == string(method.Update) {
		return []string{deliver.FinishChange}
	}
	var allows []string
	for _, scope := range strings.Fields(c.Scopes) {
		own, _ := t.Scope(scope)
		allows = append(allows, cmp.Or(own.Allows, scope))
	}
	return allows
}

// share answers with one more id for a sign-in code that is out. It does the work
// of sending, so that the time it takes tells nothing.
func (ch *Channel) share(tx *store.Tx, r asked, newest store.CodeChallengeRow) (store.CodeChallengeRow, error) {
	c := newest
	c.ID, c.Shares, c.CodeHash, c.Recipient = uuid.NewString(), newest.ID, []byte{}, r.Written
	code, err := newCode(tx, c, true)
	if err != nil {
		return c, err
	}
	if err := tx.InsertCodeChallenge(c); err != nil {
		return c, err
	}
	return c, ch.Send(r.Caller, tx, Message{Challenge: c, Code: code, Decoy: true})
}

// about is the summary of the transaction that a code is to confirm. Codes that
// sign in or finish a change of the profile confirm none.
func about(c who.Caller, tx *store.Tx, purpose method.Purpose, bindingID string) (string, error) {
	if bindingID == "" {
		return "", nil
	}
	if purpose != method.InSession {
		c.Session = nil
	}
	row, err := binding.Find(c, tx, bindingID)
	return row.Summary, err
}

// Resend sends a new code for an open challenge, about the same transaction; the
// earlier code is dead, the tries made stand. The challenge must have been asked
// for in the same session and for the same address.
func (ch *Channel) Resend(c who.Caller, tx *store.Tx, request Request, challengeID string) (store.CodeChallengeRow, error) {
	r, err := ch.read(c, request)
	if err != nil {
		return store.CodeChallengeRow{}, err
	}
	row, err := ch.find(tx, r.Tenant.ID, challengeID, r.Session)
	if err == nil && row.Identifier != r.Key {
		err = ch.unknown()
	}
	if err != nil {
		return row, err
	}
	summary, err := about(c, tx, method.Purpose(row.Purpose), row.BindingID)
	if err != nil {
		return row, err
	}
	shared, err := ch.takeSend(tx, r)
	if err != nil {
		return row, err
	}
	if shared != nil && shared.ID == row.ID {
		row.Shares = row.ID // it is the newest there is: nothing was sent
		return row, nil
	}
	if shared != nil {
		return ch.share(tx, r, *shared)
	}
	row.Shares = ""
	code, err := ch.renew(tx, &row)
	if err != nil {
		return row, err
	}
	if row.Purpose != string(method.Update) { // a change was allowed until then, and a new code does not prolong that
		row.ExpiresAt = tx.Now().Add(r.Tenant.Limits.CodeExpiry.Std())
	}
	err = tx.ResendCodeChallenge(row)
	if errors.Is(err, store.ErrNotFound) {
		return row, ch.unknown()
	}
	if err != nil {
		return row, err
	}
	return row, ch.send(c, tx, Message{Challenge: row, Code: code, Summary: summary})
}

// send sends no sign-in code to strangers where sign-up is closed, and tells
// nobody who has an account.
func (ch *Channel) send(c who.Caller, tx *store.Tx, m Message) error {
	if row := m.Challenge; row.Purpose == string(method.SignIn) && !c.Tenant.SignUp.Enabled {
		_, err := tx.CredentialByIdentifier(c.Tenant.ID, row.Format, row.Identifier)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		m.Decoy = err != nil
	}
	return ch.Send(c, tx, m)
}

// open finds the challenge whose code is typed under this id.
func (ch *Channel) open(tx *store.Tx, environmentID, id string, s *store.SessionRow) (store.CodeChallengeRow, error) {
	c, err := ch.find(tx, environmentID, id, s)
	if err != nil || c.Shares == "" {
		return c, err
	}
	return ch.find(tx, environmentID, c.Shares, s)
}

// find finds a challenge of this channel, which is bound to the door and the
// session it was asked for at. The answer at any other is that of an unknown
// code, and costs the owner no try.
func (ch *Channel) find(tx *store.Tx, environmentID, id string, s *store.SessionRow) (store.CodeChallengeRow, error) {
	c, err := tx.CodeChallenge(environmentID, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (c.Format != ch.Format || c.SessionID != sessionID(s)) {
		return store.CodeChallengeRow{}, ch.unknown()
	}
	return c, err
}

// Kind implements [method.Method].
func (ch *Channel) Kind() assurance.Kind { return ch.Is }

// Foresee implements [method.Foreseer]: guesses at codes that are not there, and
// those of a source that has guessed too often, are refused without a write.
func (ch *Channel) Foresee(tx *store.Tx, a method.Attempt) error {
	open, err := ch.open(tx, a.Tenant.ID, a.ChallengeID, a.Session)
	if err != nil {
		return err
	}
	refused, wait, err := limit.Full(tx, guessesFrom(tx, a, open)...)
	if err == nil && refused != nil {
		return tooManyGuesses(wait)
	}
	return err
}

// Count implements [method.Method].
func (ch *Channel) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	open, err := ch.open(tx, a.Tenant.ID, a.ChallengeID, a.Session)
	if err != nil {
		return nil, err
	}
	if err := a.About(open.BindingID); err != nil {
		return nil, err
	}
	if err := ch.takeGuess(tx, a, open); err != nil {
		return nil, err
	}
	counted, err := ch.takeTry(tx, a, open)
	if err != nil {
		return nil, err
	}
	return &candidate{channel: ch, row: counted, shared: open.ID != a.ChallengeID,
		typed: hashCode(tx.Hasher(), counted, typed.Code(a.Response.Reveal())), attempt: a}, nil
}

// sharedTries is how many times the tries of one source all ids that share a code
// have together. Whoever asked for it has tries of their own, so that those who
// share it cannot use them up.
const sharedTries = 3

func (ch *Channel) takeTry(tx *store.Tx, a method.Attempt, open store.CodeChallengeRow) (store.CodeChallengeRow, error) {
	most := a.Tenant.Limits.CodeAttempts
	tooMany := fault.New(ch.TooMany, "This code was tried too often. Ask for a new one.")
	if a.Session == nil {
		refused, _, err := limit.TakeAll(tx, triesFrom(tx, a, open)...)
		if err == nil && refused != nil {
			err = tooMany
		}
		if err != nil {
			return open, err
		}
	}
	count, most, tried := tx.CountCodeAttempt, most, open.Attempts
	if open.ID != a.ChallengeID {
		count, most, tried = tx.CountSharedAttempt, sharedTries*most, open.SharedAttempts
	}
	counted, err := count(a.Tenant.ID, open.ID, most)
	if !errors.Is(err, store.ErrNotFound) {
		return counted, err
	}
	if tried >= most {
		return counted, tooMany
	}
	return counted, ch.unknown()
}

type candidate struct {
	channel *Channel
	row     store.CodeChallengeRow
	shared  bool // it was typed under another id than that of its challenge
	typed   []byte
	attempt method.Attempt
}

// Compare implements [method.Candidate].
func (c *candidate) Compare(context.Context) error {
	if !seal.Equal(c.row.CodeHash, c.typed) {
		return fault.New(c.channel.Wrong, "This is not the code that was sent for this. Take the one from %s: asking again made those "+
			"before it void. If the newest was asked for on another page, type it there.", c.channel.Look)
	}
	return nil
}

// Spend implements [method.Candidate].
func (c *candidate) Spend(tx *store.Tx) (method.Evidence, error) {
	err := tx.ConsumeCodeChallenge(c.row.EnvironmentID, c.row.ID, c.row.CodeHash)
	if errors.Is(err, store.ErrNotFound) {
		return method.Evidence{}, c.channel.unknown()
	}
	if err != nil {
		return method.Evidence{}, err
	}
	given, err := c.givenBack(tx)
	if err != nil {
		return method.Evidence{}, err
	}
	if err := c.forgive(tx, given...); err != nil {
		return method.Evidence{}, err
	}
	detail, err := c.channel.Detail(c.row)
	return method.Evidence{
		Format: c.row.Format, Identifier: c.row.Identifier, Recipient: c.row.Recipient, Detail: detail,
		Purpose: method.Purpose(c.row.Purpose), AuthorizedBy: c.row.AuthorizedBy,
		BindingID: c.row.BindingID, Displayed: c.row.BindingID != "", Scopes: c.row.Scopes,
		ChallengeID: c.row.ID, BegunAt: c.row.CreatedAt,
	}, err
}

func (ch *Channel) unknown() *fault.Error {
	return fault.New(ch.Unknown, "This code is unknown, used, expired or was asked for in another session. Ask for a new one.")
}

func hashCode(h *seal.Hasher, c store.CodeChallengeRow, code string) []byte {
	return h.Sum("sent-code", c.EnvironmentID, c.ID, code)
}

// renew gives a challenge a new code.
func (ch *Channel) renew(tx *store.Tx, c *store.CodeChallengeRow) (code string, err error) {
	strange, err := ch.strange(tx, *c)
	if err != nil {
		return "", err
	}
	if code, err = newCode(tx, *c, strange); err != nil {
		return "", err
	}
	c.CodeHash, c.Digits = hashCode(tx.Hasher(), *c, code), len(code)
	return code, nil
}

func newCode(tx *store.Tx, c store.CodeChallengeRow, strange bool) (string, error) {
	digits, err := digitsNow(tx, c)
	if err != nil {
		return "", err
	}
	if !strange {
		digits = Digits
	}
	n, err := rand.Int(rand.Reader, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%0*d", digits, n), nil
}

func sessionID(s *store.SessionRow) string {
	if s == nil {
		return ""
	}
	return s.ID
}
