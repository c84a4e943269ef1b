package api

import (
	"errors"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
)

func refresh(c *Call, _ none) (VerifyResponse, error) {
	var signed signedIn
	err := c.Write(func(tx *store.Tx) (err error) {
		signed, err = c.refreshed(tx, "")
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return VerifyResponse{}, fault.New(fault.InvalidSession, "This session is over. Sign in again.")
	}
	if err != nil {
		return VerifyResponse{}, err
	}
	return c.verified(signed)
}

func revoke(c *Call, _ none) (none, error) {
	reason := c.request.Header.Get("x-dyn-logout-reason")
	if !logoutReasons[reason] {
		reason = "user-intent"
	}
	if c.byCookie {
		c.cookie = c.noCookie()
	}
	return none{}, c.Write(func(tx *store.Tx) error {
		return session.Revoke(tx, c.By, c.Tenant, c.Session.ID, reason)
	})
}

// logoutReasons is the closed list of wire reference 14.
var logoutReasons = map[string]bool{
	"user-intent": true, "token-expired": true, "keychain-migration-failed": true, "keychain-key-missing": true,
	"session-refresh-unauthorized": true, "user-refresh-failed": true, "user-deleted": true, "device-revoked": true,
	"all-devices-revoked": true, "business-account-ownership-transferred": true,
}

// SessionState says that a session is live, and until when.
type SessionState struct {
	ID        string `json:"id"`
	UserID    string `json:"userId"`
	ExpiresAt int64  `json:"expiresAt"` // unix seconds
}

func getSession(c *Call, _ none) (SessionState, error) {
	return SessionState{ID: c.Session.ID, UserID: c.Session.UserID, ExpiresAt: c.Session.ExpiresAt.Unix()}, nil
}
