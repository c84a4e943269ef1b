package stepup

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Refusal is a request that was not let through, and how to say so. It
// teaches: a client that reads Code and Reason knows what to do next.
type Refusal struct {
	Status    int      // HTTP status
	Code      Code     // what went wrong
	Message   string   // what to do, in a sentence for people
	Scope     Scope    // what the request needs; empty if the refusal is not about a token
	Reason    Reason   // why the token sent was not enough; empty likewise
	SingleUse *bool    // whether the scope asks for a single-use token; nil if not known here
	Methods   []string // means of proof the user could use; nil if not known here, which leaves them out
	RequestID string   // stands in the answer's X-Request-Id and in its body
	// AuthorizationDetails is what the client has to register at the issuer, and
	// the user to confirm, where the request needs a token bound to it ([BoundTo]).
	AuthorizationDetails []byte
	// Err is the cause, for your log. It is never sent.
	Err error
}

// Write sends the refusal:
//
//	HTTP/1.1 403 Forbidden
//	WWW-Authenticate: Bearer error="insufficient_scope", scope="transfer:create"
//
//	{"error": "…", "code": "elevated_access_token_required", "requestId": "…",
//	 "payload": {"scope": "transfer:create", "reason": "missing", "requestId": "…"}}
//
// The header is that of RFC 6750 section 3; a 401 has one too. The payload has
// methods where the guard knows them; else ask the issuer's stepUp/check.
func (r Refusal) Write(w http.ResponseWriter) {
	switch {
	case r.Code == CodeElevatedAccessTokenRequired:
		w.Header().Set("WWW-Authenticate", challenge("error", "insufficient_scope", "scope", string(r.Scope)))
	case r.Code == CodeInvalidSession:
		w.Header().Set("WWW-Authenticate", challenge("error", "invalid_token"))
	case r.Status == http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	r.write(w)
}

// RFC9470 returns a responder for [GuardConfig].Refuse that asks for step-up in
// the words of RFC 9470 section 3, for clients that speak them: a 401 with the
// error insufficient_user_authentication, the acr values that would do (such as
// [ACRMFA]; may be empty) and the age a proof may have (left out when 0). The
// body and all other refusals are those of [Refusal.Write].
//
// Published clients of the Dynamic API sign the user out at a 401: keep the
// default for them.
func RFC9470(maxAge time.Duration, acrValues ...string) func(http.ResponseWriter, *http.Request, Refusal) {
	return func(w http.ResponseWriter, _ *http.Request, r Refusal) {
		if r.Code != CodeElevatedAccessTokenRequired {
			r.Write(w)
			return
		}
		parameters := []string{
			"error", "insufficient_user_authentication",
			"error_description", "A fresh proof is required",
			"scope", string(r.Scope),
		}
		if len(acrValues) > 0 {
			parameters = append(parameters, "acr_values", strings.Join(acrValues, " "))
		}
		if maxAge > 0 {
			parameters = append(parameters, "max_age", strconv.FormatInt(int64(maxAge/time.Second), 10))
		}
		w.Header().Set("WWW-Authenticate", challenge(parameters...))
		r.Status = http.StatusUnauthorized
		r.write(w)
	}
}

// challenge writes name-value pairs as one Bearer challenge (RFC 9110 section 11.6.1).
func challenge(pairs ...string) string {
	var b strings.Builder
	b.WriteString("Bearer ")
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(pairs[i])
		b.WriteString(`="`)
		for _, c := range []byte(pairs[i+1]) {
			if c == '"' || c == '\\' {
				b.WriteByte('\\')
			}
			if c >= ' ' && c <= '~' {
				b.WriteByte(c)
			}
		}
		b.WriteByte('"')
	}
	return b.String()
}

// payload is the part of a refusal that a client acts on.
type payload struct {
	Scope     Scope    `json:"scope"`
	Reason    Reason   `json:"reason"`
	SingleUse *bool    `json:"singleUse,omitempty"`
	Methods   []string `json:"methods,omitzero"` // an empty list is a user without any
	RequestID string   `json:"requestId"`

	AuthorizationDetails json.RawMessage `json:"authorizationDetails,omitempty"`
}

