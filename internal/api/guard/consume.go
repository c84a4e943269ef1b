package guard

import (
	"encoding/json"
	"errors"
	"regexp"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

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

func (a *API) consume(c *door.Call, r ConsumeRequest) (ConsumeResponse, error) {
	answer, err := consume(c, r)
	if a.Consumed != nil && !errors.Is(err, tenant.ErrRevised) { // then it is served again
		a.Consumed(resultOf(answer, err))
	}
	return answer, err
}

// resultOf is what came of it in a word.
func resultOf(answer ConsumeResponse, err error) string {
	switch refused := store.RefusalOf(err); {
	case err == nil:
		return answer.Result
	case refused != nil && refused.Code.Status() < 500:
		return "refused"
	}
	return "unknown"
}

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
	demand := enforce.Demand{Scope: scope, OperationID: r.OperationID}
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
