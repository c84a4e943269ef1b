package servertest

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// SocialLogin begins a login at a provider of the environment and goes where a
// browser would be sent, until it is back at redirectURL. header is nil to sign
// in, a session's to prove something inside it.
func (s *Server) SocialLogin(t testing.TB, environment, provider, redirectURL string, header http.Header) (state, code string) {
	t.Helper()
	state = rand.Text()
	at := SDK(environment) + "/providers/" + provider
	s.Do(t, "POST", at+"/initAuth", header, map[string]string{"state": state, "redirectUrl": redirectURL}).Want(t, 204, "")
	next := s.URL + at + "/authorize?response_type=code&state=" + state
	for range 6 {
		answer, err := s.client.Get(next)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		to, err := answer.Location()
		if err != nil {
			t.Fatalf("%s answered %s", next, answer.Status)
		}
		if next = to.String(); strings.HasPrefix(next, redirectURL) {
			break
		}
	}
	back, err := url.Parse(next)
	if err != nil || back.Query().Get("dynamicOauthState") != state || back.Query().Get("dynamicOauthCode") == "" {
		t.Fatalf("came back to %s", next)
	}
	return state, back.Query().Get("dynamicOauthCode")
}
