package api

import (
	"errors"
	"strings"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/external"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

func externalRoutes() []Route {
	return []Route{
		{Method: "POST", Path: sdk + "/externalAuth/signin", Gate: Gate{Kind: PublicGate}, Device: true, Section: "wire 13",
			Summary: "Sign in with a JWT of your own login", handler: handle(externalSignIn)},
		{Method: "POST", Path: sdk + "/externalAuth/verify", Gate: Gate{Kind: SessionGate}, Owing: true, Section: "wire 13, 11.2",
			Summary: "Step up with a signed assertion of your own login", handler: handle(externalVerify)},
	}
}

// ExternalSignInRequest carries a JWT of the external login.
type ExternalSignInRequest struct {
	JWT              string `json:"jwt"`
	SessionPublicKey string `json:"sessionPublicKey,omitempty"`
}

func externalSignIn(c *Call, r ExternalSignInRequest) (VerifyResponse, error) {
	token, err := c.externalToken(r.JWT)
	if err != nil {
		return VerifyResponse{}, c.explainExternal(err)
	}
	return c.signInWith(external.SignIn{Token: token}, method.Attempt{Tenant: c.Tenant, Source: c.Source}, r.SessionPublicKey, false)
}

// ExternalVerifyRequest carries an assertion: sub, scope, jti, iat, exp, and
// binding_hash when it confirms a transaction.
type ExternalVerifyRequest struct {
	JWT       string `json:"jwt"`
	BindingID string `json:"bindingId,omitempty"` // the transaction whose hash the assertion carries as binding_hash
}

// ExternalVerifyResponse is the token that the assertion was exchanged for.
type ExternalVerifyResponse struct {
	ElevatedAccessToken string `json:"elevatedAccessToken"`
}

func externalVerify(c *Call, r ExternalVerifyRequest) (ExternalVerifyResponse, error) {
	token, err := c.externalToken(r.JWT)
	if err != nil {
		return ExternalVerifyResponse{}, c.explainExternal(err)
	}
	scopes := token.Scopes()
	if len(scopes) == 0 {
		return ExternalVerifyResponse{}, fault.New(fault.InvalidExternalAuth,
			"An assertion names in scope what it is for, such as wallet:export.")
	}
	answer, err := c.proveWith(external.Assertion{Token: token},
		method.Attempt{Tenant: c.Tenant, Session: c.Session, Source: c.Source, BindingID: r.BindingID}, scopes, nil)
	return ExternalVerifyResponse{answer.ElevatedAccessToken}, invalidExternal(c.explainExternal(err))
}

func (c *Call) externalToken(jwt string) (external.Token, error) {
	if jwt == "" {
		return external.Token{}, fault.New(fault.InvalidExternalAuth, "The member jwt is missing.")
	}
	return external.Verify(c.ctx, c.api.keys, c.Tenant, c.api.Now(), jwt)
}

// explainExternal tells in development, and whoever shows a service token of this
// environment, what is wrong with a token of the external login. Strangers learn
// nothing but that it is refused.
func (c *Call) explainExternal(err error) error {
	if err == nil || c.api.Development {
		return external.Explain(err)
	}
	text := bearer(c.request)
	if !strings.HasPrefix(text, serviceauth.Prefix) {
		return err
	}
	var token *serviceauth.Token
	failed := c.Read(func(tx *store.Tx) (err error) {
		token, err = serviceauth.Check(tx, secret.Text(text))
		return err
	})
	if failed != nil || !token.May(serviceauth.EnvironmentsRead, c.Tenant.ID) {
		return err
	}
	return external.Explain(err)
}

// invalidExternal gives every no to an assertion the one code that clients know
// for it, and keeps the sentence.
func invalidExternal(err error) error {
	var refused *fault.Error
	if errors.As(err, &refused) && refused.Code.Status() == 422 {
		return fault.New(fault.InvalidExternalAuth, "%s", refused.Message).Because(err)
	}
	return err
}
