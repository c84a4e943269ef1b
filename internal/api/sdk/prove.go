package sdk

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

// VerifyResponse answers every sign-in, verification and refresh (wire
// reference 4.1).
type VerifyResponse = signin.VerifyResponse

// UpdateSelfResponse also says what to do next.
type UpdateSelfResponse struct {
	VerifyResponse
	NextView          string             `json:"nextView"` // done, verify-email or verify-sms
	EmailVerification *EmailVerification `json:"emailVerification,omitempty"`
	SMSVerification   *SMSVerification   `json:"smsVerification,omitempty"`
}

// EmailVerification names a code that was sent.
type EmailVerification struct {
	VerificationUUID string `json:"verificationUUID"`
	Email            string `json:"email"`
}

// SMSVerification names a code that was sent.
type SMSVerification struct {
	VerificationUUID string `json:"verificationUUID"`
	PhoneNumber      string `json:"phoneNumber"` // as its country writes it, digits only
	PhoneCountryCode string `json:"phoneCountryCode"`
	ISOCountryCode   string `json:"isoCountryCode"`
}

// signInWith runs an attempt made without a session and opens one from its proof.
func (a *API) signInWith(c *door.Call, m method.Method, attempt method.Attempt, sessionPublicKey string, mayLinkFactor bool) (
	VerifyResponse, error,
) {
	device, err := c.Device(sessionPublicKey)
	if err != nil {
		return VerifyResponse{}, err
	}
	return a.check(c, m, attempt, func(tx *store.Tx, proof method.Proof) (signin.Signed, error) {
		return signin.In(c.Caller, tx, proof, device, mayLinkFactor)
	})
}

// proveWith runs an attempt made inside a session, for the scopes that it asks for
// or, without any, for what the step says.
func (a *API) proveWith(c *door.Call, m method.Method, attempt method.Attempt, scopes []string, s signin.Step) (VerifyResponse, error) {
	var err error
	if s.Scopes, err = elevate.ParseScopes(c.Tenant, scopes); err != nil {
		return VerifyResponse{}, err
	}
	s.Owes = c.Owes
	return a.check(c, m, attempt, func(tx *store.Tx, proof method.Proof) (signin.Signed, error) {
		return signin.Prove(c.Caller, tx, proof, s)
	})
}

// check runs an attempt and answers with what its proof is good for.
func (a *API) check(
	c *door.Call, m method.Method, attempt method.Attempt, then func(*store.Tx, method.Proof) (signin.Signed, error),
) (VerifyResponse, error) {
	var signed signin.Signed
	err := method.Check(c.Context(), a.DB, m, attempt, func(tx *store.Tx, proof method.Proof) (err error) {
		signed, err = then(tx, proof)
		return err
	})
	if err != nil {
		return VerifyResponse{}, err
	}
	a.count(m.Kind(), "proved")
	return a.verified(c, signed)
}

// changed runs a change of what the user has and answers with the user as it then is.
func (a *API) changed(c *door.Call, change func(*store.Tx) error) (VerifyResponse, error) {
	var signed signin.Signed
	err := c.Write(func(tx *store.Tx) (err error) {
		if err = change(tx); err != nil {
			return err
		}
		signed, err = signin.RefreshChanged(c.Caller, tx, store.Proved{})
		return err
	})
	if err != nil {
		return VerifyResponse{}, err
	}
	return a.verified(c, signed)
}

// verified signs the answer, after the transaction, and puts the session's token
// where clients of the environment find it.
func (a *API) verified(c *door.Call, s signin.Signed) (VerifyResponse, error) {
	now := a.Now()
	signed, err := s.Sign(c.Tenant, now)
	if err != nil {
		return VerifyResponse{}, err
	}
	return signed.Response(c.Keep(signed.Session.Minified, signed.Session.Expires.Sub(now))), nil
}

// removeFactor takes a factor away that is one of the user's own. Its gate asks for
// a token whatever the version: a means of proof was never free.
func (a *API) removeFactor(c *door.Call, id string, own func(*store.Tx) error) error {
	err := c.Write(func(tx *store.Tx) error {
		return signin.Remove(c.Caller, tx, id, own, c.Spending(stepup.CredentialUnlink, ""))
	})
	return err
}
