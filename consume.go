package stepup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/jose"
)

// A Result says what a successful [Client.Consume] found.
type Result string

const (
	// First means that this operation has just been let through. Only First is a
	// permission to act.
	First Result = "first"
	// Replayed means that the same operation was let through before: by a
	// duplicate of it, or by a try whose answer was lost. Acting on it would be
	// acting twice.
	Replayed Result = "replayed"
)

// ConsumeRequest asks the issuer to let one operation through. Token, Scope,
// OperationID and RequestDigest are required.
type ConsumeRequest struct {
	Token string // the elevated access token
	Scope Scope  // what the operation is
	// OperationID names the operation: 1 to 128 of [A-Za-z0-9._:-], made by the
	// guard and never taken from the client as it is.
	OperationID string
	// RequestDigest stands for what the operation does: 1 to 256 visible ASCII
	// characters. The same id with another digest is refused.
	RequestDigest string
	// Audience is the one you act as. Empty means that of the token's scope.
	Audience string
	// AuthorizationDetailsHash is [HashDetails] of what the operation does, for a
	// token that is bound: without it such a token is refused, and with it one
	// that is bound to something else.
	AuthorizationDetailsHash string
	// AuthorizationDetails says the same in full, in place of the hash. The issuer
	// then knows amounts, and lets small ones through with an unbound token where
	// the scope's policy is to bind those above a limit.
	AuthorizationDetails []byte
}

// Consumption is the issuer's answer to a [ConsumeRequest].
type Consumption struct {
	Result        Result
	ID            string // jti of the token
	Subject       string
	Session       string
	EnvironmentID string
	Scopes        []Scope
	Audience      []string
	Expires       time.Time
	AuthTime      time.Time
	ACR           string
	AMR           []string
	CredentialID  string

	AuthorizationDetails     []byte // what the token is bound to; empty: nothing
	AuthorizationDetailsHash string
	Displayed                bool // the user was shown it by what confirmed it
}

var (
	consumptionNames = []string{"result", "jti", "sub", "sid", "environment_id", "scope", "aud", "exp",
		"auth_time", "acr", "amr", "credential_id", "authorization_details", "authorization_details_hash", "displayed"}
	errAnswer = errors.New("issuer's answer is not understood")
)

// Consume spends a token for one operation: of any number of calls with one
// single-use token, exactly one operation id is ever let through, and of any
// number of calls with one operation id exactly one is told [First]. A
// time-bound token may serve many operations.
//
// Errors are [ErrDenied]: one with a [Reason] when the token is refused,
// [ErrConflict], [ErrServiceToken], or [ErrUnavailable] when the outcome is not
// known. After the latter the token may be spent. A call that gets no answer is
// repeated once under the same operation id, which is safe; if the first try
// had got through, the answer to the second is Replayed.
func (c *Client) Consume(ctx context.Context, request ConsumeRequest) (Consumption, error) {
	if err := request.check(); err != nil {
		return Consumption{}, fmt.Errorf("consuming token: %w", err)
	}
	body, err := json.Marshal(struct {
		Token         string `json:"token"`
		Scope         Scope  `json:"scope"`
		OperationID   string `json:"operationId"`
		RequestDigest string `json:"requestDigest"`
		Audience      string `json:"audience,omitempty"`

		AuthorizationDetailsHash string          `json:"authorizationDetailsHash,omitempty"`
		AuthorizationDetails     json.RawMessage `json:"authorizationDetails,omitempty"`
	}{
		request.Token, request.Scope, request.OperationID, request.RequestDigest, request.Audience,
		request.AuthorizationDetailsHash, request.AuthorizationDetails,
	})
	if err != nil {
		return Consumption{}, fmt.Errorf("consuming token: %w", err)
	}
	status, answer, err := c.post(ctx, "/tokens/consume", "application/json", body)
	if err != nil && ctx.Err() == nil {
		status, answer, err = c.post(ctx, "/tokens/consume", "application/json", body)
	}
	if err != nil {
		return Consumption{}, fmt.Errorf("consuming token: %w: %w", ErrUnavailable, err)
	}
	if status != http.StatusOK {
		return Consumption{}, fmt.Errorf("consuming token: %w", refused(status, answer))
	}
	consumption, err := parseConsumption(answer)
	if err != nil {
		return Consumption{}, fmt.Errorf("consuming token: %w: %w", ErrUnavailable, err)
	}
	return consumption, nil
}

func (r ConsumeRequest) check() error {
	switch {
	case r.Token == "" || !printable(r.Token, MaxTokenLength):
		return ErrInvalid
	case !r.Scope.Valid():
		return fmt.Errorf("%w: %.40q is not a scope", ErrDenied, string(r.Scope))
	case !validOperationID(r.OperationID):
		return fmt.Errorf("%w: the operation id must be 1 to 128 of A-Z a-z 0-9 . _ : -", ErrDenied)
	case r.AuthorizationDetailsHash != "" && (len(r.AuthorizationDetailsHash) != 64 || !printable(r.AuthorizationDetailsHash, 64)):
		return fmt.Errorf("%w: the hash must be that of HashDetails", ErrDenied)
	case r.AuthorizationDetailsHash != "" && len(r.AuthorizationDetails) > 0:
		return fmt.Errorf("%w: name authorization_details or their hash, not both", ErrDenied)
	case r.RequestDigest == "" || !printable(r.RequestDigest, 256):
		return fmt.Errorf("%w: the request digest must be 1 to 256 visible ASCII characters", ErrDenied)
	}
	return nil
}

func validOperationID(id string) bool {
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '_', c == ':', c == '-':
		default:
			return false
		}
	}
	return len(id) >= 1 && len(id) <= 128
}

func parseConsumption(answer []byte) (Consumption, error) {
	r, err := jose.ParseClaims(answer, consumptionNames)
	if err != nil {
		return Consumption{}, errAnswer
	}
	c := Consumption{
		Result:        Result(r.Text("result")),
		ID:            r.Text("jti"),
		Subject:       r.Text("sub"),
		Session:       r.Text("sid"),
		EnvironmentID: r.Text("environment_id"),
		Audience:      r.Audience(),
		Expires:       time.Unix(r.Seconds("exp"), 0),
		AuthTime:      time.Unix(r.Seconds("auth_time"), 0),
		ACR:           r.Text("acr"),
		AMR:           r.Texts("amr"),
		CredentialID:  r.Optional("credential_id"),
	}
	for _, scope := range strings.Fields(r.Text("scope")) {
		c.Scopes = append(c.Scopes, Scope(scope))
	}
	if details := r.Get("authorization_details"); details.Exists() {
		c.AuthorizationDetails = slices.Clone(details.Raw())
		c.AuthorizationDetailsHash, c.Displayed = r.Text("authorization_details_hash"), r.Boolean("displayed")
	}
	if r.Err() != nil || (c.Result != First && c.Result != Replayed) {
		return Consumption{}, errAnswer
	}
	return c, nil
}
