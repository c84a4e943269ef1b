package stepuptest

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

// operation is what an operation id stands for once it was let through.
type operation struct {
	digest  string
	scope   stepup.Scope
	subject string
}

func (i *Issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	document, err := stepup.MarshalJWKS(i.published()...)
	if err != nil {
		answerError(w, http.StatusInternalServerError, "internal_error", err.Error(), nil)
		return
	}
	i.mu.Lock()
	i.fetches++
	i.mu.Unlock()
	w.Header().Set("Content-Type", "application/jwk-set+json")
	_, _ = w.Write(document)
}

const maxBody = 64 << 10

func (i *Issuer) serveConsume(w http.ResponseWriter, r *http.Request) {
	if !i.authorized(w, r) {
		return
	}
	var request struct {
		Token                    string          `json:"token"`
		Scope                    string          `json:"scope"`
		OperationID              string          `json:"operationId"`
		RequestDigest            string          `json:"requestDigest"`
		Audience                 string          `json:"audience"`
		AuthorizationDetails     json.RawMessage `json:"authorizationDetails"`
		AuthorizationDetailsHash string          `json:"authorizationDetailsHash"`
	}
	if err := decode(w, r, &request); err != nil ||
		request.Token == "" || request.OperationID == "" || request.RequestDigest == "" {
		answerError(w, http.StatusBadRequest, "malformed_request", "Send token, scope, operationId and requestDigest as JSON.", nil)
		return
	}
	scope := stepup.Scope(request.Scope)
	hash := request.AuthorizationDetailsHash
	if len(request.AuthorizationDetails) > 0 {
		var err error
		if hash, err = stepup.HashDetails(request.AuthorizationDetails); err != nil {
			answerError(w, http.StatusBadRequest, "malformed_request", err.Error(), nil)
			return
		}
	}
	claims, reason := i.judge(r, request.Token, scope, request.Audience)
	if reason == "" && claims.Bound() && hash != claims.AuthorizationDetailsHash {
		reason = stepup.ReasonWrongBinding
	}

	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fail > 0 {
		i.fail--
		answerError(w, http.StatusServiceUnavailable, "unavailable", "The issuer is told to fail.", nil)
		return
	}
	wanted := operation{request.RequestDigest, scope, claims.Subject}
	earlier, known := i.operations[request.OperationID]
	result := stepup.First
	switch {
	case reason == "" && known && earlier != wanted:
		answerError(w, http.StatusConflict, stepup.CodeOperationConflict, "This operation id stands for another request.", nil)
		return
	case reason == "" && known:
		result = stepup.Replayed
	case reason == "" && claims.SingleUse && i.spent[claims.ID]:
		reason = stepup.ReasonSpent
	}
	if reason != "" {
		answerError(w, http.StatusForbidden, stepup.CodeElevatedAccessTokenRequired, "Prove again that it is you.",
			map[string]any{"scope": scope, "reason": reason, "singleUse": claims.SingleUse, "methods": []string{"email"}})
		return
	}
	i.operations[request.OperationID] = wanted
	if claims.SingleUse {
		i.spent[claims.ID] = true
	}
	if i.drop > 0 {
		i.drop--
		panic(http.ErrAbortHandler) // the connection breaks; deferred Unlock runs
	}
	answer(w, http.StatusOK, withBinding(claims, map[string]any{
		"result": result, "jti": claims.ID, "sub": claims.Subject, "sid": claims.Session,
		"environment_id": claims.EnvironmentID, "scope": joined(claims.Scopes), "aud": audience(claims.Audience),
		"exp": claims.Expires.Unix(), "auth_time": claims.AuthTime.Unix(), "acr": claims.ACR, "amr": claims.AMR,
		"credential_id": claims.CredentialID,
	}))
}

// withBinding adds what the token is bound to.
func withBinding(claims stepup.Claims, members map[string]any) map[string]any {
	if claims.Bound() {
		members["authorization_details"] = json.RawMessage(claims.AuthorizationDetails)
		members["authorization_details_hash"], members["displayed"] = claims.AuthorizationDetailsHash, claims.Displayed
	}
	return members
}

