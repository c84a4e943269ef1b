package door

import (
	"errors"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// identify finds the live session of the bearer token, and in the same transaction
// what then wants to know of it; nil: it is one statement, which needs none. A 401 means
// just one thing: there is no such session any more.
func identify(c *Call, then func(*store.Tx)) error {
	text := sessionToken(c)
	if text == "" {
		return fault.New(fault.SignInRequired, "Sign in first: send the session token as Authorization: Bearer.")
	}
	if err := checkCookie(c); err != nil {
		return err
	}
	dead := fault.New(fault.InvalidSession, "This session is over or the token is not a session token. Sign in again.")
	claims, err := c.Tenant.Verifier.Session(c.Context(), text)
	if errors.Is(err, stepup.ErrUnavailable) {
		return err
	}
	if err != nil {
		return dead.Because(err)
	}
	if claims.EnvironmentID != c.Tenant.ID {
		return dead.Because(errors.New("token of another environment"))
	}
	c.claimed = claims.Session
	read := c.Read
	if then == nil {
		read = c.Glance
	}
	err = read(func(tx *store.Tx) error {
		err := c.Enter(tx, claims.Session, claims.Subject)
		if errors.Is(err, store.ErrNotFound) {
			return dead
		}
		if err == nil {
			err = checkMeant(c, claims.Session)
		}
		if err == nil && then != nil {
			then(tx)
		}
		return err
	})
	return err
}

// Enter lets the call act in a live session of the user, whatever stands for it: its
// token, or the cookie of a prompt that it made. ErrNotFound: there is no such session.
func (c *Call) Enter(tx *store.Tx, sessionID, userID string) error {
	known, inForce, err := account.SignedIn(tx, c.Tenant, sessionID)
	if err == nil && known.User().ID != userID {
		err = store.ErrNotFound
	}
	if err != nil {
		return err
	}
	session := known.Session()
	c.Session, c.Tenant, c.Known, c.Owes = &session, inForce, known, known.Owes(inForce.Environment)
	c.By.Actor, c.By.UserID, c.By.SessionID = "user:"+session.UserID, session.UserID, session.ID
	c.confirmed = true
	return nil
}

// identifyService finds the service token of a guard or an operator.
func identifyService(c *Call) error {
	if c.door.host != nil {
		c.Service, c.By.EnvironmentID = serviceauth.OfHost(), c.Path("environmentId")
		return nil
	}
	var token *serviceauth.Token
	err := c.Glance(func(tx *store.Tx) (err error) {
		token, err = serviceauth.Check(tx, secret.Text(c.Bearer()))
		return err
	})
	if errors.Is(err, serviceauth.ErrInvalid) {
		return fault.New(fault.InvalidServiceToken,
			"Send a live service token as Authorization: Bearer stp_…; make one with `stepup token create`.")
	}
	if err != nil {
		return err
	}
	c.door.Uses.Saw(token, c.door.Now())
	environmentID := c.Path("environmentId")
	if environmentID == "" {
		environmentID = token.EnvironmentID()
	}
	if scope := c.route.Gate.Service; !token.May(scope, environmentID) {
		return fault.New(fault.InsufficientServiceScope, "This service token does not carry %s for this environment.", scope)
	}
	if only := token.EnvironmentID(); c.route.Gate.All && only != "" {
		return fault.New(fault.InsufficientServiceScope, "This is about all environments, and the service token is for %s alone: ask "+
			"about that one.", only)
	}
	c.Service = token
	c.By.Actor, c.By.EnvironmentID = "service:"+token.ID(), environmentID
	return nil
}
