package attack_test

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// L16: whoever names a state that nobody began makes us ask no provider; and a
// provider that is away is not asked again for every browser that comes along.
func TestL16NobodyMakesUsAskAProvider(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(away.Close)
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, `redirectOrigins: ["`+servertest.Origin(servertest.A)+`"]
providers:
  - {provider: acme, issuer: "`+away.URL+`", clientId: app}
`))
	at := sdk("/providers/acme")
	unknown := rand.Text()
	s.Do(t, "GET", at+"/authorize?response_type=code&state="+unknown, nil, nil).Want(t, 422, "other_verify_failure")
	s.Do(t, "GET", at+"/redirect?code=x&state="+unknown, nil, nil).Want(t, 422, "other_verify_failure")
	if n := asked.Load(); n != 0 {
		t.Errorf("the provider was asked %d times for states that nobody began", n)
	}

	state := rand.Text()
	s.Do(t, "POST", at+"/initAuth", nil, m{"state": state, "redirectUrl": after}).Want(t, 204, "")
	for range 5 {
		if r := s.Do(t, "GET", at+"/authorize?response_type=code&state="+state, nil, nil); r.Status < 400 {
			t.Errorf("sent to a provider that is away: %d %s", r.Status, r.Body)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the provider that is away was asked %d times", n)
	}
	s.Clock.Advance(6 * time.Second)
	s.Do(t, "GET", at+"/authorize?response_type=code&state="+state, nil, nil)
	if n := asked.Load(); n != 2 {
		t.Errorf("some seconds later it was asked %d times", n)
	}
}
