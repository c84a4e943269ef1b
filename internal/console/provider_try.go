package console

import (
	"crypto/rand"
	"net/http"

	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/store"
)

// providerTryPage is a login at a provider that an operator goes through to see whether
// it is set up well. It signs nobody in.
type providerTryPage struct {
	Title   string
	State   string // which trial it is
	Address string // at the provider; empty: the operator was there
	Trial   social.Trial
	Path    string
	Back    string
}

func (providerTryPage) template() string { return "provider_try" }
func (p providerTryPage) title() string  { return "Try " + p.Title }
func (providerTryPage) crumbs() []crumb  { return []crumb{{"Delivery", "./delivery"}} }
func (r *request) atProvider() *social.Client {
	return social.NewClient(r.HTTP, &keyset.Cache{HTTP: r.HTTP, Now: r.Now}, r.Secrets, r.Now)
}

// trialOf is the request of a trial, which is the operator's own, and its page.
func trialOf(r *request) (social.Request, providerTryPage, error) {
	t, err := r.Tenants.Load(r.Context(), r.environment.ID)
	if err != nil {
		return social.Request{}, providerTryPage{}, err
	}
	c := r.caller()
	c.Tenant = t
	asks := social.Request{Caller: c, Provider: r.PathValue("provider"), Trial: r.visitor.Actor()}
	_, row, err := asks.Find()
	return asks, providerTryPage{Title: row.Title, Path: r.within("delivery/providers/" + asks.Provider), Back: r.within("delivery")}, err
}

// providerTry begins a trial. The browser goes to the provider in a tab of its own.
func providerTry(r *request) (answer, error) {
	asks, p, err := trialOf(r)
	if err != nil {
		return nil, err
	}
	provider, row, err := asks.Find()
	if err != nil {
		return nil, err
	}
	endpoint, err := r.atProvider().Endpoint(r.Context(), provider, row)
	if err != nil {
		return nil, social.Undiscovered(asks.Provider, err)
	}
	p.State = rand.Text()
	err = r.write(func(tx *store.Tx) (err error) {
		p.Address, err = social.Try(tx, asks, endpoint, p.State)
		return err
	})
	if err != nil {
		return nil, err
	}
	return show(p)
}

// providerTried says how it went.
func providerTried(r *request) (answer, error) {
	asks, p, err := trialOf(r)
	if err != nil {
		return nil, err
	}
	if err := r.ParseForm(); err != nil {
		return nil, unreadable(err)
	}
	p.State = r.PostForm.Get("state")
	if p.Trial, err = social.Tried(r.Context(), r.DB, r.atProvider(), asks, p.State); err != nil {
		return nil, err
	}
	if p.Trial.Pending {
		return shown{p, http.StatusAccepted}, nil
	}
	return show(p)
}
