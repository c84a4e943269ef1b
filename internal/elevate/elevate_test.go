package elevate_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// stub proves control of ada's address by any kind.
func stub(kind assurance.Kind, purpose method.Purpose) tenanttest.Stub {
	return tenanttest.Stub{Is: kind,
		Evidence: method.Evidence{Format: store.FormatEmail, Identifier: "ada@example.com", Recipient: "ada@example.com", Purpose: purpose}}
}

func minted(t testing.TB, w *tenanttest.World) int64 {
	t.Helper()
	n := w.Count(t, `SELECT COUNT(*) FROM elevated_tokens`)
	if audited := w.Audited(t, "token.minted"); audited != n {
		t.Errorf("%d tokens minted, %d audited", n, audited)
	}
	return n
}

func TestGrant(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		for _, test := range []struct {
			scopes   []stepup.Scope
			single   bool
			life     time.Duration
			audience string
		}{
			{[]stepup.Scope{stepup.WalletExport}, true, 300 * time.Second, w.Tenant.Issuer},
			{[]stepup.Scope{stepup.CredentialLink, stepup.CredentialUnlink}, false, 600 * time.Second, w.Tenant.Issuer},
			{[]stepup.Scope{stepup.CredentialLink, stepup.WalletDelete}, true, 300 * time.Second, w.Tenant.Issuer},
			{[]stepup.Scope{tenanttest.Transfer}, true, 300 * time.Second, tenanttest.Bank},
		} {
			claims, err := w.Tenant.Verifier.Elevated(t.Context(), w.Elevate(t, ada, "ada@example.com", test.scopes...))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(claims.Scopes, test.scopes) || claims.SingleUse != test.single ||
				claims.Expires.Sub(claims.IssuedAt) != test.life ||
				!slices.Equal(claims.Audience, []string{test.audience}) || claims.Subject != ada.UserID || claims.Session != ada.ID ||
				claims.EnvironmentID != tenanttest.ID ||
				claims.ACR != stepup.ACRReauth || !slices.Equal(claims.AMR, []string{"otp", "email"}) ||
				claims.CredentialID != ada.SignInCredentialID ||
				claims.AuthTime.Before(ada.CreatedAt.Truncate(time.Second)) {
				t.Errorf("%v: %+v", test.scopes, claims)
			}
		}
		if n := minted(t, w); n != 4 {
			t.Errorf("%d tokens", n)
		}
	})
}

// A proof is good in its environment, its session and for its purpose, and only
// its user's own credential counts.
func TestProofOfSomethingElse(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada, again, mallory := w.SignIn(t, "ada@example.com"), w.SignIn(t, "ada@example.com"), w.SignIn(t, "mallory@example.com")
		other := *w.Tenant
		environment := *w.Tenant.Environment
		environment.ID = "99999999-2222-4333-8444-555555555555"
		other.Environment = &environment

		prove := func(s *store.SessionRow, purpose method.Purpose, then func(*store.Tx, method.Proof) error) error {
			return method.Check(t.Context(), w.DB, stub(assurance.EmailCode, purpose), w.Attempt(s, "", ""), then)
		}
		grant := func(s store.SessionRow) func(*store.Tx, method.Proof) error {
			return func(tx *store.Tx, p method.Proof) error {
				m, err := elevate.Grant(w.As(&s), tx, p, []stepup.Scope{stepup.WalletExport})
				if err != nil && m != nil {
					t.Error("minted with an error")
				}
				return err
			}
		}
		for name, err := range map[string]error{
			"no proof": w.DB.Write(t.Context(), func(tx *store.Tx) error { return grant(ada)(tx, method.Proof{}) }),
			"another environment": prove(&ada, method.InSession, func(tx *store.Tx, p method.Proof) error {
				_, err := elevate.Grant(w.As(&ada).In(&other, ada), tx, p, []stepup.Scope{stepup.WalletExport})
				return err
			}),
			"another session of the user": prove(&again, method.InSession, grant(ada)),
			"a sign-in":                   prove(nil, method.SignIn, grant(ada)),
			"a sign-in, in the session":   prove(&ada, method.SignIn, grant(ada)),
			"a profile change":            prove(&ada, method.Update, grant(ada)),
			"another user's address":      prove(&mallory, method.InSession, grant(mallory)),
			"no scope": prove(&ada, method.InSession, func(tx *store.Tx, p method.Proof) error {
				_, err := elevate.Grant(w.As(&ada), tx, p, nil)
				return err
			}),
			"an operator's scope": prove(&ada, method.InSession, func(tx *store.Tx, p method.Proof) error {
				_, err := elevate.Grant(w.As(&ada), tx, p, []stepup.Scope{stepup.ConsoleMFAReset})
				return err
			}),
			"two audiences": prove(&ada, method.InSession, func(tx *store.Tx, p method.Proof) error {
				_, err := elevate.Grant(w.As(&ada), tx, p, []stepup.Scope{stepup.WalletExport, tenanttest.Transfer})
				return err
			}),
		} {
			if err == nil {
				t.Errorf("a proof of %s minted", name)
			}
		}
		if n := minted(t, w); n != 0 {
			t.Errorf("%d tokens", n)
		}
		// A refusal gives the proof back: nothing was spent, nothing audited.
		if n := w.Audited(t, "proof.given"); n != 3 {
			t.Errorf("%d proofs audited, want those of the three sign-ins", n)
		}
	})
}

