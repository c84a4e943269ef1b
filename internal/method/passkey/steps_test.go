package passkey_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

type ceremony = passkeytest.Ceremony

// step is one step of a ceremony that goes wrong, and nothing else with it.
type step struct {
	name string
	bend func(*ceremony)
	why  string // part of the refusal or its cause: that it failed for this reason
}

// both are the steps that registrations and assertions share (WebAuthn 7.1, 7.2).
var both = []step{
	{"type", func(c *ceremony) { c.ClientData["type"] = "payment.get" }, "another ceremony"},
	{"challenge of nobody", func(c *ceremony) { c.ClientData["challenge"] = base64.RawURLEncoding.EncodeToString(make([]byte, 32)) },
		"is over"},
	{"challenge missing", func(c *ceremony) { delete(c.ClientData, "challenge") }, "no challenge"},
	{"challenge padded", func(c *ceremony) { c.ClientData["challenge"] = c.ClientData["challenge"].(string) + "=" }, "is over"},
	{"origin elsewhere", func(c *ceremony) { c.ClientData["origin"] = "https://evil.example" }, "may not use passkeys"},
	{"origin below", func(c *ceremony) { c.ClientData["origin"] = "https://evil.app.example.com" }, "may not use passkeys"},
	{"origin with a path", func(c *ceremony) { c.ClientData["origin"] = passkeytest.Origin + "/evil" }, "may not use passkeys"},
	{"origin with its port", func(c *ceremony) { c.ClientData["origin"] = passkeytest.Origin + ":443" }, "may not use passkeys"},
	{"origin in capitals", func(c *ceremony) { c.ClientData["origin"] = "https://APP.example.com" }, "may not use passkeys"},
	{"origin in the clear", func(c *ceremony) { c.ClientData["origin"] = "http://app.example.com" }, "may not use passkeys"},
	{"origin missing", func(c *ceremony) { delete(c.ClientData, "origin") }, "may not use passkeys"},
	{"cross origin", func(c *ceremony) { c.ClientData["crossOrigin"] = true }, "another site's page"},
	{"top origin", func(c *ceremony) { c.ClientData["crossOrigin"] = true; c.ClientData["topOrigin"] = passkeytest.Origin },
		"another site's page"},
	{"top origin alone", func(c *ceremony) { c.ClientData["topOrigin"] = passkeytest.Origin }, "another site's page"},
	{"relying party", func(c *ceremony) { c.RPID = "evil.example" }, "RP Hash mismatch"},
	{"user not present", func(c *ceremony) { c.Flags &^= passkeytest.Present }, "not present"},
	{"user not verified", func(c *ceremony) { c.Flags &^= passkeytest.Verified }, "did not check that it is you"},
	{"backed up without being eligible", func(c *ceremony) { c.Flags |= passkeytest.BackedUp }, "not eligible"},
	{"bytes behind the data", func(c *ceremony) { c.Trailing = []byte{0} }, "not an answer"},
}

var longID = make([]byte, 1024)

// registering are the steps of a registration only.
var registering = []step{
	{"an assertion", func(c *ceremony) { c.ClientData["type"] = "webauthn.get" }, "another ceremony"},
	{"no attested data", func(c *ceremony) { c.Flags &^= 1 << 6 }, "not an answer"},
	{"unknown attestation format", func(c *ceremony) { c.Format = "homemade" }, "homemade is unsupported"},
	{"format none with a statement", func(c *ceremony) { c.Statement = []byte{0xa1, 0x61, 'x', 0x01} }, "none with attestation"},
	{"attestation that does not hold", func(c *ceremony) {
		sign := c.Signature
		c.Format, c.Statement, c.Signature = "packed", nil, func(a, h []byte) []byte { return sign(a, append(h, 0)) }
	}, "does not hold"},
	{"credential id too long", func(c *ceremony) { c.ID, c.AttestedID = longID, longID }, "not an answer"},
	{"credential id of none", func(c *ceremony) { c.ID, c.AttestedID = nil, nil }, "not an answer"},
	{"another credential id in the data", func(c *ceremony) { c.AttestedID = append([]byte{1}, c.AttestedID[1:]...) },
		"does not match the credential id"},
	{"no public key", func(c *ceremony) { c.PublicKey = []byte{0xa0} }, "does not hold"},
	{"public key too long", func(c *ceremony) { c.PublicKey = hugeKey() }, "not an answer"},
	{"public key off the curve", func(c *ceremony) { c.PublicKey[len(c.PublicKey)-1] ^= 1 }, "does not hold"},
}

