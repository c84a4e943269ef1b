package assurance_test

import (
	"slices"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
)

// What each method is worth, as the design and RFC 8176 have it.
func TestKinds(t *testing.T) {
	want := map[assurance.Kind]struct {
		acr assurance.ACR
		mfa bool
		amr []string
	}{
		assurance.EmailCode:       {stepup.ACRReauth, false, []string{"otp", "email"}},
		assurance.SMSCode:         {stepup.ACRReauth, false, []string{"otp", "sms"}},
		assurance.WalletSignature: {stepup.ACRReauth, false, []string{"pop", "swk"}},
		assurance.Social:          {stepup.ACRReauth, false, []string{"fed"}},
		assurance.External:        {stepup.ACRFederated, false, []string{"fed"}},
		assurance.TOTP:            {stepup.ACRMFA, true, []string{"otp", "mfa"}},
		assurance.Passkey:         {stepup.ACRPhishingResistant, true, []string{"pop", "hwk", "user", "mfa"}},
		assurance.RecoveryCode:    {stepup.ACRMFA, true, []string{"kba", "mfa"}},
	}
	if len(assurance.Kinds) != len(want) {
		t.Errorf("%d kinds, want %d", len(assurance.Kinds), len(want))
	}
	for _, kind := range assurance.Kinds {
		w := want[kind]
		if kind.ACR() != w.acr || kind.MFA() != w.mfa || !slices.Equal(kind.AMR(), w.amr) {
			t.Errorf("%s: %s, MFA %v, %v; want %+v", kind, kind.ACR(), kind.MFA(), kind.AMR(), w)
		}
		if kind.MFA() != kind.ACR().Meets(assurance.MFA) {
			t.Errorf("%s: MFA %v, but worth %s", kind, kind.MFA(), kind.ACR())
		}
	}
	var unknown assurance.Kind = "password"
	if unknown.ACR() != "" || unknown.MFA() || unknown.AMR() != nil || unknown.ACR().Meets(assurance.Federated) {
		t.Error("an unknown method is worth something")
	}
}

func TestOrder(t *testing.T) {
	order := []assurance.ACR{assurance.Federated, assurance.Reauth, assurance.MFA, assurance.PHR}
	for i, a := range order {
		for j, b := range order {
			if got := a.Meets(b); got != (i >= j) {
				t.Errorf("%s meets %s: %v", a, b, got)
			}
			if got := assurance.Stricter(a, b); got != order[max(i, j)] {
				t.Errorf("the stricter of %s and %s is %s", a, b, got)
			}
		}
		for _, unknown := range []assurance.ACR{"", "mfa", "URN:STEPUP:PHR", a + " "} {
			if a.Meets(unknown) || unknown.Meets(a) || unknown.Meets(unknown) {
				t.Errorf("%q takes part in the order", unknown)
			}
			if assurance.Stricter(a, unknown) != a || assurance.Stricter(unknown, a) != a {
				t.Errorf("%q is stricter than %s", unknown, a)
			}
		}
	}
}
