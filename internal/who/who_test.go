package who_test

import (
	"testing"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// A caller acts on the user of its session, unless it was made to concern another one;
// and what is made of a caller leaves the caller as it was.
func TestWhomACallerConcerns(t *testing.T) {
	home, newest := &tenant.Tenant{}, &tenant.Tenant{}
	signedOut := who.Caller{By: audit.By{Actor: "anonymous", EnvironmentID: "here", RequestID: "r"}, Tenant: home, Source: "192.0.2.1"}
	signedIn := signedOut.In(newest, store.SessionRow{ID: "s", UserID: "ada"})
	for _, test := range []struct {
		name   string
		caller who.Caller
		want   string
	}{
		{name: "signed out", caller: signedOut, want: ""},
		{name: "an operator acting on a user", caller: signedOut.Concerning("bob"), want: "bob"},
		{name: "signed in", caller: signedIn, want: "ada"},
		{name: "signed in, about another user", caller: signedIn.Concerning("bob"), want: "bob"},
		{name: "a session unknown to the audit log", caller: who.Caller{Session: &store.SessionRow{UserID: "ada"}}, want: "ada"},
	} {
		if got := test.caller.UserID(); got != test.want {
			t.Errorf("%s: acts on %q, want %q", test.name, got, test.want)
		}
	}
	by := signedIn.By
	if by.UserID != "ada" || by.SessionID != "s" || by.RequestID != "r" || signedIn.Tenant != newest || signedIn.Source != "192.0.2.1" {
		t.Errorf("signed in: %+v", signedIn)
	}
	if signedOut.Session != nil || signedOut.By.UserID != "" || signedOut.Tenant != home {
		t.Errorf("the caller that it was made of: %+v", signedOut)
	}
}
