// Package binding keeps transactions that wait to be confirmed, so that a token
// can be bound to exactly one. A binding is registered before anything is
// proven; it belongs to one user, one session and one scope, lives five minutes
// and is confirmed once, in the transaction that mints the token. What it says
// is authorization_details of RFC 9396 in the one form of RFC 8785, and its
// summary, which says all of it in words, is made here and never by a client.
package binding

import (
	"errors"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/strictjson"
	"github.com/stepup-auth/stepup/internal/who"
)

// Limits.
const (
	Life       = 5 * time.Minute
	PerSession = 30   // registered in Life, confirmed or not
	MaxDetails = 2048 // bytes of the canonical form: the token that carries it must fit into a header
	MaxDepth   = 8    // of nesting
	MaxSummary = 240  // characters: beside a code in a text message nothing of it may be cut off
)

// Transaction is what is to be confirmed.
type Transaction struct {
	Scope   stepup.Scope
	Details []byte // authorization_details, in any writing
	Summary string // in plain words, each line of it one fact; see [Summarize]
	// Shown says that the summary tells every recipient, amount and call of the
	// transaction. Without it nobody who was shown the summary was shown that.
	Shown bool
	// MustDisplay says that only a method that shows the summary may confirm it.
	MustDisplay bool
}

// Register keeps a transaction for the caller's session to confirm. Refusals are
// *fault.Error.
func Register(c who.Caller, tx *store.Tx, what Transaction) (store.BindingRow, error) {
	if err := c.Tenant.Pin(tx); err != nil {
		return store.BindingRow{}, err
	}
	details, hash, err := Canonical(what.Details)
	if err != nil {
		return store.BindingRow{}, err
	}
	if n := utf8.RuneCountInString(what.Summary); n == 0 || n > MaxSummary || !Showable(what.Summary) {
		return store.BindingRow{}, unshowable("it takes more than %d characters to say, or ones that nobody sees", MaxSummary)
	}
	if what.MustDisplay && !what.Shown {
		return store.BindingRow{},
			unshowable("its summary leaves something out, and the operator has it confirmed by people who see all of it")
	}
	if _, err := tx.LockUser(c.Tenant.ID, c.Session.UserID); err != nil {
		return store.BindingRow{}, err
	}
	n, err := tx.CountBindings(c.Tenant.ID, c.Session.ID)
	if err != nil {
		return store.BindingRow{}, err
	}
	if n >= PerSession {
		return store.BindingRow{}, fault.AtLimit("bindings", fault.RateLimited,
			"This session registered %d transactions in %s, which is as many as one may. Confirm one, or wait.", n, fault.Spoken(Life)).
			After(Life)
	}
	row := store.BindingRow{
		ID: uuid.NewString(), EnvironmentID: c.Tenant.ID, UserID: c.Session.UserID, SessionID: c.Session.ID, Scope: string(what.Scope),
		Details: string(details), Hash: hash, Summary: what.Summary, Shown: what.Shown, MustDisplay: what.MustDisplay,
		ExpiresAt: tx.Now().Add(Life),
	}
	if err := tx.InsertBinding(row); err != nil {
		return row, err
	}
	return row, audit.Record(tx, c.By.In(c.Session.ID), "binding.registered", audit.Detail{
		"binding_id": row.ID, "scope": row.Scope, "authorization_details_hash": hash, "summary": row.Summary,
	})
}

// Canonical is the one form of authorization_details, and its hash.
func Canonical(details []byte) (canonical []byte, hash string, err error) {
	if hash, err = stepup.HashDetails(details); err == nil {
		canonical, err = stepup.Canonical(details)
	}
	if err != nil {
		return nil, "", fault.New(fault.InvalidAuthorizationDetails, "These cannot be confirmed: %v.", err)
	}
	if _, err := strictjson.Parse(canonical, MaxDepth); err != nil || len(canonical) > MaxDetails {
		return nil, "", fault.New(fault.InvalidAuthorizationDetails, "authorizationDetails may have at most %d bytes and be nested %d "+
			"deep. Leave out what need not be confirmed, or put a hash of it in.", MaxDetails, MaxDepth)
	}
	return canonical, hash, nil
}

// Find reads a binding that the caller's session may still confirm, for a challenge that
// is to be about it.
func Find(c who.Caller, tx *store.Tx, id string) (store.BindingRow, error) {
	if c.Session == nil {
		return store.BindingRow{}, fault.New(fault.InvalidBinding,
			"A transaction is confirmed inside a session. Sign in first, without a bindingId.")
	}
	row, err := tx.OpenBinding(c.Tenant.ID, id, c.Session.UserID, c.Session.ID)
	if errors.Is(err, store.ErrNotFound) {
		err = unknown()
	}
	return row, err
}

// Confirm takes a binding for the token that is being minted, once.
func Confirm(c who.Caller, tx *store.Tx, id string) (store.BindingRow, error) {
	row, err := tx.ConsumeBinding(c.Tenant.ID, id, c.Session.UserID, c.Session.ID)
	if errors.Is(err, store.ErrNotFound) {
		err = unknown()
	}
	return row, err
}

func unknown() *fault.Error {
	return fault.New(fault.InvalidBinding,
		"This bindingId is unknown, expired, confirmed already or was registered in another session. Register the transaction again.")
}

func unshowable(why string, args ...any) *fault.Error {
	return fault.New(fault.InvalidAuthorizationDetails, "This transaction cannot be shown in full: "+why+
		". Shorten it, or have the operator give the scope a summary that names what matters.", args...)
}