func TestFloorHolds(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document(
		"  - {scope: wallet:export, floor: {preset: asvs-l3}}",
		"  - {scope: wallet:delete, floor: {withoutMfa: 'urn:stepup:mfa'}}",
		"  - {scope: wallet:restore, floor: {withoutMfa: 'urn:stepup:reauth'}}"))
	ada := w.SignIn(t, "ada@example.com")
	admitted := map[stepup.Scope][]assurance.Kind{
		stepup.WalletExport: {assurance.WalletSignature, assurance.Social, assurance.External, assurance.TOTP, assurance.Passkey,
			assurance.RecoveryCode},
		stepup.WalletDelete: {assurance.TOTP, assurance.Passkey, assurance.RecoveryCode},
		stepup.WalletRestore: {assurance.EmailCode, assurance.SMSCode, assurance.WalletSignature, assurance.Social, assurance.TOTP,
			assurance.Passkey, assurance.RecoveryCode},
		stepup.UserDelete: assurance.Kinds,
	}
	for scope, kinds := range admitted {
		for _, kind := range assurance.Kinds {
			text, err := w.Grant(t.Context(), stub(kind, method.InSession), w.Attempt(&ada, "", ""), scope)
			if want := slices.Contains(kinds, kind); want != (err == nil) || want != (text != "") ||
				!want && !fault.Has(err, fault.MFAInvalidRequest) {
				t.Errorf("%s for %s: %v", kind, scope, err)
			}
		}
		// A stricter scope is not opened by asking for a laxer one beside it.
		for _, kind := range assurance.Kinds {
			_, err := w.Grant(t.Context(), stub(kind, method.InSession), w.Attempt(&ada, "", ""), stepup.UserDelete, scope)
			if want := slices.Contains(kinds, kind); want != (err == nil) {
				t.Errorf("%s for user:delete and %s: %v", kind, scope, err)
			}
		}
	}
}

func TestParseScopes(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document("  - {scope: 'pay:now', audience: 'https://pay.example.com'}"))
	parse := func(words ...string) ([]stepup.Scope, error) { return elevate.ParseScopes(w.Tenant, words) }
	if scopes, err := parse(); scopes != nil || err != nil {
		t.Errorf("nothing: %v, %v", scopes, err)
	}
	if scopes, err := parse("wallet:export", "wallet:sign", "wallet:export"); err != nil ||
		!slices.Equal(scopes, []stepup.Scope{"wallet:export", "wallet:sign"}) {
		t.Errorf("twice: %v, %v", scopes, err)
	}
	var many []string
	for i := range elevate.MaxScopes + 1 {
		many = append(many, fmt.Sprint("wallet:", i))
	}
	for _, words := range [][]string{
		{""}, {"wallet:export", ""}, {"wallet:*"}, {"WALLET:EXPORT"}, {"wallet:export wallet:delete"}, {" wallet:export"},
		{"wallet:export\x00"}, {"business_account:read"}, {"console:mfa:reset"}, {"wallet:export", "console:mfa:reset"}, {"user:basic"},
		{"unknown:scope"}, {"wallet:export", "transfer:create"}, {"pay:now", "transfer:create"}, {strings.Repeat("a", 200) + ":b"}, many,
	} {
		if scopes, err := parse(words...); !fault.Has(err, fault.InvalidScopes) {
			t.Errorf("%q: %v, %v", words, scopes, err)
		}
	}
}

