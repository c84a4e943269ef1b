package account

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// New is a user as an operator describes them.
type New struct {
	Addresses  []Address
	ExternalID string // what the person is called elsewhere; empty: nothing
	Profile    ProfileChange
}

// Create makes a user on an operator's word. None of their addresses counts until the
// person has signed in with one, by proving it, which confirms that one alone: nobody
// else is the user by it, whoever made them.
func Create(c who.Caller, tx *store.Tx, n New) (userID string, err error) {
	if len(n.Addresses) == 0 {
		return "", fault.New(fault.InvalidRequest, "Say an email address or a phone number: without any, nobody can sign in.")
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	user := store.UserRow{ID: id.String(), EnvironmentID: c.Tenant.ID, ExternalID: n.ExternalID}
	if user.Username, user.Profile, err = n.Profile.Described(); err != nil {
		return "", err
	}
	if n.ExternalID != "" {
		if _, err := tx.UserByExternalID(c.Tenant.ID, n.ExternalID); !errors.Is(err, store.ErrNotFound) {
			return "", orConflict(err, "There is a user with this external id.")
		}
	}
	for _, a := range n.Addresses {
		if _, err := tx.CredentialByIdentifier(c.Tenant.ID, a.Format, a.Identifier); !errors.Is(err, store.ErrNotFound) {
			return "", orConflict(err, "Another user has "+a.Written+".")
		}
	}
	if err := tx.InsertUser(user); err != nil {
		if store.IsUnique(err) {
			return "", fault.New(fault.UsernameAlreadyExists, "This username is taken. Choose another one.").Because(err)
		}
		return "", err
	}
	c = c.Concerning(user.ID)
	if err := audit.Record(tx, c.By, "user.created", nil); err != nil {
		return "", err
	}
	for _, a := range n.Addresses {
		if _, err := insert(c, tx, a, Authority{Provenance: store.ProvenanceOperator}, ""); err != nil {
			return "", err
		}
	}
	return user.ID, nil
}

// orConflict is the error of a look-up, or a refusal because it found something.
func orConflict(err error, says string) error {
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "%s", says)
}

// Invitations bound how often an address is invited, how many people one operator or
// service token invites, and how many the environment does. They are documented in
// docs/limits.md.
var (
	Invitations        = environment.Rate{Count: 5, Per: environment.Duration(24 * time.Hour)}
	InvitationsBy      = environment.Rate{Count: 200, Per: environment.Duration(24 * time.Hour)}
	InvitationsAtLarge = environment.Rate{Count: 1000, Per: environment.Duration(24 * time.Hour)}
)

// Invite tells somebody who was never here that there is an account for them, and where
// to sign in; an empty appURL says no place. The mail lets nobody in: a code, sent to the
// address when they sign in, does.
func Invite(c who.Caller, tx *store.Tx, appURL string) (address string, err error) {
	user, err := tx.LockUser(c.Tenant.ID, c.UserID())
	if err != nil {
		return "", err
	}
	rows, err := tx.Credentials(c.Tenant.ID, user.ID)
	if err != nil {
		return "", err
	}
	switch {
	case !NeverSignedIn(user, rows):
		return "", fault.New(fault.Conflict, "The user has signed in already, and needs no invitation.")
	case !user.DisabledAt.IsZero():
		return "", fault.New(fault.Conflict, "The account is disabled. Enable it first.")
	}
	for _, row := range rows {
		if row.Format != store.FormatEmail {
			continue
		}
		if err := withinInvitations(c, tx, row.Identifier); err != nil {
			return "", err
		}
		news := News{mail: func(n deliver.Notice) deliver.Message { return deliver.InviteUser(n, appURL) }}
		if err := Notify(c, tx, row, deliver.Notice{At: tx.Now()}, news); err != nil {
			return "", err
		}
		return row.PublicIdentifier, audit.Record(tx, c.By, "user.invited", audit.Detail{"credential_id": row.ID})
	}
	return "", fault.New(fault.InvalidRequest, "The user has no email address to be invited at. Tell them by other means: they sign in "+
		"with what they have.")
}

// withinInvitations counts by the address and not by the user, who is deleted and made
// again at will.
func withinInvitations(c who.Caller, tx *store.Tx, address string) error {
	refused, wait, err := limit.TakeAll(tx,
		limit.Bound{Name: "to this address", Key: limit.For(tx, "invited", c.Tenant.ID, address), Rate: Invitations},
		limit.Bound{Name: "by you", Key: limit.For(tx, "inviter", c.Tenant.ID, c.By.Actor), Rate: InvitationsBy},
		limit.Bound{Name: "in this environment", Key: limit.For(tx, "invitations", c.Tenant.ID), Rate: InvitationsAtLarge})
	if err != nil || refused == nil {
		return err
	}
	return fault.AtLimit("invitations", fault.RateLimited,
		"%d invitations %s were mailed within a day. Wait %s, or tell them by other means: they sign in with their address, and need no "+
			"invitation.", refused.Rate.Count, refused.Name, fault.Spoken(wait)).After(wait)
}
