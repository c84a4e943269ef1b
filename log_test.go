package stepup_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// TestOnlyTheOperatorCanMend looks at what a guard logs of itself.
func TestOnlyTheOperatorCanMend(t *testing.T) {
	issuer, elsewhere := stepuptest.NewIssuer(t), stepuptest.NewIssuer(t)
	alias := strings.Replace(issuer.URL(), "127.0.0.1", "localhost", 1) // the same server under another name
	gone := strings.Replace(issuer.URL(), "127.0.0.1", "gone.localhost", 1)
	client := func(issuer string, token stepup.ServiceToken) *stepup.Client {
		c, err := stepup.NewClient(stepup.ClientConfig{Issuer: issuer, ServiceToken: token,
			HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if strings.HasPrefix(r.URL.Host, "gone.") {
					return nil, errors.New("no such host")
				}
				return http.DefaultTransport.RoundTrip(r)
			})}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	aliased, err := stepup.NewVerifier(stepup.Config{Issuer: alias})
	if err != nil {
		t.Fatal(err)
	}
	shop := issuer.Verifier(t, "https://shop.example")
	for name, test := range map[string]struct {
		config  stepup.GuardConfig
		session string
		want    []string // in the one line; none: nothing is logged
	}{
		"all is well":   {config: stepup.GuardConfig{Client: issuer.Client(t)}},
		"unknown token": {config: stepup.GuardConfig{Client: client(issuer.URL(), "stp_wrong")}, want: []string{"service token"}},
		"no such host":  {config: stepup.GuardConfig{Client: client(gone, "stp_x")}, want: []string{"cannot be found out", "no such host"}},
		"offline":       {config: stepup.GuardConfig{OfflineOnly: true}, want: []string{"single-use"}},
		"alias": {config: stepup.GuardConfig{Verifier: aliased, OfflineOnly: true},
			want: []string{"another issuer", "it is of issuer", issuer.URL(), "this guard is for", alias, "request_id="}},
		"other environment": {config: stepup.GuardConfig{OfflineOnly: true}, session: elsewhere.Session(t, stepuptest.Session{}),
			want: []string{"another issuer", elsewhere.URL(), issuer.URL()}},
		"other audience": {config: stepup.GuardConfig{Verifier: shop, OfflineOnly: true},
			want: []string{"another audience", "it is for audience", issuer.URL(), "this guard is for", "https://shop.example"}},
		"forged": {config: stepup.GuardConfig{OfflineOnly: true}, session: "e30.e30.e30"},
	} {
		var log bytes.Buffer
		test.config.Log = slog.New(slog.NewTextHandler(&log, nil))
		if test.config.Verifier == nil {
			test.config.Verifier = issuer.Verifier(t)
		}
		if test.session == "" {
			test.session = issuer.Session(t, stepuptest.Session{})
		}
		guard, err := stepup.NewGuard(test.config)
		if err != nil {
			t.Fatal(err)
		}
		handler := guard.Require(transfer)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		call := func() {
			r := httptest.NewRequest("POST", "/transfers", nil)
			r.Header.Set("Authorization", "Bearer "+test.session)
			r.Header.Set("Elevated-Access-Token", issuer.Token(t, plain))
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			for _, address := range []string{alias, elsewhere.URL(), issuer.URL()} {
				if strings.Contains(w.Body.String(), address) {
					t.Errorf("%s: the client is told of %s", name, address)
				}
			}
		}
		call()
		call() // a flood does not fill the log
		if n := strings.Count(log.String(), "\n"); n != min(len(test.want), 1) {
			t.Errorf("%s: %d lines: %s", name, n, &log)
		}
		for _, want := range append(test.want, "") {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%s: no %q in %s", name, want, &log)
			}
		}
		if strings.Contains(log.String(), "stp_") || strings.Contains(log.String(), test.session) {
			t.Errorf("%s: a secret is logged: %s", name, &log)
		}
		before := log.Len()
		issuer.Advance(time.Minute)
		test.session = issuer.Session(t, stepuptest.Session{})
		if call(); len(test.want) > 0 && name != "other environment" && name != "alias" && log.Len() == before {
			t.Errorf("%s: not logged again after a minute", name)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestPlainHTTP: neither the service token nor keys travel in clear beyond this machine.
func TestPlainHTTP(t *testing.T) {
	for issuer, want := range map[string]bool{
		"https://issuer.example/api/v0/sdk/x": true, "http://localhost:8080/x": true, "http://LOCALHOST./x": true,
		"http://a.localhost/x": true, "http://127.1.2.3:80/x": true, "http://[::1]:80/x": true, "http://[::ffff:127.0.0.1]/x": true,
		"http://issuer.example/x": false, "http://10.0.0.1/x": false, "http://0.0.0.0/x": false, "http://localhost.example/x": false,
		"http://127.0.0.1.example/x": false, "http://notlocalhost/x": false, "http://stepup:8080/x": false,
	} {
		for _, opted := range []bool{false, true} {
			_, err := stepup.NewVerifier(stepup.Config{Issuer: issuer, PlainHTTP: opted})
			_, clientErr := stepup.NewClient(stepup.ClientConfig{Issuer: issuer, ServiceToken: "stp_x", PlainHTTP: opted})
			for _, err := range []error{err, clientErr} {
				if (err == nil) != (want || opted) || err != nil && !strings.Contains(err.Error(), "PlainHTTP") {
					t.Errorf("%s, PlainHTTP %t: %v", issuer, opted, err)
				}
			}
		}
		if _, err := stepup.NewVerifier(stepup.Config{Issuer: issuer, Keys: stepup.StaticKeySet{}}); err != nil {
			t.Errorf("%s: nothing is fetched, and still: %v", issuer, err)
		}
	}
}
