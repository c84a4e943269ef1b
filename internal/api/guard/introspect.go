package guard

import (
	"encoding/json"
	"net/url"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// IntrospectRequest carries one token, as a form (RFC 7662 section 2.1) or JSON.
type IntrospectRequest struct {
	Token         string `json:"token"`
	TokenTypeHint string `json:"token_type_hint,omitempty"`
}

func (r *IntrospectRequest) DecodeForm(body string) error {
	values, err := url.ParseQuery(body)
	if err != nil || len(values["token"]) != 1 {
		return fault.New(fault.InvalidRequest, "Send exactly one form field token.")
	}
	r.Token = values.Get("token")
	return nil
}

// IntrospectResponse is that of RFC 7662 section 2.2. A token that is no good
// for whatever reason is just not active.
type IntrospectResponse struct {
	Active        bool     `json:"active"`
	Type          string   `json:"typ,omitempty"`
	Scope         string   `json:"scope,omitempty"`
	Subject       string   `json:"sub,omitempty"`
	Session       string   `json:"sid,omitempty"`
	Audience      []string `json:"aud,omitempty"`
	Issuer        string   `json:"iss,omitempty"`
	Expires       int64    `json:"exp,omitempty"`
	IssuedAt      int64    `json:"iat,omitempty"`
	ID            string   `json:"jti,omitempty"`
	EnvironmentID string   `json:"environment_id,omitempty"`
	SingleUse     *bool    `json:"singleUse,omitempty"`
	ACR           string   `json:"acr,omitempty"`
	AMR           []string `json:"amr,omitempty"`
	AuthTime      int64    `json:"auth_time,omitempty"`

	AuthorizationDetails     []map[string]json.RawMessage `json:"authorization_details,omitempty"`
	AuthorizationDetailsHash string                       `json:"authorization_details_hash,omitempty"`
	Displayed                *bool                        `json:"displayed,omitempty"`
}

func introspect(c *door.Call, r IntrospectRequest) (IntrospectResponse, error) {
	if r.Token == "" {
		return IntrospectResponse{}, fault.New(fault.InvalidRequest, "The member token is missing.")
	}
	if session, err := c.Tenant.Verifier.Session(c.Context(), r.Token); err == nil {
		return introspectSession(c, session)
	}
	c.Elevated = who.Present(c.Context(), c.Tenant, r.Token)
	var claims stepup.Claims
	var active bool
	err := c.Read(func(tx *store.Tx) (err error) {
		claims, active, err = enforce.Introspect(c.Caller, tx)
		return err
	})
	if err != nil || !active {
		return IntrospectResponse{}, err
	}
	for _, scope := range claims.Scopes {
		if !c.Service.MayConsume(scope) {
			return IntrospectResponse{}, nil
		}
	}
	answer := IntrospectResponse{
		Active: true, Type: "elevated+jwt", Scope: joinScopes(claims.Scopes), Subject: claims.Subject, Session: claims.Session,
		Audience: claims.Audience, Issuer: claims.Issuer, Expires: claims.Expires.Unix(), IssuedAt: claims.IssuedAt.Unix(), ID: claims.ID,
		EnvironmentID: claims.EnvironmentID, SingleUse: &claims.SingleUse, ACR: claims.ACR, AMR: claims.AMR,
		AuthTime: claims.AuthTime.Unix(),
	}
	answer.AuthorizationDetails, answer.AuthorizationDetailsHash, answer.Displayed, err = boundTo(claims)
	return answer, err
}

// introspectSession answers what the door would find: whether the session lives,
// and whether it still owes a second factor.
func introspectSession(c *door.Call, claims stepup.SessionClaims) (IntrospectResponse, error) {
	var scope string
	var active bool
	err := c.Read(func(tx *store.Tx) (err error) {
		scope, active, err = account.IntrospectSession(tx, c.Tenant, claims)
		return err
	})
	if err != nil || !active {
		return IntrospectResponse{}, err
	}
	return IntrospectResponse{
		Active: true, Type: "at+jwt", Scope: scope, Subject: claims.Subject, Session: claims.Session, Audience: claims.Audience,
		Issuer: claims.Issuer, Expires: claims.Expires.Unix(), IssuedAt: claims.IssuedAt.Unix(), EnvironmentID: claims.EnvironmentID,
	}, nil
}
