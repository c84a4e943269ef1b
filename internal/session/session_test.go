package session_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

func refresh(t testing.TB, w *tenanttest.World, id string) (s store.SessionRow, err error) {
	t.Helper()
	err = w.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
		s, err = session.Refresh(w.As(&store.SessionRow{ID: id}), tx, store.Proved{})
		return err
	})
	return s, err
}

func live(t testing.TB, w *tenanttest.World, id string) bool {
	t.Helper()
	err := w.DB.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.LiveSession(tenanttest.ID, id); return err })
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	return err == nil
}

// A session's id is new at each sign-in (F6), and its two limits hold.
func TestLife(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document("sessions: {lifetime: 3h, idle: 1h}"), func(t *testing.T, w *tenanttest.World) {
		first, second := w.SignIn(t, "ada@example.com"), w.SignIn(t, "ada@example.com")
		if first.ID == second.ID || first.UserID != second.UserID {
			t.Errorf("sessions %s and %s", first.ID, second.ID)
		}
		w.Clock.Advance(50 * time.Minute)
		again, err := refresh(t, w, first.ID)
		if err != nil || again.ID != first.ID || !again.ExpiresAt.After(first.ExpiresAt) {
			t.Errorf("refreshed: %+v, %v", again, err)
		}
		w.Clock.Advance(20 * time.Minute)
		if !live(t, w, first.ID) || live(t, w, second.ID) {
			t.Error("the idle limit does not hold")
		}
		if _, err := refresh(t, w, second.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("refreshing an idle session: %v", err)
		}
		for range 4 {
			w.Clock.Advance(30 * time.Minute)
			if again, err = refresh(t, w, first.ID); err == nil && again.ExpiresAt.After(again.EndsAt) {
				t.Errorf("expires %v, ends %v", again.ExpiresAt, again.EndsAt)
			}
		}
		if live(t, w, first.ID) {
			t.Error("refreshing went past the lifetime")
		}
	})
}

func TestRevoke(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada, other := w.SignIn(t, "ada@example.com"), w.SignIn(t, "ada@example.com")
		token := w.Elevate(t, ada, "ada@example.com", stepup.WalletExport)
		for range 2 { // ending twice is ending once
			w.Write(t, func(tx *store.Tx) error { return session.Revoke(w.As(&ada), tx, "log out") })
		}
		if live(t, w, ada.ID) || !live(t, w, other.ID) {
			t.Error("the wrong session ended")
		}
		if _, err := refresh(t, w, ada.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("refreshing: %v", err)
		}
		if _, err := w.Spend(t, ada, token, stepup.WalletExport); !fault.Has(err, fault.ElevatedTokenRequired) {
			t.Errorf("its token: %v", err)
		}
		if n := w.Audited(t, "session.revoked"); n != 1 {
			t.Errorf("%d entries", n)
		}
	})
}

// Only a proof of this sign-in, by this user, here, opens a session.
func TestStartNeedsSignInProof(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document())
	ada, bob := w.SignIn(t, "ada@example.com"), w.SignIn(t, "bob@example.com")
	other := *w.Tenant
	environment := *w.Tenant.Environment
	environment.ID, other.Environment = "99999999-2222-4333-8444-555555555555", &environment

	start := func(s *store.SessionRow, purpose method.Purpose, userID string, elsewhere bool) error {
		stub := tenanttest.Stub{Is: assurance.EmailCode,
			Evidence: method.Evidence{Format: store.FormatEmail, Identifier: "ada@example.com", Purpose: purpose}}
		return method.Check(t.Context(), w.DB, stub, w.Attempt(s, "", ""), func(tx *store.Tx, p method.Proof) error {
			c := w.As(nil).Concerning(userID)
			if elsewhere {
				c.Tenant = &other
			}
			credential, _ := p.Credential()
			_, err := session.Start(c, tx, credential, p, session.Device{})
			return err
		})
	}
	if err := start(nil, method.SignIn, ada.UserID, false); err != nil {
		t.Error(err)
	}
	if err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := session.Start(w.As(&ada), tx, store.CredentialRow{UserID: ada.UserID}, method.Proof{}, session.Device{})
		return err
	}); err == nil {
		t.Error("started from no proof")
	}
	for name, err := range map[string]error{
		"somebody else":        start(nil, method.SignIn, bob.UserID, false),
		"a proof in a session": start(&ada, method.InSession, ada.UserID, false),
		"a profile change":     start(&ada, method.Update, ada.UserID, false),
		"another environment":  start(nil, method.SignIn, ada.UserID, true),
	} {
		if err == nil {
			t.Errorf("started: %s", name)
		}
	}
}

// The tokens of a session say who and where; a profile cannot override a claim (C9).
func TestSign(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document())
	ada := w.SignIn(t, "ada@example.com")
	ada.Origin = "https://app.example.com"
	profile := session.Profile{"email": "ada@example.com"}
	for _, name := range []string{"iss", "sub", "aud", "exp", "iat", "sid", "kid", "environment_id", "scope", "signin_credential_id",
		"last_verified_credential_id"} {
		profile[name] = "evil"
	}
	tokens, err := session.Sign(w.Tenant, ada, session.About{Scope: "user:basic", Profile: profile}, w.Now())
	if err != nil {
		t.Fatal(err)
	}
	claims, err := w.Tenant.Verifier.Session(t.Context(), tokens.Minified)
	if err != nil || claims.Subject != ada.UserID || claims.Session != ada.ID || claims.Audience[0] != ada.Origin ||
		claims.SignInCredentialID != ada.SignInCredentialID ||
		claims.Expires.Unix() != ada.ExpiresAt.Unix() || tokens.Expires != ada.ExpiresAt {
		t.Errorf("%+v, %v", claims, err)
	}
	if _, err := w.Tenant.Verifier.Session(t.Context(), tokens.Full); !errors.Is(err, stepup.ErrInvalid) {
		t.Errorf("the full token is a session token: %v", err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(tokens.Full, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var full map[string]any
	if err := json.Unmarshal(raw, &full); err != nil {
		t.Fatal(err)
	}
	if full["email"] != "ada@example.com" || full["sub"] != ada.UserID || strings.Contains(string(raw), "evil") {
		t.Errorf("full token: %s", raw)
	}
	ada.Origin = ""
	tokens, err = session.Sign(w.Tenant, ada, session.About{Scope: "user:basic"}, w.Now())
	if err != nil {
		t.Fatal(err)
	}
	if claims, err := w.Tenant.Verifier.Session(t.Context(), tokens.Minified); err != nil || claims.Audience[0] != w.Tenant.Issuer {
		t.Errorf("without an origin: %+v, %v", claims, err)
	}
}
