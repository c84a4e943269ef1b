package deliver_test

import (
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/deliver"
)

const (
	bank = "7f0c7a1e-2a54-4d7b-9b52-0d1f6c6f7a10"
	shop = "8f0c7a1e-2a54-4d7b-9b52-0d1f6c6f7a11"
)

func TestL12Senders(t *testing.T) {
	for _, c := range []struct {
		url, domains, environment, from, want string
	}{
		{url: "https://auth.example.com", environment: bank, from: "Bank <no-reply@localhost>",
			want: `"Bank" <no-reply@auth.example.com>`},
		{url: "https://auth.example.com", environment: bank, from: "Bank <no-reply@auth.example.com>",
			want: "Bank <no-reply@auth.example.com>"},
		{url: "https://auth.example.com", environment: bank, from: "Bank <ceo@auth.example.com>",
			want: `"Bank" <no-reply@auth.example.com>`},
		{url: "https://auth.example.com", environment: bank, from: "Shop <no-reply@shop.example>",
			want: `"Shop" <no-reply@auth.example.com>`},
		{url: "https://auth.example.com", domains: "bank.example", environment: bank, from: "Bank <hello@BANK.example>",
			want: "Bank <hello@BANK.example>"},
		{url: "https://auth.example.com", domains: "bank.example", environment: bank,
			from: "Bank <hello@mail.bank.example>", want: `"Bank" <no-reply@auth.example.com>`},
		{url: "https://auth.example.com", domains: "bank.example", environment: bank, from: "Bank <hello@notbank.example>",
			want: `"Bank" <no-reply@auth.example.com>`},
		{url: "https://auth.example.com", domains: bank + "=bank.example," + shop + "=shop.example", environment: bank,
			from: "Bank <hello@bank.example>", want: "Bank <hello@bank.example>"},
		{url: "https://auth.example.com", domains: bank + "=bank.example," + shop + "=shop.example", environment: bank,
			from: "Shop <hello@shop.example>", want: `"Shop" <no-reply@auth.example.com>`},
		{url: "https://auth.example.com", domains: bank + "=bücher.example", environment: bank,
			from: "B <a@xn--bcher-kva.example>", want: "B <a@xn--bcher-kva.example>"},
		{url: "https://10.0.0.5", domains: "mail.example," + bank + "=bank.example", environment: bank,
			from: "Bank <no-reply@10.0.0.5>", want: `"Bank" <no-reply@bank.example>`},
		{url: "https://10.0.0.5", domains: "mail.example," + bank + "=bank.example", environment: shop,
			from: "Shop <no-reply@localhost>", want: `"Shop" <no-reply@mail.example>`},
		{url: "https://[2001:db8::1]", domains: "mail.example", environment: shop, from: "Shop <no-reply@localhost>",
			want: `"Shop" <no-reply@mail.example>`},
		{url: "http://127.0.0.1:8080", environment: bank, from: "Bank <hello@anything.example>",
			want: "Bank <hello@anything.example>"},
		{url: "http://localhost:8080", environment: bank, from: "Bank <no-reply@localhost>", want: "Bank <no-reply@localhost>"},
		{environment: bank, from: "Bank <hello@anything.example>", want: "Bank <hello@anything.example>"},
		// What a name can smuggle in.
		{url: "https://auth.example.com", domains: "bank.example", environment: bank,
			from: `"a@bank.example" <x@evil.example>`, want: `"a@bank.example" <no-reply@auth.example.com>`},
		{url: "https://auth.example.com", domains: "bank.example", environment: bank,
			from: "Bank <x@evil.example@bank.example>", want: "<no-reply@auth.example.com>"},
		{url: "https://auth.example.com", domains: "bank.example", environment: bank,
			from: "=?utf-8?q?a=0D=0ABcc:_b?= <x@evil.example>", want: "<no-reply@auth.example.com>"},
	} {
		var entries []string
		if c.domains != "" {
			entries = strings.Split(c.domains, ",")
		}
		s, err := deliver.NewSenders(c.url, entries)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(); err != nil {
			t.Errorf("%s with %s: %v", c.url, c.domains, err)
		}
		got := s.Sender(c.environment, c.from)
		if got != c.want {
			t.Errorf("at %s with %q: %s sends from %s, want %s", c.url, c.domains, c.from, got, c.want)
		}
		if problem := s.Problem(c.environment, c.from); (problem == "") != (got == c.from) {
			t.Errorf("at %s with %q: %s: problem %q", c.url, c.domains, c.from, problem)
		}
		if err := deliver.CheckSender(got); err != nil {
			t.Errorf("%s: %v", got, err)
		}
	}
}

func TestL12SendersRefused(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://auth.example.com": true, "http://127.0.0.1:1": true, "http://[::1]:1": true, "http://localhost": true,
		"https://auth": true, "https://10.0.0.5": false, "https://10.0.0.5:8443": false, "https://[2001:db8::1]": false,
		"https://0x7f.1": false,
	} {
		s, err := deliver.NewSenders(url, []string{bank + "=bank.example"})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Check(); (got == nil) != ok || got != nil && !strings.Contains(got.Error(), "STEPUP_MAIL_DOMAINS") {
			t.Errorf("%s: %v", url, got)
		}
	}
	for _, entry := range []string{"", "=", "a b", "10.0.0.5", "bank=bank.example", strings.ToUpper(bank) + "=bank.example", bank + "=",
		bank + "=10.0.0.5", "a@bank.example", "*.example"} {
		if _, err := deliver.NewSenders("https://auth.example.com", []string{entry}); err == nil {
			t.Errorf("%q is read", entry)
		}
	}
}
