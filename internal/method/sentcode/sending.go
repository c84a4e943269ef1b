package sentcode

import (
	"errors"
	"slices"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Bound is one limit on sending that a channel adds. Accounts in session have an
// allowance of their own where PerAccount says so, when they write to themselves:
// strangers who ask for codes cannot keep them from stepping up.
type Bound struct {
	Setting    string // where the environment says how much
	What       string // names the counter
	Parts      []string
	PerAccount bool
	Rate       environment.Rate
}

// The setting of each bound that is not one person's doing; these ring an alarm.
const (
	codesPerHour         = "limits.codesPerHour"
	codesPerHourAccounts = "limits.codesPerHour in sessions"
)

const (
	// settled is how old an account must be to have a pot of its own: strangers
	// make accounts as they go.
	settled = 24 * time.Hour
	// firstCodes are never refused to a settled account for what all others do.
	firstCodes = 2
)

var firstWindow = environment.Duration(10 * time.Minute)

// sender is who asks for a code.
type sender struct {
	userID  string // of the session; empty: a stranger
	owner   bool   // the address is the user's own
	settled bool   // the account has a pot of its own
}

func (ch *Channel) sender(tx *store.Tx, r asked) (s sender, err error) {
	if r.Session == nil {
		return sender{}, nil
	}
	s.userID = r.Session.UserID
	if s.owner, err = ch.owns(tx, r.Tenant.ID, r.Key, s.userID); err != nil {
		return s, err
	}
	user, err := tx.User(r.Tenant.ID, s.userID)
	s.settled = err == nil && !user.CreatedAt.After(tx.Now().Add(-settled))
	return s, err
}

// owns reports whether the address is the user's.
func (ch *Channel) owns(tx *store.Tx, environmentID, identifier, userID string) (bool, error) {
	held, err := tx.CredentialByIdentifier(environmentID, ch.Format, identifier)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && held.UserID == userID, err
}

// takeSend counts a code against every limit before it is queued, the narrowest
// first; where a later one refuses, nothing was counted. Past the address's own
// limit a stranger's request to sign in is answered with the newest code that is
// out, if its source is under its limit: that is returned, and no mail goes.
func (ch *Channel) takeSend(tx *store.Tx, r asked) (shared *store.CodeChallengeRow, err error) {
	from, err := ch.sender(tx, r)
	if err != nil {
		return nil, err
	}
	b := ch.bounds(tx, r, from)
	// Nearly always nothing refuses, and one statement counts them all.
	if ok, err := limit.TakeTogether(tx, b.inOrder()...); err != nil {
		return nil, err
	} else if ok {
		if from.settled {
			err = limit.Note(tx, firstOf(tx, r, from), firstWindow.Std())
		}
		return nil, err
	}
	taken := &taking{tx: tx}
	for _, own := range b.own {
		taken.take(own.Bound)
		if taken.refused != nil {
			taken.setting = own.setting
			break
		}
	}
	taken.take(b.source...)
	if taken.done() {
		return nil, taken.end(r.Request)
	}
	past, err := taken.tryTake(b.address)
	if err != nil {
		return nil, err
	}
	if past && from.userID == "" {
		digits, err := digitsNow(tx, store.CodeChallengeRow{EnvironmentID: r.Tenant.ID, Format: ch.Format, Identifier: r.Key})
		if err != nil {
			return nil, err
		}
		newest, err := tx.NewestSignInCode(r.Tenant.ID, ch.Format, r.Key, digits, sharedTries*r.Tenant.Limits.CodeAttempts)
		if !errors.Is(err, store.ErrNotFound) {
			return &newest, err
		}
		// No code is out that this person could type: not even a flood of requests
		// keeps them from getting one.
		taken.note(b.address.Key)
	} else if past {
		taken.take(b.address)
	}
	taken.take(b.after...)
	if from.settled {
		return nil, taken.ofAccounts(r.Request, b.all, firstOf(tx, r, from))
	}
	taken.take(b.all)
	return nil, taken.end(r.Request)
}

// sendBounds are what a code is counted against, in this order.
type sendBounds struct {
	own     []ownBound // of the account
	source  []limit.Bound
	address limit.Bound
	after   []limit.Bound // of the channel
	all     limit.Bound   // of the environment
}

func (b sendBounds) inOrder() (all []limit.Bound) {
	for _, own := range b.own {
		all = append(all, own.Bound)
	}
	return slices.Concat(all, b.source, []limit.Bound{b.address}, b.after, []limit.Bound{b.all})
}

func (ch *Channel) bounds(tx *store.Tx, r asked, from sender) (b sendBounds) {
	l := r.Tenant.Limits
	if from.userID != "" {
		b.own = ch.perAccount(tx, r, from)
	}
	if !from.settled {
		b.source = limit.PerSource(tx, limit.From(r.Source, l), l.CodesPerIP, "send-source", r.Tenant.ID)
	}
	b.address = limit.Bound{Key: addressKey(tx, r.Tenant.ID, ch.Format, r.Key, from), Rate: l.CodesPerAddress}
	for _, each := range r.Bounds {
		parts := append([]string{r.Tenant.ID}, each.Parts...)
		if each.PerAccount && from.owner && from.settled {
			parts = append(parts, "account")
		}
		b.after = append(b.after, limit.Bound{Name: each.Setting, Key: limit.For(tx, each.What, parts...), Rate: each.Rate})
	}
	b.all = limit.Bound{Name: codesPerHour, Key: limit.For(tx, "send-environment", r.Tenant.ID),
		Rate: environment.Rate{Count: l.CodesPerHour, Per: environment.Duration(time.Hour)}}
	if from.settled {
		b.all.Name, b.all.Key = codesPerHourAccounts, limit.For(tx, "send-accounts", r.Tenant.ID)
	}
	return b
}

// firstOf counts the first codes of a settled account.
func firstOf(tx *store.Tx, r asked, from sender) limit.Key {
	return limit.For(tx, "send-first", r.Tenant.ID, from.userID)
}

// perAccount are the bounds of one session and of all sessions of its account.
func (ch *Channel) perAccount(tx *store.Tx, r asked, from sender) []ownBound {
	l := r.Tenant.Limits
	return []ownBound{
		{"limits.codesPerSession", limit.Bound{Key: sessionKey(tx, r.Tenant.ID, r.Session.ID), Rate: l.CodesPerSession}},
		{"limits.codesPerAccount", limit.Bound{Key: accountKey(tx, r.Tenant.ID, from.userID), Rate: l.CodesPerAccount}},
		{"limits.codesPerAccountHour", limit.Bound{Key: accountHourKey(tx, r.Tenant.ID, from.userID),
			Rate: environment.Rate{Count: l.CodesPerAccountHour, Per: environment.Duration(time.Hour)}}},
	}
}

// ownBound is a limit on somebody who is signed in. They are told which one refused them;
// it alarms nobody.
type ownBound struct {
	setting string
	limit.Bound
}

// taking counts one send against bound after bound, until one refuses.
type taking struct {
	tx      *store.Tx
	taken   []limit.Key
	refused *limit.Bound
	setting string // that the refusal names; empty: none
	wait    time.Duration
	err     error
}

func (t *taking) done() bool { return t.refused != nil || t.err != nil }

func (t *taking) take(bounds ...limit.Bound) {
	for _, b := range bounds {
		if t.done() {
			return
		}
		t.refused, t.wait, t.err = limit.TakeAll(t.tx, b)
		if !t.done() {
			t.taken = append(t.taken, b.Key)
		}
	}
}

// tryTake is take where a refusal is not the end.
func (t *taking) tryTake(b limit.Bound) (refused bool, err error) {
	past, _, err := limit.TakeAll(t.tx, b)
	if err == nil && past == nil {
		t.taken = append(t.taken, b.Key)
	}
	return past != nil, err
}

// note counts what nothing is refused for any more.
func (t *taking) note(key limit.Key) {
	if t.err = limit.Note(t.tx, key, firstWindow.Std()); t.err == nil {
		t.taken = append(t.taken, key)
	}
}

// ofAccounts takes from the pot of all settled accounts together. When that is
// empty somebody is told, and an account's first codes go all the same.
func (t *taking) ofAccounts(r Request, all limit.Bound, first limit.Key) error {
	if t.done() {
		return t.end(r)
	}
	n, err := limit.Seen(t.tx, first)
	if err != nil {
		return err
	}
	empty, err := t.tryTake(all)
	if err != nil {
		return err
	}
	switch {
	case empty && n >= firstCodes:
		t.take(all)
	case empty:
		r.alarm(all.Name)
		t.err = limit.Note(t.tx, all.Key, all.Rate.Per.Std())
	}
	if !t.done() {
		t.err = limit.Note(t.tx, first, firstWindow.Std())
	}
	return t.end(r)
}

// end gives everything back if something refused.
func (t *taking) end(r Request) error {
	if t.err != nil || t.refused == nil {
		return t.err
	}
	if err := limit.Forgive(t.tx, t.taken...); err != nil {
		return err
	}
	if t.refused.Name != "" {
		r.alarm(t.refused.Name)
	}
	refusal := fault.AtLimit("codes", fault.RateLimited,
		"Too many codes were asked for. Use the newest one you have, or try again in %s.",
		fault.Spoken(t.wait)).After(t.wait)
	if t.setting == "" {
		return refusal
	}
	return refusal.With(map[string]any{"setting": t.setting})
}

func (r Request) alarm(setting string) {
	if r.Alarm != nil {
		r.Alarm(setting)
	}
}

// A code that was proven did what it was sent for: it gives the budget of the
// account and of the address back, and no other.
func (c *candidate) givenBack(tx *store.Tx) (keys []limit.Key, err error) {
	from := sender{userID: c.row.UserID}
	if from.userID != "" {
		if from.owner, err = c.channel.owns(tx, c.row.EnvironmentID, c.row.Identifier, from.userID); err != nil {
			return nil, err
		}
		keys = append(keys, accountKey(tx, c.row.EnvironmentID, from.userID))
	}
	return append(keys, addressKey(tx, c.row.EnvironmentID, c.row.Format, c.row.Identifier, from)), nil
}

// Unlock forgets what was counted against the caller's user: codes sent in sessions and
// to the user's addresses, and wrong ones typed there.
func Unlock(c who.Caller, tx *store.Tx) error {
	environmentID, userID := c.Tenant.ID, c.UserID()
	sessions, err := tx.Sessions(environmentID, userID)
	if err != nil {
		return err
	}
	keys := []limit.Key{accountKey(tx, environmentID, userID), accountHourKey(tx, environmentID, userID)}
	for _, s := range sessions {
		keys = append(keys, sessionKey(tx, environmentID, s.ID))
	}
	credentials, err := tx.Credentials(environmentID, userID)
	if err != nil {
		return err
	}
	for _, row := range credentials {
		at := store.CodeChallengeRow{EnvironmentID: environmentID, Format: row.Format, Identifier: row.Identifier}
		keys = append(keys,
			addressKey(tx, environmentID, row.Format, row.Identifier, sender{}),
			addressKey(tx, environmentID, row.Format, row.Identifier, sender{userID: userID, owner: true}),
			guessesOf(tx, at, ""), guessesOf(tx, at, userID), wrongInARow(tx, at, userID))
	}
	return limit.Reset(tx, keys...)
}

func sessionKey(tx *store.Tx, environmentID, sessionID string) limit.Key {
	return limit.For(tx, "send-session", environmentID, sessionID)
}

func accountKey(tx *store.Tx, environmentID, userID string) limit.Key {
	return limit.For(tx, "send-account", environmentID, userID)
}

func accountHourKey(tx *store.Tx, environmentID, userID string) limit.Key {
	return limit.For(tx, "send-account-hour", environmentID, userID)
}

// addressKey counts what is sent to an address: what its owner asks for in
// session, what others in session ask for, and what strangers ask for. None of
// them uses up what is another's.
func addressKey(tx *store.Tx, environmentID, format, identifier string, from sender) limit.Key {
	switch {
	case from.userID == "":
		return limit.For(tx, "send-address", environmentID, format, identifier)
	case from.owner:
		return limit.For(tx, "send-address-owner", environmentID, format, identifier, from.userID)
	}
	return limit.For(tx, "send-address-linking", environmentID, format, identifier)
}
