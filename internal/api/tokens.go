package api

import (
	"encoding/json"
	"errors"
	"net/url"
	"regexp"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// guardRoutes are what guards of other APIs call.
func guardRoutes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/tokens/consume", Section: "ours",
			Summary: "Spend an elevated token for one operation",
			Gate:    door.Service(serviceauth.TokensConsume),
			Handler: door.Handle(consume),
		},
		{
			Method: "POST", Path: door.SDK + "/tokens/introspect", Section: "RFC 7662",
			Summary: "Is this token good right now",
			Gate:    door.Service(serviceauth.TokensConsume), Form: true,
			Handler: door.Handle(introspect),
		},
	}
}

// ConsumeRequest is a guard's question: may this one operation happen now?
type ConsumeRequest struct {
	Token         string `json:"token"`
	Scope         string `json:"scope"`
	OperationID   string `json:"operationId"`        // made by the guard, never by its client
	RequestDigest string `json:"requestDigest"`      // of what is to be done
	Audience      string `json:"audience,omitempty"` // who the guard is; given, the token must be for it

	// What is to be done, for a bound token: the hash, or in full.
	AuthorizationDetailsHash string                       `json:"authorizationDetailsHash,omitempty"`
	AuthorizationDetails     []map[string]json.RawMessage `json:"authorizationDetails,omitempty"`
}

// ConsumeResponse says first, which is a permission, or replayed, which is not.
type ConsumeResponse struct {
	Result        string   `json:"result"`
	ID            string   `json:"jti"`
	Subject       string   `json:"sub"`
	Session       string   `json:"sid"`
	EnvironmentID string   `json:"environment_id"`
	Scope         string   `json:"scope"`
	Audience      string   `json:"aud"`
	Expires       int64    `json:"exp"`
	AuthTime      int64    `json:"auth_time"`
	ACR           string   `json:"acr"`
	AMR           []string `json:"amr"`
	CredentialID  string   `json:"credential_id"`

	AuthorizationDetails     []map[string]json.RawMessage `json:"authorization_details,omitempty"` // what the token is bound to
	AuthorizationDetailsHash string                       `json:"authorization_details_hash,omitempty"`
	Displayed                *bool                        `json:"displayed,omitempty"` // and whether the person was shown it
}

var (
	operationIDRule = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)
	digestRule      = regexp.MustCompile(`^[!-~]{1,256}$`)
)

func consume(c *door.Call, r ConsumeRequest) (ConsumeResponse, error) {
	if !operationIDRule.MatchString(r.OperationID) {
		return ConsumeResponse{}, fault.New(fault.InvalidRequest,
			"operationId must be 1 to 128 letters, digits, dots, colons, dashes or underscores, made by you.")
	}
	c.Repeatable = true
	if !digestRule.MatchString(r.RequestDigest) {
		return ConsumeResponse{}, fault.New(fault.InvalidRequest,
			"requestDigest must be 1 to 256 printable characters, such as a SHA-256 of the request.")
	}
	if err := door.Need("scope", r.Scope); err != nil {
		return ConsumeResponse{}, err
	}
	scope := stepup.Scope(r.Scope)
	if !c.Service.MayConsume(scope) {
		return ConsumeResponse{}, fault.New(fault.InsufficientServiceScope, "This service token may not consume tokens of this scope.")
	}
	demand := enforce.Demand{Scope: scope, Operation: r.OperationID}
	if err := r.about(&demand); err != nil {
		return ConsumeResponse{}, err
	}
	c.Elevated = who.Present(c.Context(), c.Tenant, r.Token)
	guarded := enforce.GuardedOperation{RequestDigest: r.RequestDigest, Guard: c.Service.ID(), Audience: r.Audience}
	var opened enforce.Opened
	err := c.Write(func(tx *store.Tx) (err error) {
		opened, err = enforce.Spend(c.Caller, tx, demand, guarded)
		return err
	})
	if err != nil {
		return ConsumeResponse{}, err
	}
	result := "first"
	if opened.Replayed {
		result = "replayed"
	}
	claims, _ := c.Elevated.Claims()
	answer := ConsumeResponse{
		Result: result, ID: claims.ID, Subject: claims.Subject, Session: claims.Session, EnvironmentID: claims.EnvironmentID,
		Scope: joinScopes(claims.Scopes), Audience: claims.Audience[0], Expires: claims.Expires.Unix(), AuthTime: claims.AuthTime.Unix(),
		ACR: claims.ACR, AMR: claims.AMR, CredentialID: claims.CredentialID,
	}
	answer.AuthorizationDetails, answer.AuthorizationDetailsHash, answer.Displayed, err = boundTo(claims)
	return answer, err
}

var detailsHashRule = regexp.MustCompile(`^[0-9a-f]{64}$`)

// about tells the gate what the operation does.
func (r ConsumeRequest) about(d *enforce.Demand) error {
	switch {
	case r.AuthorizationDetailsHash != "" && r.AuthorizationDetails != nil:
		return fault.New(fault.InvalidRequest, "Send authorizationDetails or their hash, not both.")
	case r.AuthorizationDetails != nil:
		details, err := json.Marshal(r.AuthorizationDetails)
		if err != nil {
			return err
		}
		details, d.DetailsHash, err = binding.Canonical(details)
		d.Within = func(rule policy.Binding) bool { return len(details) > 0 && !rule.Details(details) }
		return err
	case r.AuthorizationDetailsHash != "" && !detailsHashRule.MatchString(r.AuthorizationDetailsHash):
		return fault.New(fault.InvalidRequest,
			"authorizationDetailsHash must be SHA-256 over the canonical form (RFC 8785), as 64 hexadecimal digits in lower case.")
	default:
		d.DetailsHash = r.AuthorizationDetailsHash
	}
	return nil
}

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
	active, scope := false, ""
	err := c.Read(func(tx *store.Tx) error {
		known, inForce, err := account.SignedIn(tx, c.Tenant, claims.Session)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		active = err == nil && known.User().ID == claims.Subject && claims.EnvironmentID == c.Tenant.ID
		scope = account.SessionScope(inForce.Environment, known.Credentials(), known.Session())
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

func joinScopes(scopes []stepup.Scope) string {
	text := ""
	for i, scope := range scopes {
		if i > 0 {
			text += " "
		}
		text += string(scope)
	}
	return text
}
