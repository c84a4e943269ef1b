package environment_test

import (
	"slices"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
)

func TestBuiltinsAreThePublishedScopes(t *testing.T) {
	var got []stepup.Scope
	for _, b := range environment.Builtins {
		got = append(got, b.Scope)
		if b.Action != "" && !slices.Contains(environment.Actions, b.Action) {
			t.Errorf("%s inherits from %s, which is no action", b.Scope, b.Action)
		}
	}
	want := stepup.BuiltInScopes()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if scope, ok := environment.ScopeOf(""); ok {
		t.Errorf("no action carries over to %s", scope)
	}
}

func TestLife(t *testing.T) {
	for _, test := range []struct {
		scope, doc string
		want       environment.Life
	}{
		{"wallet:export", "", environment.Life{SingleUse: true, Seconds: 300}},
		{"credential:link", "", environment.Life{Seconds: 600}},
		{"user:update", "", environment.Life{Seconds: 600}},
		{"user:update", "mfa: {actions: [{action: user.update, required: true, tokenBehavior: single_use}]}",
			environment.Life{SingleUse: true, Seconds: 300}},
		{"wallet:sign", "mfa: {actions: [{action: wallet.waas.sign, required: true, tokenBehavior: time_bound}]}",
			environment.Life{Seconds: 600}},
		{"wallet:sign",
			"mfa: {actions: [{action: wallet.waas.sign, required: true}]}\nscopes: [{scope: \"wallet:sign\", tokenBehavior: time_bound}]",
			environment.Life{Seconds: 600}},
		{"wallet:sign", "mfa: {actions: [{action: wallet.waas.sign, required: true, tokenBehavior: single_use}]}\nscopes: [{scope: " +
			"\"wallet:sign\", tokenBehavior: time_bound, expirySeconds: 500}]", environment.Life{SingleUse: true, Seconds: 300}},
		{"wallet:sign", "mfa: {actions: [{action: wallet.waas.sign, required: true, tokenBehavior: time_bound, tokenExpirySeconds: " +
			"500}]}\nscopes: [{scope: \"wallet:sign\", expirySeconds: 200}]", environment.Life{Seconds: 200}},
		{"credential:link", "scopes: [{scope: \"credential:link\", tokenBehavior: single_use}]",
			environment.Life{SingleUse: true, Seconds: 300}},
		{"transfer:create", "scopes: [{scope: transfer:create, audience: https://a.example, tokenBehavior: time_bound, expirySeconds: 60}]",
			environment.Life{Seconds: 60}},
	} {
		if got, ok := mustParse(t, head+test.doc).Life(test.scope); !ok || got != test.want {
			t.Errorf("%s with %q: %v, want %v", test.scope, test.doc, got, test.want)
		}
	}
	if _, ok := mustParse(t, head).Life("transfer:create"); ok {
		t.Error("a scope nobody declared has a life")
	}
	undeclared := environment.Environment{Scopes: []environment.Scope{{Scope: "transfer:create"}}}
	if got, _ := undeclared.Life("transfer:create"); !got.SingleUse || got.Seconds != 300 {
		t.Errorf("a scope that says nothing lives %v, want the strictest", got)
	}
}