// judge verifies a token for consumption; the reason is "" if all is well so far.
func (i *Issuer) judge(r *http.Request, token string, scope stepup.Scope, audience string) (stepup.Claims, stepup.Reason) {
	verifier, err := i.reader(audience)
	if err != nil {
		return stepup.Claims{}, stepup.ReasonMissing
	}
	claims, err := verifier.Elevated(r.Context(), token)
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case err != nil:
		return claims, stepup.ReasonOf(err)
	case i.revoked[claims.Session]:
		return claims, stepup.ReasonMissing
	case !claims.Has(scope):
		return claims, stepup.ReasonWrongScope
	}
	return claims, ""
}

// reader returns a verifier for one audience, or for all there are.
func (i *Issuer) reader(audience string) (*stepup.Verifier, error) {
	i.mu.Lock()
	audiences := slices.Clone(i.audiences)
	i.mu.Unlock()
	if audience != "" {
		audiences = []string{audience}
	}
	return stepup.NewVerifier(stepup.Config{Issuer: i.url, Audiences: audiences, Keys: i, Now: i.Now})
}

// decode reads a body as strictly as a real issuer does.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return err
	}
	return strictjson.Decode(body, into, strictjson.Ignore)
}

func (i *Issuer) serveIntrospect(w http.ResponseWriter, r *http.Request) {
	if !i.authorized(w, r) {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	token := ""
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/json" {
		var request struct {
			Token string `json:"token"`
		}
		_ = decode(w, r, &request) // no token is told apart below
		token = request.Token
	} else {
		token = r.PostFormValue("token")
	}
	if token == "" {
		answerError(w, http.StatusBadRequest, "malformed_request", "Send token as a form or as JSON.", nil)
		return
	}
	answer(w, http.StatusOK, i.describe(r, token))
}

func (i *Issuer) describe(r *http.Request, token string) map[string]any {
	inactive := map[string]any{"active": false}
	verifier, err := i.reader("")
	if err != nil {
		return inactive
	}
	claims, elevatedErr := verifier.Elevated(r.Context(), token)
	session, sessionErr := verifier.Session(r.Context(), token)
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case elevatedErr == nil && !i.revoked[claims.Session] && !i.spent[claims.ID]:
		return withBinding(claims, map[string]any{
			"active": true, "typ": stepup.TypeElevated, "scope": joined(claims.Scopes), "sub": claims.Subject,
			"sid": claims.Session, "aud": audience(claims.Audience), "iss": claims.Issuer, "exp": claims.Expires.Unix(),
			"iat": claims.IssuedAt.Unix(), "jti": claims.ID, "environment_id": claims.EnvironmentID,
			"singleUse": claims.SingleUse, "acr": claims.ACR, "amr": claims.AMR, "auth_time": claims.AuthTime.Unix(),
		})
	case sessionErr == nil && !i.revoked[session.Session]:
		return map[string]any{
			"active": true, "typ": stepup.TypeSession, "scope": strings.Join(session.Scopes, " "), "sub": session.Subject,
			"sid": session.Session, "aud": audience(session.Audience), "iss": session.Issuer, "exp": session.Expires.Unix(),
			"iat": session.IssuedAt.Unix(), "environment_id": session.EnvironmentID,
		}
	}
	return inactive
}

func (i *Issuer) authorized(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("Authorization") == "Bearer "+string(i.serviceToken) {
		return true
	}
	answerError(w, http.StatusUnauthorized, stepup.CodeInvalidServiceToken, "Send the issuer's ServiceToken as Authorization: Bearer.", nil)
	return false
}

func joined(scopes []stepup.Scope) string {
	words := make([]string, len(scopes))
	for n, scope := range scopes {
		words[n] = string(scope)
	}
	return strings.Join(words, " ")
}

// audience writes aud the usual way: one is a string, several are a list.
func audience(list []string) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

func answerError(w http.ResponseWriter, status int, code stepup.Code, message string, payload map[string]any) {
	id := rand.Text()
	w.Header().Set("X-Request-Id", id)
	body := map[string]any{"error": message, "code": code, "requestId": id}
	if payload != nil {
		payload["requestId"] = id
		body["payload"] = payload
	}
	answer(w, status, body)
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}
