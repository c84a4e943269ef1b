package stepup_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

var grammar = regexp.MustCompile(`\A[a-z][a-z0-9_]*(:[a-z0-9_]+)+\z`)

var scopeSeeds = []string{
	"wallet:export", "transfer:create", "a:b:c", "a_1:_2:3",
	"", ":", "a", "a:", ":a", "a::b", "A:b", "a:B", "1a:b", "_a:b", "a:b:", "a b:c", "a:b c", "a:*", "*", "a:b\n",
	"a:\u00e9", "\u0430:b", "a:b,c:d", "a:b\x00", " a:b", "a:b ", strings.Repeat("a", 127) + ":b",
}

func TestParseScope(t *testing.T) {
	for _, s := range scopeSeeds {
		checkScope(t, s)
	}
	if _, err := stepup.ParseScope("a:" + strings.Repeat("b", stepup.MaxScopeLength-2)); err != nil {
		t.Errorf("longest scope: %v", err)
	}
}

func checkScope(t *testing.T, s string) {
	t.Helper()
	scope, err := stepup.ParseScope(s)
	want := grammar.MatchString(s) && len(s) <= stepup.MaxScopeLength
	if got := err == nil; got != want {
		t.Errorf("ParseScope(%q) accepts: %v, want %v", s, got, want)
	}
	if err == nil && string(scope) != s {
		t.Errorf("ParseScope(%q) = %q: must not change it", s, scope)
	}
	if got := stepup.Scope(s).Valid(); got != want {
		t.Errorf("Scope(%q).Valid() = %v, want %v", s, got, want)
	}
}

func FuzzParseScope(f *testing.F) {
	for _, s := range scopeSeeds {
		f.Add(s)
	}
	f.Fuzz(checkScope)
}

func TestBuiltInScopes(t *testing.T) {
	seen := map[stepup.Scope]bool{}
	for _, scope := range stepup.BuiltInScopes() {
		if !scope.Valid() || !scope.BuiltIn() || !scope.Reserved() || seen[scope] {
			t.Errorf("%q: valid %v, built in %v, reserved %v, twice %v", scope, scope.Valid(), scope.BuiltIn(), scope.Reserved(),
				seen[scope])
		}
		seen[scope] = true
	}
	for scope, want := range map[stepup.Scope]bool{
		"wallet:anything": true, "business_account:link_wallet": true, "console:x": true,
		"wallets:export": false, "transfer:wallet": false, "businessaccount:x": false,
	} {
		if scope.Reserved() != want {
			t.Errorf("%q reserved: %v, want %v", scope, !want, want)
		}
	}
}

// TestScopeSmuggling is C10: a token allows exactly the scopes that stand in it.
func TestScopeSmuggling(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	verifier := issuer.Verifier(t)
	claims, err := verifier.Elevated(t.Context(), issuer.Token(t, stepuptest.Token{Scopes: []stepup.Scope{"transfer:create", "card:show"}}))
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range []stepup.Scope{
		"", "transfer", "transfer:", "transfer:creat", "transfer:create:all", "Transfer:Create", "transfer:*", "*",
		"transfer:create card:show", "create", "card", "card:show ",
	} {
		if claims.Has(scope) {
			t.Errorf("token for transfer:create and card:show allows %q", scope)
		}
	}
	if !claims.Has("transfer:create") || !claims.Has("card:show") {
		t.Error("token does not allow its own scopes")
	}

	for _, list := range []any{
		"", " ", " transfer:create", "transfer:create ", "transfer:create  card:show", "transfer:create\tcard:show",
		"transfer:create,card:show", "transfer:create\ncard:show", "transfer:*", "transfer", "TRANSFER:CREATE",
		"transfer:create transfer:create", []string{"transfer:create"}, 7, true, "transfer:create\u00a0card:show",
	} {
		token := issuer.Token(t, stepuptest.Token{Scopes: []stepup.Scope{"transfer:create"}, Claims: map[string]any{"scope": list}})
		if claims, err := verifier.Elevated(t.Context(), token); err == nil {
			t.Errorf("scope claim %q is read as %q", list, claims.Scopes)
		}
	}
}
