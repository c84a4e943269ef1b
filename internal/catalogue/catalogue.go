// Package catalogue is what we know of login providers, as reviewed data: where
// they answer, what to ask for, which member of their answer names the account,
// who vouches for an email address and whether a fresh login can be proven. It
// knows no network and no store, so that policy and accounts may ask it too.
//
// Its one dangerous column is Vouches. An address counts as the person's own
// only where the provider says so in the way the row names; an address nobody
// vouches for is left out of the profile. No address ever joins two accounts.
package catalogue

import (
	"slices"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/environment"
)

// Vouching says who vouches for an email address.
type Vouching int

// Nobody: the provider hands addresses out unchecked, or does not say. ByClaim:
// a member of the profile says it was verified, by true or "true" only. ByList:
// a list of addresses, each with its own mark.
const (
	Nobody Vouching = iota
	ByClaim
	ByList
)

// Source is where the profile is read.
type Source int

// FromUserInfo reads a profile endpoint with the access token. FromIDToken
// reads the signed id_token, and the profile endpoint besides where there is one. FromToken
// reads the answer of the token endpoint itself.
const (
	FromUserInfo Source = iota
	FromIDToken
	FromToken
)

// Provider is one row. Paths are members joined by dots.
type Provider struct {
	Name   string // of the wire
	Title  string // for people
	Issuer string // OpenID Connect issuer; empty: plain OAuth 2, or the operator names one

	Authorization, Token, UserInfo string // endpoints; empty: by discovery, or the operator names them
	Emails                         string // endpoint of a list of addresses (ByList)

	Source   Source
	Scopes   []string // asked for when the environment names none
	Subject  string   // path of the account id: never reused, never changed by its owner
	Username string
	Display  string
	Photo    string
	Email    string
	Verified string // path of the mark (ByClaim)
	Vouches  Vouching

	// Fresh says that the provider proves when the person logged in (auth_time)
	// and logs in anew when asked to (prompt=login, max_age=0).
	Fresh bool
	// Again is what a step-up asks for so that the old login is not reused
	// silently. A provider that is not Fresh proves nothing by it.
	Again map[string]string

	NoPKCE         bool   // refuses or breaks on code_challenge
	FormPost       bool   // answers by a form post
	ClientIDName   string // what it calls client_id; empty: client_id
	ScopeSeparator string // empty: a space
	BasicAuth      bool   // the token endpoint takes the client secret in Authorization
	Always         map[string]string
	NeedsEndpoints bool // every account has addresses of its own: the operator names them
	NeedsIssuer    bool
}

// Reads are the paths of the members that are read of a profile.
func (p Provider) Reads() []string {
	return slices.DeleteFunc([]string{p.Subject, p.Username, p.Display, p.Photo, p.Email, p.Verified},
		func(path string) bool { return path == "" })
}

// Refused are the providers of the wire that follow neither OAuth 2 nor OpenID
// Connect, with what they speak instead.
var Refused = map[string]string{
	"farcaster": "sign-in messages of its own",
	"telegram":  "a login widget of its own",
	"steam":     "OpenID 2.0",
}

// Named finds the row of a provider of the wire.
func Named(name string) (Provider, bool) {
	for _, p := range Rows {
		if p.Name == name {
			return p, true
		}
	}
	return Provider{}, false
}

// For is what a provider of an environment amounts to: its row, or a row for any
// OpenID Connect issuer, with what the document says instead.
func For(p environment.Provider) (row Provider, ok bool) {
	if p.ClientSecret.Old() { // what it points at is not read any more
		return Provider{}, false
	}
	row, known := Named(p.Provider)
	if !known {
		if p.Issuer == "" || Refused[p.Provider] != "" {
			return Provider{}, false
		}
		row = custom
		row.Name, row.Title = p.Provider, p.Provider
	}
	if p.Name != "" {
		row.Title = p.Name
	}
	if p.Issuer != "" && p.Issuer != row.Issuer {
		row = atIssuer(row, p.Issuer)
	}
	override(&row.Authorization, p.Endpoints.Authorization)
	override(&row.Token, p.Endpoints.Token)
	if p.Endpoints.UserInfo != "" {
		row.UserInfo = p.Endpoints.UserInfo
		if row.Vouches == ByList && row.Emails != "" {
			row.Emails = p.Endpoints.UserInfo + "/emails"
		}
	}
	if len(p.Scopes) > 0 {
		row.Scopes = p.Scopes
	}
	if p.Direct { // the browser goes there without us, so nothing can be asked for or proven
		row.Fresh = false
	}
	complete := row.Source == FromIDToken && row.Issuer != "" ||
		row.Authorization != "" && row.Token != "" && (row.UserInfo != "" || row.Source == FromToken)
	return row, complete
}

// atIssuer makes a row speak OpenID Connect with an issuer the operator names.
// What was reviewed stays: whether addresses are vouched for and whether
// freshness can be proven.
func atIssuer(row Provider, issuer string) Provider {
	standard := custom
	standard.Name, standard.Title, standard.Issuer = row.Name, row.Title, issuer
	standard.Fresh, standard.Again, standard.Vouches = row.Fresh, row.Again, row.Vouches
	if row.Source != FromIDToken {
		standard.Vouches = Nobody
	}
	return standard
}

func override(at *string, with string) {
	if with != "" {
		*at = with
	}
}

// ACR is what a proof by the provider is worth in a step-up: a login that is
// known to be fresh, or just the provider's word. It is empty where the
// environment does not have the provider, or cannot use it.
func ACR(env *environment.Environment, name string) assurance.ACR {
	for _, p := range env.Providers {
		if p.Provider != name {
			continue
		}
		row, ok := For(p)
		switch {
		case !ok:
			return ""
		case row.Fresh:
			return assurance.Reauth
		default:
			return assurance.Federated
		}
	}
	return ""
}
