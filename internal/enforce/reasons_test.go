package enforce_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/token"
	"github.com/stepup-auth/stepup/internal/who"
)

// reason is what a refusal says; "" for a yes.
func reason(t testing.TB, err error) stepup.Reason {
	t.Helper()
	if err == nil {
		return ""
	}
	var refused *fault.Error
	if !errors.As(err, &refused) || refused.Code != fault.ElevatedTokenRequired {
		t.Errorf("not a refusal: %v", err)
		return "?"
	}
	return refused.Payload.(enforce.Refusal).Reason
}

// refused wants the same reason from judging and from spending.
func refused(t testing.TB, w *tenanttest.World, s store.SessionRow, text string, scope stepup.Scope, want stepup.Reason) {
	t.Helper()
	if got := reason(t, w.Judge(t, s, text, scope)); got != want {
		t.Errorf("judging %s: %q, want %q", scope, got, want)
	}
	before := w.Audited(t, "token.consumed")
	if _, err := w.Spend(t, s, text, scope); reason(t, err) != want {
		t.Errorf("spending %s: %v, want %q", scope, err, want)
	}
	if n := w.Audited(t, "token.consumed"); n != before {
		t.Error("a refusal was audited as a use")
	}
}

func active(t testing.TB, w *tenanttest.World, text string) (active bool) {
	t.Helper()
	w.Read(t, func(tx *store.Tx) (err error) {
		_, active, err = enforce.Introspect(who.Caller{Tenant: w.Tenant, Elevated: who.Present(t.Context(), w.Tenant, text)}, tx)
		return err
	})
	return active
}

func TestReasons(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada, again, bob := w.SignIn(t, "ada@example.com"), w.SignIn(t, "ada@example.com"), w.SignIn(t, "bob@example.com")
		export := w.Elevate(t, ada, "ada@example.com", stepup.WalletExport)
		refused(t, w, ada, "", stepup.WalletExport, stepup.ReasonMissing)
		for _, text := range []string{"x", "..", export[:len(export)-1], export + "A", "x" + export, export[:len(export)/2]} {
			refused(t, w, ada, text, stepup.WalletExport, stepup.ReasonMissing)
		}
		refused(t, w, ada, export, stepup.WalletDelete, stepup.ReasonWrongScope)
		refused(t, w, ada, export, stepup.CredentialLink, stepup.ReasonWrongScope)
		refused(t, w, again, export, stepup.WalletExport, stepup.ReasonWrongSubject)
		refused(t, w, bob, export, stepup.WalletExport, stepup.ReasonWrongSubject)
		refused(t, w, ada, export, tenanttest.Transfer, stepup.ReasonWrongScope)

		if got := reason(t, w.Judge(t, ada, export, stepup.WalletExport)); got != "" {
			t.Errorf("a good token: %q", got)
		}
		if !active(t, w, export) {
			t.Error("a good token is not active")
		}
		if _, err := w.Spend(t, ada, export, stepup.WalletExport); err != nil {
			t.Errorf("a good token, after refusals that must cost nothing: %v", err)
		}
		refused(t, w, ada, export, stepup.WalletExport, stepup.ReasonSpent)
		if active(t, w, export) {
			t.Error("a spent token is active")
		}

		link := w.Elevate(t, ada, "ada@example.com", stepup.CredentialLink)
		for range 3 {
			if _, err := w.Spend(t, ada, link, stepup.CredentialLink); err != nil {
				t.Errorf("a time-bound token, more than once: %v", err)
			}
		}
		w.Clock.Advance(600*time.Second + time.Second)
		refused(t, w, ada, link, stepup.CredentialLink, stepup.ReasonExpired)
		if active(t, w, link) {
			t.Error("an expired token is active")
		}
	})
}

