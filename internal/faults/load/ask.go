package load

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/stepup-auth/stepup/internal/faults/history"
)

type m = map[string]any

// reply is an answer, or why there is none.
type reply struct {
	status   int
	code     string
	reason   string // of a gate
	body     []byte
	err      error
	from, to time.Duration
}

// asker says who asks: what goes into the headers.
type asker struct {
	bearer   string
	source   string // network address it counts as coming from
	mfaToken string
	elevated string
}

// ask sends one request to one of the servers.
func (l *Load) ask(method, path string, who asker, body any) (r reply) {
	r.from = l.Log.Now()
	defer func() { r.to = l.Log.Now() }()
	l.mu.Lock()
	url := l.urls[rand.IntN(len(l.urls))]
	l.mu.Unlock()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			l.t.Errorf("%s %s: %v", method, path, err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(l.t.Context(), method, url+path, content)
	if err != nil {
		r.err = err
		return r
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range map[string]string{
		"X-Forwarded-For": who.source, "x-mfa-auth-token": who.mfaToken, "Elevated-Access-Token": who.elevated,
	} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	if who.bearer != "" {
		request.Header.Set("Authorization", "Bearer "+who.bearer)
	}
	answer, err := l.http.Do(request)
	if err != nil {
		r.err = err
		return r
	}
	defer answer.Body.Close()
	r.status = answer.StatusCode
	if r.body, r.err = io.ReadAll(answer.Body); r.err != nil {
		return r
	}
	var refusal struct {
		Code    string
		Payload struct{ Reason string }
	}
	_ = json.Unmarshal(r.body, &refusal)
	r.code, r.reason = refusal.Code, refusal.Payload.Reason
	return r
}

// decode reads a member of the answer.
func (r reply) member(name string) string {
	var members map[string]any
	_ = json.Unmarshal(r.body, &members)
	text, _ := members[name].(string)
	return text
}

// open is what an answer says that decides nothing: whether anything was done or not. ok is
// false for an answer that does decide.
func (r reply) open() (answer history.Answer, ok bool) {
	switch {
	case errors.Is(r.err, syscall.ECONNREFUSED):
		return history.Not, true
	case r.err != nil:
		var dial *net.OpError
		if errors.As(r.err, &dial) && dial.Op == "dial" {
			return history.Not, true
		}
		return history.Unknown, true
	case r.status == http.StatusServiceUnavailable && r.code == "temporarily_unavailable", r.status == http.StatusTooManyRequests:
		return history.Not, true
	case r.status == http.StatusServiceUnavailable, r.status == http.StatusBadGateway, r.status == http.StatusGatewayTimeout:
		return history.Unknown, true // outcome_unknown, or something in between says it
	}
	return "", false
}

// judge turns what a server says into an answer; known has those of this request.
func (r reply) judge(known func(reply) history.Answer) history.Answer {
	if answer, ok := r.open(); ok {
		return answer
	}
	if answer := known(r); answer != "" {
		return answer
	}
	return history.Foreign
}

func (r reply) String() string {
	if r.err != nil {
		return r.err.Error()
	}
	body := r.body
	if r.status == http.StatusOK && len(body) > 40 { // it may hold tokens, and says nothing
		body = body[:40]
	}
	return fmt.Sprintf("%d %s", r.status, body)
}

// gate is what a gate says of the token that was shown.
func gate(r reply) history.Answer {
	switch {
	case r.status/100 == 2 && r.member("result") == "replayed":
		return history.Replayed
	case r.status/100 == 2:
		return history.Yes
	case r.status == http.StatusForbidden && r.reason == "spent":
		return history.Spent
	case r.status == http.StatusForbidden && (r.reason == "superseded" || r.reason == "expired" || r.reason == "missing"),
		r.status == http.StatusUnauthorized && r.code == "invalid_session":
		return history.Void
	}
	return ""
}

// payload is what a JWT says.
func payload(jwt string) (claims struct {
	ID      string `json:"jti"`
	Session string `json:"sid"`
	Expires int64  `json:"exp"`
	Issued  int64  `json:"iat"`
}) {
	if parts := strings.Split(jwt, "."); len(parts) == 3 {
		content, _ := base64.RawURLEncoding.DecodeString(parts[1])
		_ = json.Unmarshal(content, &claims)
	}
	return claims
}

func replace(text, old, by string) string { return strings.Replace(text, old, by, 1) }
