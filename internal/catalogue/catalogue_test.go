package catalogue_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/catalogue"
	"github.com/stepup-auth/stepup/internal/environment"
)

// The wire's providers are the rows and those refused by name, none forgotten.
func TestEveryProviderOfTheWire(t *testing.T) {
	wire := strings.Fields("apple bitbucket coinbasesocial discord epicgames facebook farcaster github gitlab google instagram kraken " +
		"line linkedin microsoft okta shopify spotify steam telegram tiktok twitch twitter")
	var have []string
	for _, row := range catalogue.Rows {
		have = append(have, row.Name)
		if catalogue.Refused[row.Name] != "" {
			t.Errorf("%s has a row and is refused", row.Name)
		}
	}
	if !slices.IsSorted(have) {
		t.Error("rows are not in order")
	}
	for name := range catalogue.Refused {
		have = append(have, name)
		if _, ok := catalogue.For(environment.Provider{Provider: name, Issuer: "https://issuer.example", ClientID: "x"}); ok {
			t.Errorf("%s can be used after all", name)
		}
	}
	slices.Sort(have)
	if !slices.Equal(have, wire) {
		t.Errorf("have %v\nwant %v", have, wire)
	}
}

func TestRowsAreWhole(t *testing.T) {
	for _, row := range catalogue.Rows {
		for _, address := range []string{row.Issuer, row.Authorization, row.Token, row.UserInfo, row.Emails} {
			if u, err := url.Parse(address); err != nil || address != "" && (u.Scheme != "https" || u.Host == "") {
				t.Errorf("%s: address %q", row.Name, address)
			}
		}
		if row.Subject == "" || row.Title == "" || len(row.Scopes) == 0 {
			t.Errorf("%s lacks subject, title or scopes", row.Name)
		}
		if (row.Vouches == catalogue.ByClaim) != (row.Verified != "") || (row.Vouches == catalogue.ByList) != (row.Emails != "") {
			t.Errorf("%s: who vouches does not fit the paths", row.Name)
		}
		if row.Fresh && row.Source != catalogue.FromIDToken {
			t.Errorf("%s: freshness is proven by a signed auth_time only", row.Name)
		}
		_, complete := catalogue.For(environment.Provider{Provider: row.Name, ClientID: "x"})
		if complete == (row.NeedsEndpoints || row.NeedsIssuer) {
			t.Errorf("%s: ready for use without more is %t", row.Name, complete)
		}
	}
}

// What the document says takes the place of what the row says, and never makes
// a provider prove more than was reviewed.
func TestFor(t *testing.T) {
	endpoints := environment.Endpoints{Authorization: "https://a.example", Token: "https://t.example", UserInfo: "https://u.example/user"}
	for name, c := range map[string]struct {
		p     environment.Provider
		ok    bool
		acr   assurance.ACR
		check func(catalogue.Provider) bool
	}{
		"unknown": {p: environment.Provider{Provider: "nobody"}},
		"any issuer": {p: environment.Provider{Provider: "acme", Issuer: "https://i.example", Name: "Acme"}, ok: true,
			acr: assurance.Reauth,
			check: func(r catalogue.Provider) bool {
				return r.Issuer == "https://i.example" && r.Title == "Acme" && r.Name == "acme" && r.Vouches == catalogue.ByClaim
			}},
		"any issuer, direct": {p: environment.Provider{Provider: "acme", Issuer: "https://i.example", Direct: true}, ok: true,
			acr: assurance.Federated},
		"github": {p: environment.Provider{Provider: "github"}, ok: true, acr: assurance.Federated},
		"github elsewhere": {p: environment.Provider{Provider: "github", Endpoints: endpoints, Scopes: []string{"one"}}, ok: true,
			acr: assurance.Federated,
			check: func(r catalogue.Provider) bool {
				return r.Token == "https://t.example" && r.Emails == "https://u.example/user/emails" && len(r.Scopes) == 1
			}},
		"okta without issuer": {p: environment.Provider{Provider: "okta"}},
		"okta": {p: environment.Provider{Provider: "okta", Issuer: "https://acme.okta.com"}, ok: true,
			acr: assurance.Reauth},
		"a GitLab of one's own": {p: environment.Provider{Provider: "gitlab", Issuer: "https://git.example"}, ok: true,
			acr: assurance.Federated,
			check: func(r catalogue.Provider) bool {
				return r.Source == catalogue.FromIDToken && r.Issuer == "https://git.example"
			}},
		"one Microsoft directory": {p: environment.Provider{Provider: "microsoft", Issuer: "https://login.microsoftonline.com/t/v2.0"},
			ok: true, acr: assurance.Federated,
			check: func(r catalogue.Provider) bool {
				return r.Source == catalogue.FromIDToken && r.Vouches == catalogue.Nobody
			}},
		"kraken":                {p: environment.Provider{Provider: "kraken"}},
		"kraken with endpoints": {p: environment.Provider{Provider: "kraken", Endpoints: endpoints}, ok: true, acr: assurance.Federated},
		"shopify of one store": {p: environment.Provider{Provider: "shopify",
			Endpoints: environment.Endpoints{Authorization: "https://s.example", Token: "https://s.example"}}, ok: true,
			acr: assurance.Federated},
	} {
		row, ok := catalogue.For(c.p)
		if ok != c.ok || c.check != nil && !c.check(row) {
			t.Errorf("%s: %t, %+v", name, ok, row)
		}
		env := &environment.Environment{Providers: []environment.Provider{c.p}}
		if acr := catalogue.ACR(env, c.p.Provider); acr != c.acr {
			t.Errorf("%s: %q, want %q", name, acr, c.acr)
		}
	}
	if acr := catalogue.ACR(&environment.Environment{}, "google"); acr != "" {
		t.Errorf("a provider the environment does not have: %q", acr)
	}
}
