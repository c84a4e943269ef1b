package jose_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/jose"
)

// What a memory says is what a verification would say, whatever came before.
func TestSignatures(t *testing.T) {
	t.Parallel()
	s, other := newSigner(t), newSigner(t)
	parse := func(text string) jose.Token {
		t.Helper()
		token, err := jose.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	text := s.sign(t, header, `{"a":1}`)
	good := parse(text)
	forged := parse(text[:strings.LastIndexByte(text, '.')+1] + other.sign(t, header, `{"a":1}`)[strings.LastIndexByte(text, '.')+1:])
	altered := parse(strings.Replace(text, encode([]byte(`{"a":1}`)), encode([]byte(`{"a":2}`)), 1))
	renamed := jose.Key{ID: "K", Algorithm: jose.ES256, Public: s.public.Public}
	changed := jose.Key{ID: "k", Algorithm: jose.EdDSA, Public: s.public.Public}
	var m jose.Signatures
	for round := range 3 {
		if payload, err := m.Verify(good, s.public); string(payload) != `{"a":1}` || err != nil {
			t.Errorf("round %d: payload %q, %v", round, payload, err)
		}
		for name, try := range map[string]struct {
			token jose.Token
			key   jose.Key
		}{
			"a key that took the name": {good, other.public}, "another name": {good, renamed}, "another algorithm": {good, changed},
			"no key": {good, jose.Key{}}, "forged": {forged, s.public}, "altered": {altered, s.public},
		} {
			if payload, err := m.Verify(try.token, try.key); payload != nil || err == nil {
				t.Errorf("round %d: %s: payload %q", round, name, payload)
			}
		}
	}
}

// It forgets, and goes on saying the same.
func TestSignaturesForget(t *testing.T) {
	t.Parallel()
	s, other := newSigner(t), newSigner(t)
	var m jose.Signatures
	first := s.sign(t, header, `{"n":"first"}`)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 40 {
				text := s.sign(t, header, fmt.Sprintf(`{"n":"%d-%d"}`, worker, i))
				for _, each := range []string{text, first} {
					token, err := jose.Parse(each)
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := m.Verify(token, s.public); err != nil {
						t.Error(err)
					}
					if _, err := m.Verify(token, other.public); err == nil {
						t.Error("verified by another key")
					}
				}
				m.Fill(10_000 / 40)
			}
		})
	}
	all.Wait()
	if n := m.Size(); n > 3*8192 {
		t.Errorf("it holds %d", n)
	}
}