// asserting are the steps of an assertion only.
var asserting = []step{
	{"a registration", func(c *ceremony) { c.ClientData["type"] = "webauthn.create" }, "another ceremony"},
	{"eligible for backup by now", func(c *ceremony) { c.Flags |= passkeytest.BackupEligible }, "eligibility changed"},
	{"signature damaged", func(c *ceremony) { flip(c, 9) }, "does not hold"},
	{"signature empty", func(c *ceremony) { c.Signature = func(_, _ []byte) []byte { return nil } }, "does not hold"},
	{"signature of zeros", func(c *ceremony) {
		c.Signature = func(_, _ []byte) []byte { return []byte{0x30, 6, 2, 1, 0, 2, 1, 0} }
	}, "does not hold"},
	{"signature over other data", func(c *ceremony) {
		sign := c.Signature
		c.Signature = func(a, h []byte) []byte { a[36] ^= 1; defer func() { a[36] ^= 1 }(); return sign(a, h) }
	}, "does not hold"},
	{"signature over another client data", func(c *ceremony) {
		sign := c.Signature
		c.Signature = func(a, h []byte) []byte { return sign(a, append([]byte{h[0] ^ 1}, h[1:]...)) }
	}, "does not hold"},
}

func refused(t *testing.T, name, why string, err error) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Errorf("%s: %v, want a refusal", name, err)
		return
	}
	if text := f.Error(); !strings.Contains(text, why) {
		t.Errorf("%s failed for another reason: %s, want %q", name, text, why)
	}
	if f.Code.Status() != 422 && f.Code != fault.Conflict {
		t.Errorf("%s: code %s", name, f.Code)
	}
}

// Each step of a registration fails by itself (security checklist 2.4).
func TestRegistrationSteps(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document(passkeytest.On))
	ada := w.SignIn(t, "ada@example.com")
	for _, s := range slices.Concat(registering, both) {
		a := passkeytest.New(passkeytest.Origin)
		if _, err := passkeytest.Register(t, w, ada, a, s.bend); err == nil {
			t.Errorf("%s: registered", s.name)
		} else {
			refused(t, s.name, s.why, err)
		}
	}
	if _, err := passkeytest.Register(t, w, ada, passkeytest.WithKey(passkeytest.Origin, passkeytest.ES384)); err == nil ||
		!strings.Contains(err.Error(), "algorithm not supported") {
		t.Errorf("an algorithm that was not offered: %v", err)
	}
	if n := w.Count(t, `SELECT COUNT(*) FROM passkeys`); n != 0 {
		t.Fatalf("%d passkeys after refusals only", n)
	}
	for _, alg := range []int{passkeytest.ES256, passkeytest.EdDSA, passkeytest.RS256} {
		a := passkeytest.WithKey(passkeytest.Origin, alg)
		if _, err := passkeytest.Register(t, w, ada, a); err != nil {
			t.Fatalf("control, algorithm %d: %v", alg, err)
		}
		if err := stepUp(t, w, ada, a); err != nil {
			t.Errorf("stepping up with algorithm %d: %v", alg, err)
		}
	}
	self := func(c *ceremony) { c.Format, c.Statement = "packed", nil }
	if _, err := passkeytest.Register(t, w, ada, passkeytest.New(passkeytest.Origin), self); err != nil {
		t.Errorf("an attestation that holds: %v", err)
	}
}

