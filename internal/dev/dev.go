// Package dev serves what only development mode has: a demo app to click
// through, and an inbox that shows the codes the server "sent". It holds no
// state and decides nothing: everything the demo does goes through the same
// public endpoints as any app. It must never be part of a production route
// table, because the inbox hands out other people's codes.
package dev

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/stepup-auth/stepup/internal/secret"
)

// Config is what the pages need to know. Inbox is required.
type Config struct {
	Inbox        Inbox
	Environments []Environment // offered at sign-in, in this order
	BankURL      string        // origin of the example service, in Go or on Node; empty hides its card
	Provider     http.Handler  // login provider with made-up people, below /dev/provider/; nil: none
	DemoURL      string        // origin the demo is meant to be opened at; other names for this host are sent there
	KeptWallets  bool          // whether there is a wallet service
	Operator     secret.Text   // service token for the environments that are migrating; empty: none
	Chain        *Chain        // local chain that the demo asks itself; nil: none
}

// Chain is a node of a chain for development.
type Chain struct {
	Name    string `json:"name"`
	ChainID int    `json:"chainId"`
	RPC     string `json:"rpc"`
}

// Environment is one tenant the demo can sign in to.
type Environment struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	MinAPIVersion string `json:"minApiVersion"`       // where it began; it may have moved since
	Migrating     bool   `json:"migrating,omitempty"` // the demo shows how it is moved to the newest version
}

// Handler serves /demo/, /dev/inbox, /dev/inbox.json and a redirect from /.
func Handler(config Config) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", http.RedirectHandler("/demo/", http.StatusFound))
	demo := newPages("static/demo", "/demo/", "/demo/")
	mux.Handle("GET /demo/", demo)
	mux.Handle("GET /demo/{$}", atHome(config.DemoURL, demo))
	mux.Handle("GET /demo/config.json", serveConfig(config))
	inbox := newPages("static/inbox", "/dev/inbox", "/dev/inbox/")
	mux.Handle("GET /dev/inbox", inbox)
	mux.Handle("GET /dev/inbox/", inbox)
	mux.Handle("GET /dev/inbox.json", serveInbox(config.Inbox))
	if config.Provider != nil {
		mux.Handle("/dev/provider/", config.Provider)
	}
	return guard(contentSecurityPolicy(config), mux)
}

// atHome sends a visitor who came by another name of this host (127.0.0.1 for
// localhost) to the demo's own: the example service trusts that origin alone,
// and browsers make no passkeys for an IP address.
func atHome(demoURL string, next http.Handler) http.Handler {
	home, err := url.Parse(demoURL)
	if err != nil || home.Host == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != home.Host {
			http.Redirect(w, r, originOf(demoURL)+"/demo/", http.StatusTemporaryRedirect)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guard puts the security headers on every answer, errors included.
func guard(policy string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

func (c Config) chainRPC() string {
	if c.Chain == nil {
		return ""
	}
	return c.Chain.RPC
}

// contentSecurityPolicy allows our own files, and calls to this server, the
// example service and the local chain. Trusted types are required, so that a page which ever assigned a
// string as markup would fail at once instead of being a hole.
func contentSecurityPolicy(config Config) string {
	connect := "'self'"
	for _, other := range []string{config.BankURL, config.chainRPC()} {
		if origin := originOf(other); origin != "" {
			connect += " " + origin
		}
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src 'self' data:",
		"connect-src " + connect,
		"frame-src 'self'", // the page that shows a wallet's key
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types 'none'",
	}, "; ")
}

// originOf gives scheme and host of an absolute http URL, or "". Parsing keeps
// a stray separator in a setting from becoming a directive of the policy.
func originOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.ContainsAny(u.Host, " ;,'\"") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func serveConfig(config Config) http.Handler {
	document := struct {
		Environments []Environment `json:"environments"`
		BankURL      string        `json:"bankUrl"`
		KeptWallets  bool          `json:"keptWallets,omitempty"`
		Operator     string        `json:"operatorToken,omitempty"`
		Chain        *Chain        `json:"chain,omitempty"`
	}{config.Environments, originOf(config.BankURL), config.KeptWallets, config.Operator.Reveal(), config.Chain}
	if document.Environments == nil {
		document.Environments = []Environment{}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, document)
	})
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	// The status is out; a client that went away is nobody's error.
	_ = json.NewEncoder(w).Encode(value)
}
