package keyset_test

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/method/external/externaltest"
	"github.com/stepup-auth/stepup/internal/outbound"
)

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func keys(c *clock, allow ...netip.Prefix) *keyset.Cache {
	return &keyset.Cache{HTTP: outbound.NewClient(allow), Now: c.now}
}

var loopback = netip.MustParsePrefix("127.0.0.0/8")

// Each algorithm that is allowed, and the payload as it was signed.
func TestVerify(t *testing.T) {
	t.Parallel()
	i, c := externaltest.Start(t), &clock{at: time.Now()}
	k := keys(c, loopback)
	for _, kid := range []string{"ES256", "RS256", "EdDSA"} {
		token, err := keyset.Verify(t.Context(), k.At(i.JWKSURL), i.SignText(t, kid, `{"n":1.50,"s":"é"}`))
		if err != nil || string(token.Payload) != `{"n":1.50,"s":"é"}` {
			t.Errorf("%s: %s, %v", kid, token.Payload, err)
		}
	}
	if i.Fetches() != 1 {
		t.Errorf("%d fetches for three keys", i.Fetches())
	}
}

// TestD6 A key that is not published any more is dead within the age of a copy,
// and ten thousand kids that nobody knows cause one fetch in 30 seconds.
func TestD6(t *testing.T) {
	t.Parallel()
	i, c := externaltest.Start(t), &clock{at: time.Now()}
	k := keys(c, loopback)
	text := i.SignText(t, "ES256", `{}`)
	if _, err := keyset.Verify(t.Context(), k.At(i.JWKSURL), text); err != nil {
		t.Fatal(err)
	}
	i.Hide("ES256")
	c.advance(11 * time.Minute)
	if _, err := keyset.Verify(t.Context(), k.At(i.JWKSURL), text); !errors.Is(err, keyset.ErrInvalid) {
		t.Errorf("a key that was removed: %v", err)
	}
	c.advance(31 * time.Second)
	before := i.Fetches()
	var done sync.WaitGroup
	for worker := range 10 {
		done.Go(func() {
			for n := range 1000 {
				storm := i.SignText(t, "EdDSA", `{}`, map[string]any{"kid": fmt.Sprintf("nobody-%d-%d", worker, n)})
				if _, err := keyset.Verify(t.Context(), k.At(i.JWKSURL), storm); !errors.Is(err, keyset.ErrInvalid) {
					t.Errorf("an unknown kid: %v", err)
				}
			}
		})
	}
	done.Wait()
	if n := i.Fetches() - before; n > 2 {
		t.Errorf("%d fetches for 10,000 unknown kids", n)
	}
}

// TestF4 Keys are fetched from the public internet only, unless the operator
// allows a network, and not having them is no verdict.
func TestF4(t *testing.T) {
	t.Parallel()
	i, c := externaltest.Start(t), &clock{at: time.Now()}
	text := i.SignText(t, "ES256", `{}`)
	_, err := keyset.Verify(t.Context(), keys(c).At(i.JWKSURL), text)
	if err == nil || errors.Is(err, keyset.ErrInvalid) || i.Fetches() != 0 {
		t.Errorf("%v, %d fetches", err, i.Fetches())
	}
}