// Sign-in mints nothing, but credential:link for a user without MFA who signed
// in by code and asked for it.
func TestGrantAtSignIn(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		w.SignIn(t, "ada@example.com")
		signIn := func(kind assurance.Kind) (m *elevate.Minted, err error) {
			err = method.Check(t.Context(), w.DB, stub(kind, method.SignIn), w.Attempt(nil, "",
				""), func(tx *store.Tx, p method.Proof) error {
				row, err := tenanttest.Enter(tx, w.Tenant, p)
				if err != nil {
					return err
				}
				m, err = elevate.GrantAtSignIn(w.As(&row), tx, p)
				return err
			})
			return m, err
		}
		for _, kind := range assurance.Kinds {
			m, err := signIn(kind)
			if want := kind == assurance.EmailCode || kind == assurance.SMSCode; err != nil || (m != nil) != want {
				t.Errorf("%s: minted %v, %v", kind, m != nil, err)
			}
			if m == nil {
				continue
			}
			text, err := m.Sign(w.Tenant, w.Now())
			if err != nil {
				t.Fatal(err)
			}
			claims, err := w.Tenant.Verifier.Elevated(t.Context(), text)
			if err != nil || !slices.Equal(claims.Scopes, []stepup.Scope{stepup.CredentialLink}) || claims.SingleUse {
				t.Errorf("%+v, %v", claims, err)
			}
		}
		w.Apply(t, tenanttest.Document("mfa: {required: true, methods: [{type: totp, enabled: true}]}"))
		if m, err := signIn(assurance.EmailCode); m != nil || err != nil {
			t.Errorf("where MFA is required: %v, %v", m, err)
		}
		w.Apply(t, tenanttest.Document("  - {scope: credential:link, floor: {preset: asvs-l3}}"))
		if m, err := signIn(assurance.EmailCode); m != nil || err != nil {
			t.Errorf("where codes are banned: %v, %v", m, err)
		}
		err := method.Check(t.Context(), w.DB, stub(assurance.EmailCode, method.InSession), w.Attempt(nil, "",
			""), func(tx *store.Tx, p method.Proof) error {
			_, err := elevate.GrantAtSignIn(w.As(&store.SessionRow{}), tx, p)
			return err
		})
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("a proof in a session: %v", err)
		}
	})
}

// A credential that was linked with nothing mints at the old version only.
func TestUnconfirmedCredentialMintsNothing(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Old(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "first@example.com")
		w.Write(t, func(tx *store.Tx) error {
			_, err := account.Link(w.About(ada.UserID), tx, account.Address{Format: store.FormatEmail,
				Identifier: "ada@example.com", Written: "ada@example.com"}, account.Authority{Provenance: store.ProvenanceNothing})
			return err
		})
		for i, document := range []string{tenanttest.Old(),
			tenanttest.Document("createdAtVersion: '2026_01_01'", "minApiVersion: '2026_04_01'")} {
			w.Apply(t, document)
			_, err := w.Grant(t.Context(), stub(assurance.EmailCode, method.InSession), w.Attempt(&ada, "", ""), stepup.WalletExport)
			if i == 0 && err != nil || i == 1 && !fault.Has(err, fault.MFAInvalidRequest) {
				t.Errorf("at %s: %v", w.Tenant.MinAPIVersion, err)
			}
		}
	})
}
