package stepup_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// BenchmarkElevated is the offline check beside the signature it consists of.
func BenchmarkElevated(b *testing.B) {
	for _, algorithm := range []stepup.Algorithm{stepup.ES256, stepup.EdDSA, stepup.RS256} {
		issuer := stepuptest.NewIssuer(b)
		key := issuer.RotateKey(b, algorithm)
		verifier := issuer.Verifier(b)
		token := issuer.Token(b, plain)
		signed, signature := split(b, token)
		b.Run(string(algorithm)+"/token", func(b *testing.B) {
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