// A person with nothing that may prove it is told so, but a bad token keeps its reason.
func TestNoMethod(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document("  - {scope: wallet:export, floor: {preset: asvs-l3}}"))
	ada := w.SignIn(t, "ada@example.com")
	refused(t, w, ada, "", stepup.WalletExport, stepup.ReasonNoMethod)
	refused(t, w, ada, "x", stepup.WalletExport, stepup.ReasonMissing)
	var f *fault.Error
	errors.As(w.Judge(t, ada, "", stepup.WalletDelete), &f)
	if p := f.Payload.(enforce.Refusal); len(p.Methods) != 1 || p.Methods[0] != "email_otp" || !p.SingleUse ||
		p.Scope != stepup.WalletDelete || p.RequestID != "request" || f.Code.Status() != 403 {
		t.Errorf("%+v", f)
	}
}

// Tokens that nobody minted are good for nothing, even when the signature holds.
func TestSignedButNotMinted(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document())
	ada := w.SignIn(t, "ada@example.com")
	now := w.Now().Unix()
	x := []any{map[string]any{"type": "x"}}
	hash, err := stepup.HashDetails([]byte(`[{"type":"x"}]`))
	if err != nil {
		t.Fatal(err)
	}
	claims := func(change map[string]any) map[string]any {
		c := map[string]any{"iss": w.Tenant.Issuer, "aud": w.Tenant.Issuer, "sub": ada.UserID, "sid": ada.ID,
			"environment_id": tenanttest.ID, "scope": "wallet:export",
			"singleUse": true, "jti": "none", "iat": now, "exp": now + 300, "auth_time": now, "acr": stepup.ACRReauth,
			"amr": []string{"otp"}}
		for name, value := range change {
			c[name] = value
		}
		return c
	}
	for _, test := range []struct {
		name   string
		typ    token.Type
		change map[string]any
		want   stepup.Reason
	}{
		{"unknown jti", token.Elevated, nil, stepup.ReasonMissing},
		{"a session token", token.Session, nil, stepup.ReasonMissing},
		{"an id token", token.ID, nil, stepup.ReasonMissing},
		{"another environment", token.Elevated, map[string]any{"environment_id": "other"}, stepup.ReasonWrongSubject},
		{"a client key", token.Elevated, map[string]any{"cnf": map[string]any{"jkt": "thumbprint"}}, stepup.ReasonWrongBinding},
		{"a transaction", token.Elevated, map[string]any{"authorization_details": x, "authorization_details_hash": hash, "displayed": true},
			stepup.ReasonWrongBinding},
		{"half a binding", token.Elevated, map[string]any{"authorization_details": x}, stepup.ReasonMissing},
		{"for a single-use scope but time-bound", token.Elevated, map[string]any{"singleUse": false}, stepup.ReasonSuperseded},
		{"another audience", token.Elevated, map[string]any{"aud": tenanttest.Bank}, stepup.ReasonWrongScope},
		{"an issuer of its own", token.Elevated, map[string]any{"iss": "https://evil.example"}, stepup.ReasonMissing},
		{"ten years", token.Elevated, map[string]any{"exp": now + 10*365*86400}, stepup.ReasonMissing},
	} {
		text, err := w.Tenant.Keys.Sign(w.Now(), test.typ, claims(test.change))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(test.name, func(t *testing.T) { refused(t, w, ada, text, stepup.WalletExport, test.want) })
	}
}

