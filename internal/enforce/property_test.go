package enforce_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// Over all environments that can be applied and all people the store can hold:
// the gates of a scope refuse somebody exactly if the check says that it is
// required, a token is minted by exactly the proofs that every scope admits, and
// opens exactly its scopes.
func TestCheckAndEnforcementAgree(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Old())
	users := 0
	rapid.Check(t, func(r *rapid.T) {
		document := tenanttest.Documents().Draw(r, "document")
		w.Apply(t, document)
		users++
		s, address := somebody(t, w, r, users)
		scopes := stepup.BuiltInScopes()
		for _, declared := range w.Tenant.Scopes {
			if !slices.Contains(scopes, stepup.Scope(declared.Scope)) {
				scopes = append(scopes, stepup.Scope(declared.Scope))
			}
		}
		scopes = slices.DeleteFunc(scopes, func(s stepup.Scope) bool {
			rule, err := policy.RuleFor(w.Tenant.Environment, s)
			return err != nil || rule.Operator
		})
		decided := map[stepup.Scope]policy.Decision{}
		w.Read(t, func(tx *store.Tx) error {
			person, err := account.Person(tx, w.Tenant.Environment, s)
			if err != nil {
				return err
			}
			for _, scope := range scopes {
				if decided[scope], err = policy.Decide(w.Tenant.Environment, person, scope); err != nil {
					return err
				}
			}
			return nil
		})
		for _, scope := range scopes {
			refused, want := false, stepup.ReasonMissing
			if decided[scope].NoMethod() {
				want = stepup.ReasonNoMethod
			}
			for _, use := range policy.Uses {
				got := reason(t, judge(t, w, s, "", scope, use))
				if got != "" && got != want {
					r.Fatalf("%s, use %d: the gate says %q, want %q\n%s", scope, use, got, want, document)
				}
				refused = refused || got != ""
			}
			if refused != decided[scope].Required {
				r.Fatalf("%s: a gate refuses: %v, the check says required: %v\n%s", scope, refused, decided[scope].Required, document)
			}
		}
		if address == "" {
			return
		}

		kind := rapid.SampledFrom(assurance.Kinds).Draw(r, "kind")
		asked := rapid.SliceOfNDistinct(rapid.SampledFrom(scopes), 1, 3, rapid.ID[stepup.Scope]).Draw(r, "asked")
		stub := tenanttest.Stub{Is: kind,
			Evidence: method.Evidence{Format: store.FormatEmail, Identifier: address, Recipient: address, Purpose: method.InSession}}
		text, err := w.Grant(context.Background(), stub, w.Attempt(&s, "", ""), asked...)
		admitted := offered(t, w, s, address)
		for _, scope := range asked {
			admitted = admitted && decided[scope].Admits(kind, kind.ACR()) &&
				decided[scope].Rule.Audience == decided[asked[0]].Rule.Audience
		}
		if (err == nil) != admitted || (text != "") != admitted {
			r.Fatalf("%s minted for %v: %v, but admitted %v\n%s", kind, asked, err, admitted, document)
		}
		if text == "" {
			return
		}
		for _, scope := range scopes {
			opened := slices.Contains(asked, scope) ||
				slices.Contains(asked, stepup.WalletDelegate) && (scope == stepup.WalletRefresh || scope == stepup.WalletReshare) &&
					// A token of another scope opens these two, but never below their floor.
					decided[scope].Admits(kind, kind.ACR())
			for _, use := range policy.Uses {
				if got := reason(t, judge(t, w, s, text, scope, use)) == ""; got != (opened || !decided[scope].For(use).Required) {
					r.Fatalf("a token for %v and %s, use %d: opened %v\n%s", asked, scope, use, got, document)
				}
			}
		}
	})
}

// judge asks the gate of one call of the scope.
func judge(t *testing.T, w *tenanttest.World, s store.SessionRow, token string, scope stepup.Scope, use policy.Use) error {
	t.Helper()
	caller, demand := w.Caller(t, s, token), enforce.Demand{Scope: scope, Use: use}
	return w.DB.Read(t.Context(), func(tx *store.Tx) error { return tenanttest.Judge(caller, tx, demand) })
}

