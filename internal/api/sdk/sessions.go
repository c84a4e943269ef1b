package sdk

import (
	"errors"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

// sessionRoutes renew, end and show a session.
func (a *API) sessionRoutes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/refresh", Section: "wire 14",
			Summary: "Renew the session's tokens",
			Gate:    door.SignedIn(), Owing: true, Unregistered: true, Device: true,
			Handler: door.Handle(a.refresh),
		},
		{
			Method: "POST", Path: door.SDK + "/revoke", Section: "wire 14",
			Summary: "End the session and its elevated tokens",
			Gate:    door.SignedIn(), Owing: true, Unregistered: true,
			Handler: door.Handle(revoke),
		},
		{
			Method: "GET", Path: door.SDK + "/session", Section: "wire 14",
			Summary: "The session, if it lives",
			Gate:    door.SignedIn(), Owing: true,
			Handler: door.Handle(getSession),
		},
	}
}

func (a *API) refresh(c *door.Call, _ door.None) (VerifyResponse, error) {
	var signed signin.Signed
	err := c.Write(func(tx *store.Tx) (err error) {
		if c.Session.Unregistered { // it may say only now which device it is on
			if signed, err = signin.Recognise(c.Caller, tx, c.ThisDevice()); !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		signed, err = signin.RefreshChanged(c.Caller, tx, store.Proved{})
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return VerifyResponse{}, fault.New(fault.InvalidSession, "This session is over. Sign in again.")
	}
	if err != nil {
		return VerifyResponse{}, err
	}
	return a.verified(c, signed)
}

func revoke(c *door.Call, _ door.None) (door.None, error) {
	reason := c.Header("x-dyn-logout-reason")
	if !logoutReasons[reason] {
		reason = "user-intent"
	}
	c.Forget()
	return door.None{}, c.Write(func(tx *store.Tx) error {
		return session.Revoke(c.Caller, tx, reason)
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

func getSession(c *door.Call, _ door.None) (SessionState, error) {
	return SessionState{ID: c.Session.ID, UserID: c.Session.UserID, ExpiresAt: c.Session.ExpiresAt.Unix()}, nil
}