func (r Refusal) write(w http.ResponseWriter) {
	body := struct {
		Error     string   `json:"error"`
		Code      Code     `json:"code"`
		RequestID string   `json:"requestId"`
		Payload   *payload `json:"payload,omitempty"`
	}{Error: r.Message, Code: r.Code, RequestID: r.RequestID}
	if r.Reason != "" {
		body.Payload = &payload{r.Scope, r.Reason, r.SingleUse, r.Methods, r.RequestID, r.AuthorizationDetails}
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Request-Id", r.RequestID)
	if r.Status == http.StatusServiceUnavailable && !errors.Is(r.Err, errOutcome) && !errors.Is(r.Err, ErrServiceToken) {
		header.Set("Retry-After", "1")
	}
	w.WriteHeader(r.Status)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}

// refusalOf decides how an error is answered; the one table of it.
func refusalOf(err error, scope Scope) Refusal {
	r := Refusal{Scope: scope, Reason: ReasonOf(err), Err: err}
	var issuer *RefusedError
	if errors.As(err, &issuer) {
		r.SingleUse, r.Methods = issuer.SingleUse, issuer.Methods
	}
	var transaction *unbound
	if errors.As(err, &transaction) {
		r.AuthorizationDetails = transaction.details
	}
	switch {
	case r.Reason != "":
		r.Status, r.Code = http.StatusForbidden, CodeElevatedAccessTokenRequired
		r.Message = "This needs a fresh proof that it is you: verify with requestedScopes [\"" + string(scope) +
			"\"] and send the elevated access token you get. " + adviceOn(err, r.Reason)
	case errors.Is(err, ErrInvalidSession):
		r.Status, r.Code = http.StatusUnauthorized, CodeInvalidSession
		r.Message = "This session is over, or not valid here. Sign in again."
	case errors.Is(err, ErrUnauthenticated):
		r.Status, r.Code = http.StatusUnauthorized, CodeSignInRequired
		r.Message = "Sign in first: who makes this request is not known here."
	case errors.Is(err, ErrAmbiguous):
		r.Status, r.Code = http.StatusBadRequest, CodeAmbiguousElevatedAccessToken
		r.Message = "Send one elevated access token, in one header."
	case errors.Is(err, errBearer):
		r.Status, r.Code = http.StatusBadRequest, CodeInvalidRequest
		r.Message = "Send the elevated access token alone in its header, without \"Bearer \" before it."
	case errors.Is(err, ErrBadRequest):
		r.Status, r.Code = http.StatusBadRequest, CodeInvalidRequest
		r.Message = "This request does not say, in a form that can be read, what is to be done: mend it. No proof helps."
	case errors.Is(err, ErrReplayed):
		r.Status, r.Code = http.StatusConflict, CodeOperationReplayed
		r.Message = "This operation was let through before and is not run again: look at its outcome."
	case errors.Is(err, ErrConflict):
		r.Status, r.Code = http.StatusConflict, CodeOperationConflict
		r.Message = "This operation key stands for another request: use a new one."
	case errors.Is(err, ErrSingleUseUnsupported):
		r.Status, r.Code = http.StatusForbidden, CodeSingleUseUnsupported
		r.Message = "This service checks tokens offline and cannot accept a single-use token: its operator must give it a service token, " +
			"or make the scope time-bound."
	default:
		r.Status, r.Code = http.StatusServiceUnavailable, CodeStepUpUnavailable
		r.Message = unavailable(err, scope)
	}
	return r
}

// unavailable says what could not be found out, and what that may have cost.
func unavailable(err error, scope Scope) string {
	switch {
	case scope == "":
		return "Whether you are signed in cannot be checked right now, so the answer is no."
	case errors.Is(err, errSpending):
		return "Your proof cannot be checked right now, so the answer is no. A single-use token may have been used up by this."
	}
	return "Your proof cannot be checked right now, so the answer is no. It was not used up by this."
}

// adviceOn says what was wrong with the token that came, and what to do.
func adviceOn(err error, reason Reason) string {
	switch {
	case errors.Is(err, errUnasked):
		return "The token sent allows one exact transaction, and this service takes none that are bound to one: leave out the bindingId."
	case errors.Is(err, errKeyBound):
		return "The token sent is bound to a client key, which this service cannot check: leave out the DPoP proof."
	}
	return advice[reason]
}

var advice = map[Reason]string{
	ReasonMissing:      "No token came that is valid here.",
	ReasonExpired:      "The token sent has expired.",
	ReasonSpent:        "The token sent was good for one use, and has been used.",
	ReasonWrongScope:   "The token sent is for something else.",
	ReasonWrongSubject: "The token sent belongs to another user or session.",
	ReasonWrongBinding: "The token sent is not bound to exactly this transaction, or to a client key: register what is to be done at the " +
		"issuer's stepUp/bindings where this service asks for it, and prove it is you with its bindingId.",
	ReasonSuperseded: "A stronger means of proof has replaced the one behind the token sent.",
	ReasonDisputed: "Somebody said that a change to the account behind the token was not its owner: that has to be " +
		"decided first, at the issuer.",
	ReasonNoMethod: "There is no means of proof yet that may be used for this; add one first.",
}

// requestID takes over the id a proxy gave the request if it is harmless, and
// makes one otherwise.
func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); validOperationID(id) {
		return id
	}
	return rand.Text()
}