// Whatever takes a token's ground away takes the token, at once (C12).
func TestRevocation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		revoke func(t *testing.T, w *tenanttest.World, s store.SessionRow)
	}{
		{"the session", func(t *testing.T, w *tenanttest.World, s store.SessionRow) {
			w.Write(t, func(tx *store.Tx) error { return session.Revoke(w.As(&s), tx, "log out") })
		}},
		{"all sessions", func(t *testing.T, w *tenanttest.World, s store.SessionRow) {
			w.Write(t, func(tx *store.Tx) error {
				_, err := operate.RevokeSessions(who.Caller{By: tenanttest.By}, tx, tenanttest.ID, s.UserID)
				return err
			})
		}},
		{"the credential", func(t *testing.T, w *tenanttest.World, s store.SessionRow) {
			w.Write(t, func(tx *store.Tx) error {
				if _, err := account.Link(w.About(s.UserID), tx,
					account.Address{Format: store.FormatEmail, Identifier: "b@example.com", Written: "b@example.com"},
					account.Authority{Provenance: store.ProvenanceElevatedToken}); err != nil {
					return err
				}
				return account.Unlink(w.About(s.UserID), tx, s.SignInCredentialID,
					account.Authority{Provenance: store.ProvenanceElevatedToken})
			})
		}},
		{"the user", func(t *testing.T, w *tenanttest.World, s store.SessionRow) {
			w.Write(t, func(tx *store.Tx) error {
				return operate.SetUserDisabled(who.Caller{By: tenanttest.By}, tx, tenanttest.ID, s.UserID, true)
			})
		}},
		{"the epoch", func(t *testing.T, w *tenanttest.World, _ store.SessionRow) {
			if err := store.RestoreEpoch(t.Context(), w.DB); err != nil {
				t.Fatal(err)
			}
		}},
		{"a stricter floor", func(t *testing.T, w *tenanttest.World, _ store.SessionRow) {
			w.Apply(t, tenanttest.Document("  - {scope: credential:link, floor: {withoutMfa: 'urn:stepup:mfa'}}",
				"  - {scope: wallet:export, floor: {preset: asvs-l3}}"))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
				ada, bob := w.SignIn(t, "ada@example.com"), w.SignIn(t, "bob@example.com")
				single, timeBound := w.Elevate(t, ada, "ada@example.com", stepup.WalletExport),
					w.Elevate(t, ada, "ada@example.com", stepup.CredentialLink)
				others := w.Elevate(t, bob, "bob@example.com", stepup.UserDelete)
				if _, err := w.Spend(t, ada, timeBound, stepup.CredentialLink); err != nil {
					t.Fatal(err)
				}
				test.revoke(t, w, ada)
				refused(t, w, ada, single, stepup.WalletExport, stepup.ReasonSuperseded)
				refused(t, w, ada, timeBound, stepup.CredentialLink, stepup.ReasonSuperseded)
				for text, scope := range map[string]stepup.Scope{single: stepup.WalletExport, timeBound: stepup.CredentialLink} {
					if _, _, err := consume(t, w, guarded(text, scope, "op "+string(scope))); reason(t,
						err) != stepup.ReasonSuperseded {
						t.Errorf("consuming %s: %v", scope, err)
					}
					if active(t, w, text) {
						t.Errorf("%s is active", scope)
					}
				}
				if test.name != "the epoch" {
					if _, err := w.Spend(t, bob, others, stepup.UserDelete); err != nil {
						t.Errorf("somebody else's token: %v", err)
					}
				}
			})
		})
	}
}

// A time-bound token for what has become single-use no longer counts, and a
// rule that a node has not heard of decides nothing.
func TestStricterUse(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		link := w.Elevate(t, ada, "ada@example.com", stepup.CredentialLink)
		stale := *w
		w.Apply(t, tenanttest.Document("  - {scope: credential:link, tokenBehavior: single_use}"))
		refused(t, w, ada, link, stepup.CredentialLink, stepup.ReasonSuperseded)
		if _, err := stale.Spend(t, ada, link, stepup.CredentialLink); err == nil || fault.Has(err, fault.ElevatedTokenRequired) {
			t.Errorf("decided by the old rules: %v", err)
		}
		if _, _, err := consume(t, &stale, guarded(link, stepup.CredentialLink, "op")); err == nil {
			t.Error("consumed by the old rules")
		}
		if _, err := w.Spend(t, ada, link, stepup.ConsoleMFAReset); !errors.Is(err, policy.ErrOperatorScope) {
			t.Errorf("an operator's scope: %v", err)
		}
	})
}
