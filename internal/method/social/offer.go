package social

import (
	"net/url"
	"strings"

	"github.com/stepup-auth/stepup/internal/catalogue"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// Callback is where a provider sends the browser: register it there.
func Callback(t *tenant.Tenant, provider string) string {
	return t.Issuer + "/providers/" + provider + "/redirect"
}

// LoginAddress is where clients send a browser: to us, or where the environment
// says direct, to the provider itself.
func LoginAddress(t *tenant.Tenant, p environment.Provider, row catalogue.Provider) string {
	if p.Direct && row.Authorization != "" {
		return row.Authorization
	}
	return t.Issuer + "/providers/" + p.Provider + "/authorize"
}

// Offered lists the providers that are ready for use, as clients are told.
func Offered(t *tenant.Tenant) []environment.SettingsProvider {
	var list []environment.SettingsProvider
	for _, p := range t.Providers {
		row, ok := catalogue.For(p)
		if !ok {
			continue
		}
		separator := row.ScopeSeparator
		if separator == "" {
			separator = " "
		}
		offer := environment.SettingsProvider{
			Provider: p.Provider, Name: row.Title, ClientID: p.ClientID, BaseAuthURL: LoginAddress(t, p, row),
			RedirectURL: Callback(t, p.Provider), Scopes: strings.Join(row.Scopes, separator),
		}
		if p.Provider == "shopify" { // clients do not begin without the name of the store
			if u, err := url.Parse(row.Authorization); err == nil {
				offer.ShopifyStore, _, _ = strings.Cut(u.Hostname(), ".")
			}
		}
		list = append(list, offer)
	}
	return list
}
