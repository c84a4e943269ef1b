package stepup_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// BenchmarkElevated is the offline check beside the signature it consists of, of a token
// that comes for the first time and of one that was there before.
func BenchmarkElevated(b *testing.B) {
	for _, algorithm := range []stepup.Algorithm{stepup.ES256, stepup.EdDSA, stepup.RS256} {
		issuer := stepuptest.NewIssuer(b)
		key := issuer.RotateKey(b, algorithm)
		verifier := issuer.Verifier(b)
		token := issuer.Token(b, plain)
		signed, signature := split(b, token)
		b.Run(string(algorithm)+"/first", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := issuer.Verifier(b).Elevated(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(string(algorithm)+"/again", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verifier.Elevated(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(string(algorithm)+"/signature", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := key.Verify(signed, signature); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// split returns what a token signs, and its signature.
func split(tb testing.TB, token string) (signed, signature []byte) {
	tb.Helper()
	end := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[end+1:])
	if err != nil {
		tb.Fatal(err)
	}
	return []byte(token[:end]), signature
}

// BenchmarkGuard is a guarded handler beside a bare one: session and time-bound
// token, both checked offline. `make bench-guards` has the same over HTTP, beside the
// guard on Node.
func BenchmarkGuard(b *testing.B) {
	issuer := stepuptest.NewIssuer(b)
	guard, err := stepup.NewGuard(stepup.GuardConfig{Verifier: issuer.Verifier(b), OfflineOnly: true})
	if err != nil {
		b.Fatal(err)
	}
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	headers := http.Header{"Authorization": {"Bearer " + issuer.Session(b, stepuptest.Session{})},
		stepup.HeaderElevatedAccessToken: {issuer.Token(b, stepuptest.Token{Scopes: []stepup.Scope{stepup.UserUpdate}, TimeBound: true})}}
	for name, handler := range map[string]http.Handler{"bare": bare, "guarded": guard.Require(stepup.UserUpdate)(bare)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/profile", nil)
				request.Header = headers
				answer := httptest.NewRecorder()
				if handler.ServeHTTP(answer, request); answer.Code != http.StatusNoContent {
					b.Fatal(answer.Code, answer.Body)
				}
			}
		})
	}
}
