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
		{"https://auth.example.com", "", bank, "Bank <no-reply@localhost>", `"Bank" <no-reply@auth.example.com>`},
		{"https://auth.example.com", "", bank, "Bank <no-reply@auth.example.com>", "Bank <no-reply@auth.example.com>"},
		{"https://auth.example.com", "", bank, "Bank <ceo@auth.example.com>", `"Bank" <no-reply@auth.example.com>`},
		{"https://auth.example.com", "", bank, "Shop <no-reply@shop.example>", `"Shop" <no-reply@auth.example.com>`},
		{"https://auth.example.com", "bank.example", bank, "Bank <hello@BANK.example>", "Bank <hello@BANK.example>"},
		{"https://auth.example.com", "bank.example", bank, "Bank <hello@mail.bank.example>", `"Bank" <no-reply@auth.example.com>`},
		{"https://auth.example.com", "bank.example", bank, "Bank <hello@notbank.example>", `"Bank" <no-reply@auth.example.com>`},
		{"https://auth.example.com", bank + "=bank.example," + shop + "=shop.example", bank, "Bank <hello@bank.example>",
			"Bank <hello@bank.example>"},
		{"https://auth.example.com", bank + "=bank.example," + shop + "=shop.example", bank, "Shop <hello@shop.example>",
			`"Shop" <no-reply@auth.example.com>`},
		{"https://auth.example.com", bank + "=bücher.example", bank, "B <a@xn--bcher-kva.example>", "B <a@xn--bcher-kva.example>"},
		{"https://10.0.0.5", "mail.example," + bank + "=bank.example", bank, "Bank <no-reply@10.0.0.5>", `"Bank" <no-reply@bank.example>`},
		{"https://10.0.0.5", "mail.example," + bank + "=bank.example", shop, "Shop <no-reply@localhost>", `"Shop" <no-reply@mail.example>`},
		{"https://[2001:db8::1]", "mail.example", shop, "Shop <no-reply@localhost>", `"Shop" <no-reply@mail.example>`},
		{"http://127.0.0.1:8080", "", bank, "Bank <hello@anything.example>", "Bank <hello@anything.example>"},
		{"http://localhost:8080", "", bank, "Bank <no-reply@localhost>", "Bank <no-reply@localhost>"},
		{"", "", bank, "Bank <hello@anything.example>", "Bank <hello@anything.example>"},
		// What a name can smuggle in.
		{"https://auth.example.com", "bank.example", bank, `"a@bank.example" <x@evil.example>`,
			`"a@bank.example" <no-reply@auth.example.com>`},
		{"https://auth.example.com", "bank.example", bank, "Bank <x@evil.example@bank.example>", "<no-reply@auth.example.com>"},
		{"https://auth.example.com", "bank.example", bank, "=?utf-8?q?a=0D=0ABcc:_b?= <x@evil.example>", "<no-reply@auth.example.com>"},
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
