package sdk

import (
	"errors"
	"strings"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/external"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

func (a *API) externalRoutes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/externalAuth/signin", Section: "wire 13",
			Summary: "Sign in with a JWT of your own login",
			Gate:    door.Public(), Device: true,
			Handler: door.Handle(a.externalSignIn),
		},
		{
			Method: "POST", Path: door.SDK + "/externalAuth/verify", Section: "wire 13, 11.2",
			Summary: "Step up with a signed assertion of your own login",
			Gate:    door.SignedIn(), Owing: true,
			Handler: door.Handle(a.externalVerify),
		},
	}
}

// ExternalSignInRequest carries a JWT of the external login.
type ExternalSignInRequest struct {
	JWT              string `json:"jwt"`
	SessionPublicKey string `json:"sessionPublicKey,omitempty"`
}

func (a *API) externalSignIn(c *door.Call, r ExternalSignInRequest) (VerifyResponse, error) {
	token, err := a.externalToken(c, r.JWT)
	if err != nil {
		return VerifyResponse{}, a.explainExternal(c, err)
	}
	return a.signInWith(c, external.SignIn{Token: token}, method.Attempt{Caller: c.Caller}, r.SessionPublicKey, false)
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

func (a *API) externalVerify(c *door.Call, r ExternalVerifyRequest) (ExternalVerifyResponse, error) {
	token, err := a.externalToken(c, r.JWT)
	if err != nil {
		return ExternalVerifyResponse{}, a.explainExternal(c, err)
	}
	scopes := token.Scopes()
	if len(scopes) == 0 {
		return ExternalVerifyResponse{}, fault.New(fault.InvalidExternalAuth,
			"An assertion names in scope what it is for, such as wallet:export.")
	}
	answer, err := a.proveWith(c, external.Assertion{Token: token},
		method.Attempt{Caller: c.Caller, BindingID: r.BindingID}, scopes, signin.Step{})
	return ExternalVerifyResponse{answer.ElevatedAccessToken}, invalidExternal(a.explainExternal(c, err))
}

func (a *API) externalToken(c *door.Call, jwt string) (external.Token, error) {
	if jwt == "" {
		return external.Token{}, fault.New(fault.InvalidExternalAuth, "The member jwt is missing.")
	}
	return external.Verify(c.Context(), a.keys, c.Tenant, a.Now(), jwt)
}

// explainExternal tells in development, and whoever shows a service token of this
// environment, what is wrong with a token of the external login. Strangers learn
// nothing but that it is refused.
func (a *API) explainExternal(c *door.Call, err error) error {
	if err == nil || a.Development {
		return external.Explain(err)
	}
	text := c.Bearer()
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
