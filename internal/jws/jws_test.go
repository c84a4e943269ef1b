package jws_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/jws"
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

func keys(c *clock, allow ...netip.Prefix) *jws.Keys {
	return &jws.Keys{HTTP: outbound.NewClient(allow), Now: c.now}
}

var loopback = netip.MustParsePrefix("127.0.0.0/8")

// Each algorithm that is allowed, and the payload as it was signed.
func TestVerify(t *testing.T) {
	t.Parallel()
	i, c := externaltest.Start(t), &clock{at: time.Now()}
	k := keys(c, loopback)
	for _, kid := range []string{"ES256", "RS256", "EdDSA"} {
		payload, err := jws.Verify(t.Context(), k.At(i.JWKSURL), i.SignText(t, kid, `{"n":1.50,"s":"é"}`))
		if err != nil || string(payload) != `{"n":1.50,"s":"é"}` {
			t.Errorf("%s: %s, %v", kid, payload, err)
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
	if _, err := jws.Verify(t.Context(), k.At(i.JWKSURL), text); err != nil {
		t.Fatal(err)
	}
	i.Hide("ES256")
	c.advance(11 * time.Minute)
	if _, err := jws.Verify(t.Context(), k.At(i.JWKSURL), text); !errors.Is(err, jws.ErrInvalid) {
		t.Errorf("a key that was removed: %v", err)
	}
	c.advance(31 * time.Second)
	before := i.Fetches()
	var done sync.WaitGroup
	for worker := range 10 {
		done.Go(func() {
			for n := range 1000 {
				storm := i.SignText(t, "EdDSA", `{}`, map[string]any{"kid": fmt.Sprintf("nobody-%d-%d", worker, n)})
				if _, err := jws.Verify(t.Context(), k.At(i.JWKSURL), storm); !errors.Is(err, jws.ErrInvalid) {
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
	_, err := jws.Verify(t.Context(), keys(c).At(i.JWKSURL), text)
	if err == nil || errors.Is(err, jws.ErrInvalid) || i.Fetches() != 0 {
		t.Errorf("%v, %d fetches", err, i.Fetches())
	}
}

// Names that differ in case are no matter where nobody reads them, and decide
// where somebody does.
func TestCheckObject(t *testing.T) {
	t.Parallel()
	read := []string{"sub", "data.id", "data.email"}
	for text, good := range map[string]bool{
		`{"sub":"a","Roles":[],"roles":[]}`: true, `{"sub":"a","data":{"Sub":1,"sub":2}}`: true, `{"SUB":"a"}`: true,
		`{"list":[{"a":1,"A":2}]}`: true, `{"id":1,"ID":2}`: true, `{"data":{"id":1,"email":2,"x":{"id":1,"ID":2}}}`: true,
		`{"data":[{"id":1},{"ID":2}]}`: true, `{"sub":"a","Sub":"b"}`: false, `{"SUB":"a","Sub":"b"}`: false,
		`{"ſub":"a","sub":"b"}`: false, `{"sub":"a","sub":"a"}`: false, `{"roles":1,"roles":1}`: false,
		`{"data":{"id":1,"ID":2}}`: false, `{"Data":{},"data":{"id":1}}`: false, `{"data":[{"id":1,"ID":2}]}`: false,
		`{"a":{"b":1,"b":1}}`: false, `{"data":{"Email":1,"email":2}}`: false,
	} {
		if err := jws.CheckObject([]byte(text), read...); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
		if err := jws.CheckList([]byte("["+text+"]"), read...); (err == nil) != good {
			t.Errorf("a list of %s: %v", text, err)
		}
		if jws.CheckList([]byte(text), read...) == nil || jws.CheckObject([]byte("["+text+"]"), read...) == nil {
			t.Errorf("%s is an object and a list", text)
		}
	}
}

func FuzzCheckObject(f *testing.F) {
	for _, text := range []string{`{}`, `{"sub":1,"A":2,"a":2}`, `{"sub":{"b":[1,2,{"c":null}]}}`, `[]`, `{"a":1}{}`, `{"a":`, "\xff",
		`{"a":1,"a":1}`, `{"sub":1,"ſub":2}`, `{"key":1,"\u212aey":2}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if jws.CheckObject(data, "sub", "key") != nil {
			return
		}
		// What passes reads alike: exactly, and without regard to case.
		var exact map[string]json.RawMessage
		if err := json.Unmarshal(data, &exact); err != nil {
			t.Fatalf("%q is an object, and does not read: %v", data, err)
		}
		var loose struct {
			Sub json.RawMessage `json:"sub"`
			Key json.RawMessage `json:"key"`
		}
		if err := json.Unmarshal(data, &loose); err != nil {
			t.Fatal(err)
		}
		for name, read := range map[string]json.RawMessage{"sub": loose.Sub, "key": loose.Key} {
			if value, there := exact[name]; there && string(value) != string(read) {
				t.Errorf("%q has the %s %q and %q", data, name, value, read)
			}
		}
	})
}