// somebody is a user with some addresses and second factors, each linked in some
// way, and a session. address is one of them, or "" when there is none.
func somebody(t *testing.T, w *tenanttest.World, r *rapid.T, n int) (s store.SessionRow, address string) {
	t.Helper()
	id := fmt.Sprint("user ", n)
	s = store.SessionRow{ID: fmt.Sprint("session ", n), EnvironmentID: tenanttest.ID, UserID: id, ExpiresAt: w.Now().Add(1e15),
		EndsAt: w.Now().Add(1e15)}
	w.Write(t, func(tx *store.Tx) error {
		if err := tx.InsertUser(store.UserRow{ID: id, EnvironmentID: tenanttest.ID, Profile: "{}"}); err != nil {
			return err
		}
		for i := range rapid.IntRange(0, 3).Draw(r, "addresses") {
			c := store.CredentialRow{
				ID: fmt.Sprintf("%s credential %d", id, i), EnvironmentID: tenanttest.ID, UserID: id, Format: store.FormatEmail,
				Identifier: fmt.Sprintf("user%d.%d@example.com", n, i), SignInEnabled: rapid.IntRange(0, 3).Draw(r, "enabled") > 0,
				Provenance: rapid.SampledFrom([]string{store.ProvenanceSignUp, store.ProvenanceNothing, store.ProvenanceElevatedToken}).
					Draw(r, "provenance"),
			}
			if err := tx.InsertCredential(c); err != nil {
				return err
			}
			if rapid.IntRange(0, 3).Draw(r, "confirmed") == 0 {
				if err := tx.ConfirmCredential(c); err != nil {
					return err
				}
			}
			s.SignInCredentialID, address = c.ID, c.Identifier
		}
		for _, format := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{store.FormatTOTP, store.FormatPasskey,
			store.FormatRecovery}), 0, 2, rapid.ID[string]).Draw(r, "factors") {
			c := store.CredentialRow{
				ID: id + format, EnvironmentID: tenanttest.ID, UserID: id, Format: format, Identifier: id + format,
				SignInEnabled: format == store.FormatPasskey,
				Provenance: rapid.SampledFrom([]string{store.ProvenanceNothing, store.ProvenanceElevatedToken}).
					Draw(r, "provenance of "+format),
			}
			if err := tx.InsertCredential(c); err != nil {
				return err
			}
		}
		return tx.InsertSession(s)
	})
	return s, address
}

// offered reports whether the address may step up at all.
func offered(t *testing.T, w *tenanttest.World, s store.SessionRow, address string) (counts bool) {
	t.Helper()
	w.Read(t, func(tx *store.Tx) error {
		c, err := tx.CredentialByIdentifier(tenanttest.ID, store.FormatEmail, address)
		counts = c.SignInEnabled &&
			(c.Provenance != store.ProvenanceNothing || !c.ConfirmedAt.IsZero() || w.Tenant.MinAPIVersion == "2026_01_01")
		return err
	})
	return counts
}

// wallet:delegate opens refresh and reshare, and nothing else; nothing else
// opens anything but itself (C2, C10).
func TestDelegate(t *testing.T) {
	t.Parallel()
	actions := "mfa: {actions: [{action: wallet.waas.sign, required: true}, {action: wallet.waas.refresh, required: true}, {action: " +
		"wallet.waas.reshare, required: true}, {action: user.update, required: true}]}"
	w := tenanttest.SQLite(t, tenanttest.Document(actions))
	ada := w.SignIn(t, "ada@example.com")
	scopes := slices.DeleteFunc(append(stepup.BuiltInScopes(), tenanttest.Transfer), func(s stepup.Scope) bool {
		rule, _ := policy.RuleFor(w.Tenant.Environment, s)
		return rule.Operator
	})
	opens := map[stepup.Scope][]stepup.Scope{stepup.WalletDelegate: {stepup.WalletRefresh, stepup.WalletReshare}}
	stub := tenanttest.Stub{Is: assurance.EmailCode,
		Evidence: method.Evidence{Format: store.FormatEmail, Identifier: "ada@example.com", Purpose: method.InSession}}
	for _, held := range scopes {
		text, err := w.Grant(t.Context(), stub, w.Attempt(&ada, "", ""), held)
		if err != nil {
			t.Fatal(err)
		}
		for _, wanted := range scopes {
			want := stepup.ReasonWrongScope
			if held == wanted || slices.Contains(opens[held], wanted) {
				want = ""
			}
			if got := reason(t, w.Judge(t, ada, text, wanted)); got != want {
				t.Errorf("a token for %s at %s: %q, want %q", held, wanted, got, want)
			}
		}
	}
	text, err := w.Grant(t.Context(), stub, w.Attempt(&ada, "", ""), stepup.WalletDelegate)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Spend(t, ada, text, stepup.WalletRefresh); err != nil {
		t.Error(err)
	}
	refused(t, w, ada, text, stepup.WalletReshare, stepup.ReasonSpent)
}
