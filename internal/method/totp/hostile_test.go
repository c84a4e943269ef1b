package totp_test

import (
	"encoding/base32"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/methodtest"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

const on = "sessions: {lifetime: 30d, idle: 30d}\nmfa: {methods: [{type: totp, enabled: true}]}"

// apps are the authenticator apps of all users in a test, by user.
type apps struct {
	mu      sync.Mutex
	secrets map[string][]byte
}

func newApps() *apps { return &apps{secrets: map[string][]byte{}} }

// enrol gives the session's user an app, confirmed by its first code.
func (a *apps) enrol(t testing.TB, w *tenanttest.World, s store.SessionRow) string {
	t.Helper()
	var e totp.Enrolment
	w.Write(t, func(tx *store.Tx) (err error) {
		e, err = totp.Enrol(w.As(&s), tx, "ada@example.com", "")
		return err
	})
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(e.Secret)
	if err != nil || len(secret) != totp.SecretSize {
		t.Fatalf("secret of %d bytes, %v", len(secret), err)
	}
	a.mu.Lock()
	a.secrets[s.UserID] = secret
	a.mu.Unlock()
	if err := a.confirm(t, w, s, e.ID, a.code(w, s)); err != nil {
		t.Fatalf("confirming: %v", err)
	}
	return e.ID
}

func (a *apps) confirm(t testing.TB, w *tenanttest.World, s store.SessionRow, id, code string) error {
	t.Helper()
	return method.Check(t.Context(), w.DB, totp.Method{DeviceID: id}, w.Attempt(&s, "",
		code), func(tx *store.Tx, p method.Proof) error {
		e := p.Evidence()
		_, err := account.Link(w.About(s.UserID), tx, account.Address{ID: id, Format: e.Format, Identifier: e.Identifier,
			Written: e.Recipient}, account.Authority{Provenance: store.ProvenanceElevatedToken})
		return err
	})
}

// code is what the user's app shows now.
func (a *apps) code(w *tenanttest.World, s store.SessionRow) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return totp.Code(a.secrets[s.UserID], totp.StepAt(w.Now()))
}

func TestHostile(t *testing.T) {
	t.Parallel()
	apps := newApps()
	try := func(w *tenanttest.World, s store.SessionRow, code string) methodtest.Try {
		return methodtest.Try{Method: totp.Method{}, Attempt: w.Attempt(&s, "", code)}
	}
	right := func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try {
		w.Clock.Advance(3 * totp.Period) // past the steps that were used
		return try(w, s, apps.code(w, s))
	}
	methodtest.Run(t, methodtest.Case{
		Kind: assurance.TOTP, Document: tenanttest.Document(on), Guessable: true,
		Off: tenanttest.Document("passkeys: {rpId: example.com, origins: ['https://example.com']}\n" +
			"mfa: {methods: [{type: totp, enabled: false}, {type: passkey, enabled: true}]}"),
		Enrol: func(t testing.TB, w *tenanttest.World, name string) store.SessionRow {
			s := w.SignIn(t, name+"@example.com")
			apps.enrol(t, w, s)
			return s
		},
		Right: right,
		Bound: func(t testing.TB, w *tenanttest.World, s store.SessionRow, x store.BindingRow) (methodtest.Try, error) {
			bound := right(t, w, s)
			bound.Attempt.BindingID = x.ID
			return bound, nil
		},
		AtVerify: true,
		Wrong: func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try {
			code := []byte(apps.code(w, s))
			code[0] = '0' + (code[0]-'0'+5)%10
			return try(w, s, string(code))
		},
	})
}

// A2: the code that confirmed the enrolment is dead, and so is the enrolment.
func TestA2EnrolmentCode(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(on), func(t *testing.T, w *tenanttest.World) {
		apps := newApps()
		ada := w.SignIn(t, "ada@example.com")
		id := apps.enrol(t, w, ada)
		code := apps.code(w, ada)
		if text, err := w.Grant(t.Context(), totp.Method{}, w.Attempt(&ada, "", code), "wallet:export"); err == nil || text != "" {
			t.Error("the code of the enrolment steps up")
		}
		if err := apps.confirm(t, w, ada, id, code); err == nil {
			t.Error("the enrolment is confirmed twice")
		}
	})
}

// C3: an enrolment belongs to its session, lives minutes, and a newer one takes its place.
func TestC3Enrolment(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(on), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		begin := func(s store.SessionRow) (id string, code func() string) {
			var e totp.Enrolment
			w.Write(t, func(tx *store.Tx) (err error) {
				e, err = totp.Enrol(w.As(&s), tx, "ada@example.com", "")
				return err
			})
			secret, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(e.Secret)
			return e.ID, func() string { return totp.Code(secret, totp.StepAt(w.Now())) }
		}
		apps := newApps()
		first, firstCode := begin(ada)
		second, secondCode := begin(ada)
		if err := apps.confirm(t, w, ada, first, firstCode()); err == nil {
			t.Error("an enrolment that was replaced")
		}
		if err := apps.confirm(t, w, w.Another(t, ada), second, secondCode()); err == nil {
			t.Error("in another session of the user")
		}
		if err := apps.confirm(t, w, w.SignIn(t, "bob@example.com"), second, secondCode()); err == nil {
			t.Error("in somebody else's session")
		}
		w.Clock.Advance(totp.EnrolmentLife - time.Second)
		late, lateCode := begin(ada)
		if err := apps.confirm(t, w, ada, second, secondCode()); err == nil {
			t.Error("one that was replaced late")
		}
		w.Clock.Advance(totp.EnrolmentLife)
		if err := apps.confirm(t, w, ada, late, lateCode()); err == nil {
			t.Error("one that is over")
		}
		last, lastCode := begin(ada)
		if err := apps.confirm(t, w, ada, last, lastCode()); err != nil {
			t.Errorf("the one that is open: %v", err)
		}
	})
}