// hugeKey is an RSA key of 32768 bits, in COSE.
func hugeKey() []byte {
	n := make([]byte, 4096)
	_, _ = rand.Read(n)
	return append(append([]byte{0xa4, 1, 3, 3, 0x39, 1, 0, 0x20, 0x59, 0x10, 0x00}, n...), 0x21, 0x43, 1, 0, 1)
}

func stepUp(t testing.TB, w *tenanttest.World, s store.SessionRow, a *passkeytest.Authenticator, bend ...func(*ceremony)) error {
	t.Helper()
	return prove(t, w, &s, a.Get(passkeytest.StepUpOptions(t, w, s), bend...))
}

func prove(t testing.TB, w *tenanttest.World, s *store.SessionRow, answer passkey.AssertionResponse) error {
	return method.Check(t.Context(), w.DB, passkey.Assertion{Response: answer},
		method.Attempt{Caller: w.As(s)},
		func(*store.Tx, method.Proof) error { return nil })
}

// Each step of an assertion fails by itself, at the sign-in and at the step-up.
func TestAssertionSteps(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document(passkeytest.On))
	ada, a := person(t, w, "ada")
	_, b := person(t, w, "bob")
	stored := []step{ // what only the server knows
		{"credential id of nobody", func(c *ceremony) { c.ID = []byte("nobody's") }, "not known here"},
		{"credential id empty", func(c *ceremony) { c.ID = nil }, "not an answer"},
		{"user handle of another user", func(c *ceremony) { c.UserHandle = b.UserHandle() }, "user handle"},
		{"counter the same", func(c *ceremony) { c.Counter-- }, "counter"},
		{"counter behind", func(c *ceremony) { c.Counter = 1 }, "counter"},
		{"counter gone", func(c *ceremony) { c.Counter = 0 }, "counter"},
	}
	for _, s := range slices.Concat(asserting, both, stored) {
		if err := stepUp(t, w, ada, a); err != nil {
			t.Fatalf("control before %s: %v", s.name, err)
		}
		refused(t, s.name, s.why, stepUp(t, w, ada, a, s.bend))
		if err := prove(t, w, nil, a.Get(passkeytest.SignInOptions(t, w))); err != nil {
			t.Fatalf("control after %s: %v", s.name, err)
		}
		refused(t, s.name+" at sign-in", s.why, prove(t, w, nil, a.Get(passkeytest.SignInOptions(t, w), s.bend)))
	}
	refused(t, "no user handle at sign-in", "user handle",
		prove(t, w, nil, a.Get(passkeytest.SignInOptions(t, w), func(c *ceremony) { c.UserHandle = nil })))
	if err := stepUp(t, w, ada, a, func(c *ceremony) { c.UserHandle = nil }); err != nil {
		t.Errorf("no user handle at a step-up: %v", err)
	}
	if err := prove(t, w, nil, a.Get(passkeytest.SignInOptions(t, w))); err != nil {
		t.Errorf("control at sign-in: %v", err)
	}
	if n := w.Audited(t, "passkey.counter_regressed"); n != 6 {
		t.Errorf("%d counters that went back were audited, want 6", n)
	}
}

// flip damages one bit of the signature.
func flip(c *ceremony, at int) {
	sign := c.Signature
	c.Signature = func(a, h []byte) []byte {
		s := sign(a, h)
		s[at] ^= 1
		return s
	}
}

// person signs somebody in and registers a passkey.
func person(t testing.TB, w *tenanttest.World, name string) (store.SessionRow, *passkeytest.Authenticator) {
	t.Helper()
	s := w.SignIn(t, name+"@example.com")
	a := passkeytest.New(passkeytest.Origin)
	if _, err := passkeytest.Register(t, w, s, a); err != nil {
		t.Fatalf("registering: %v", err)
	}
	return s, a
}
