package console

import (
	"html"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/method/social/socialtest"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/outbound"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// A provider is tried by a real login there: the operator sees who came back, nobody is
// signed in, and another operator sees nothing of it.
func TestProviderIsTried(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	c.Now = time.Now
	provider := socialtest.Start(t, c.Now)
	c.HTTP = outbound.NewClient([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	c.Tenants = tenant.NewRegistry(c.DB, c.PublicURL, c.Now)
	c.Secrets = environment.Secrets{Lookup: func(name string) (string, bool) {
		return socialtest.ClientSecret, name == environment.Variable(previewEnvironment, "CLIENT")
	}}
	by := who.Caller{By: audit.By{Actor: "operator"}}
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
		document := "id: " + previewEnvironment + "\nname: Acme Pay\nproviders:\n  - {provider: acme, name: Acme, issuer: \"" +
			provider.URL +
			"\", clientId: " + socialtest.ClientID + ", clientSecret: {env: CLIENT}}\n"
		_, err := operate.Apply(by, tx, []byte(document), operate.ApplyOptions{MayWeaken: true})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if text := body(t, call(t, c, "GET", atDelivery, nil)); !strings.Contains(text, "/providers/acme/redirect") ||
		!strings.Contains(text, ">ready<") || strings.Contains(text, socialtest.ClientSecret) {
		t.Error("the provider is not listed with its redirect URL")
	}
	at := atDelivery + "/providers/acme"
	page := body(t, send(t, c, at+"/try", nil))
	address := html.UnescapeString(regexp.MustCompile(`href="(` + regexp.QuoteMeta(provider.URL) + `[^"]*)"`).FindStringSubmatch(page)[1])
	form := url.Values{"state": {regexp.MustCompile(`name="state" value="([^"]+)"`).FindStringSubmatch(page)[1]}}
	if got := send(t, c, at+"/tried", form); got.StatusCode != http.StatusAccepted {
		t.Errorf("before the login: %d", got.StatusCode)
	}

	provider.LogIn(socialtest.Person{Subject: "<b>subject</b>", Name: "<script>alert(1)</script>", Email: "ada@example.com",
		Verified: true})
	there, err := c.HTTP.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	there.Body.Close()
	back, err := there.Location()
	if err != nil {
		t.Fatal(err)
	}
	tt, err := c.Tenants.Load(t.Context(), previewEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	asks := social.Request{Caller: who.Caller{By: by.By, Tenant: tt}, Provider: "acme"}
	p, row, err := asks.Find()
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := social.NewClient(c.HTTP, nil, c.Secrets, c.Now).Endpoint(t.Context(), p, row)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
		q := back.Query()
		to, err := social.Return(tx, asks, endpoint, social.Returned{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss")})
		if to != "" {
			t.Errorf("the browser is sent to %s", to)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}

	eve := previewedAs(c, canneds{operator: operator.Operator{ID: "eve", Email: "eve@example.com",
		Grants: []operator.Grant{{Role: operator.Owner}}}})
	if got := send(t, eve, at+"/tried", form); got.StatusCode < 400 {
		t.Errorf("another operator: %d", got.StatusCode)
	}
	text := body(t, send(t, c, at+"/tried", form))
	if !strings.Contains(text, "It works") || !strings.Contains(text, "&lt;b&gt;subject&lt;/b&gt;") ||
		strings.Contains(text, "<script>alert") {
		t.Errorf("how it went:\n%s", text)
	}
	var rows int
	if err := c.DB.Read(t.Context(), func(tx *store.Tx) error {
		return tx.Row(`SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM sessions) +
			(SELECT count(*) FROM credentials)`).Scan(&rows)
	}); err != nil || rows != 0 {
		t.Errorf("%d rows of users, sessions and credentials, %v", rows, err)
	}
}
