package deliver_test

import (
	"errors"
	"net/mail"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/deliver"
)

// accepted maps what may be typed to the address and the key it gives.
var accepted = map[string][2]string{
	"ann@example.com":         {"ann@example.com", "ann@example.com"},
	"  Ann.Lee@Example.COM  ": {"Ann.Lee@Example.COM", "ann.lee@example.com"},
	"user.a1b2c3@example.test": {
		"user.a1b2c3@example.test", "user.a1b2c3@example.test",
	},
	"o'brien+news=x_y-z@mail.example.co.uk": {
		"o'brien+news=x_y-z@mail.example.co.uk", "o'brien+news=x_y-z@mail.example.co.uk",
	},
	"1@2.example":                     {"1@2.example", "1@2.example"},
	"jo@bücher.example":               {"jo@xn--bcher-kva.example", "jo@xn--bcher-kva.example"},
	"jo@BÜCHER.example":               {"jo@xn--bcher-kva.example", "jo@xn--bcher-kva.example"},
	"jo@XN--BCHER-KVA.example":        {"jo@xn--bcher-kva.example", "jo@xn--bcher-kva.example"},
	"jo@例え.テスト":                       {"jo@xn--r8jz45g.xn--zckzah", "jo@xn--r8jz45g.xn--zckzah"},
	"jo@faß.example":                  {"jo@xn--fa-hia.example", "jo@xn--fa-hia.example"},
	"jo@exаmple.com":                  {"jo@xn--exmple-4nf.com", "jo@xn--exmple-4nf.com"}, // Cyrillic а: visibly another domain
	strings.Repeat("a", 64) + "@b.co": {strings.Repeat("a", 64) + "@b.co", strings.Repeat("a", 64) + "@b.co"},
}

var refused = map[string]string{
	"empty":                        "",
	"no at":                        "ann.example.com",
	"no local part":                "@example.com",
	"no domain":                    "ann@",
	"two ats":                      "ann@evil.example@example.com",
	"at in quotes":                 `"ann@evil.example"@example.com`,
	"quoted":                       `"ann"@example.com`,
	"quoted space":                 `"ann lee"@example.com`,
	"quoted recipient":             `"a@evil.example> ORCPT=x"@example.com`, // CVE-2025-59937
	"escaped":                      `ann\@evil@example.com`,
	"display name":                 "Ann <ann@example.com>",
	"angle brackets":               "<ann@example.com>",
	"comment":                      "ann(x)@example.com",
	"comment behind":               "ann@example.com (x)",
	"two addresses":                "ann@example.com,eve@evil.example",
	"two addresses, semicolon":     "ann@example.com;eve@evil.example",
	"two addresses, space":         "ann@example.com eve@evil.example",
	"header injection":             "ann@example.com\r\nBcc: eve@evil.example",
	"line feed":                    "ann@example.com\n",
	"carriage return":              "\rann@example.com",
	"encoded line break":           "ann@example.com%0d%0aBcc:eve",
	"tab":                          "ann@exam\tple.com",
	"nul":                          "ann@example.com\x00.evil.example",
	"invalid utf-8":                "ann@example\xff.com",
	"parameter":                    "ann@example.com NOTIFY=NEVER",
	"percent route":                "ann%evil.example@example.com",
	"bang route":                   "evil.example!ann@example.com",
	"source route":                 "@evil.example:ann@example.com",
	"pipe":                         "|sh@example.com",
	"backtick":                     "`id`@example.com",
	"slash":                        "../../etc/passwd@example.com",
	"option":                       "-oQ/tmp@example.com",
	"leading dot":                  ".ann@example.com",
	"trailing dot":                 "ann.@example.com",
	"double dot":                   "ann..lee@example.com",
	"local too long":               strings.Repeat("a", 65) + "@example.com",
	"non-ascii local":              "änn@example.com",
	"full-width local":             "ａｎｎ@example.com",
	"kelvin sign local":            "\u212aate@example.com",
	"full-width at":                "ann＠example.com",
	"small at":                     "ann﹫example.com",
	"trailing dots":                "ann@example.com.",
	"two trailing dots":            "ann@example.com..",
	"empty label":                  "ann@example..com",
	"leading dot domain":           "ann@.example.com",
	"single label":                 "ann@localhost",
	"address literal":              "ann@[127.0.0.1]",
	"ip address":                   "ann@127.0.0.1",
	"hex ip address":               "ann@0x7f.1",
	"numeric top level":            "ann@example.123",
	"ipv6 literal":                 "ann@[IPv6:::1]",
	"underscore":                   "ann@ex_ample.com",
	"hyphen first":                 "ann@-example.com",
	"hyphen last":                  "ann@example-.com",
	"port":                         "ann@example.com:25",
	"label too long":               "ann@" + strings.Repeat("a", 64) + ".com",
	"domain too long":              "ann@" + strings.Repeat("abcdefghi.", 26) + "com",
	"address too long":             strings.Repeat("a", 64) + "@" + strings.Repeat("abcdefghi.", 19) + "com",
	"huge":                         strings.Repeat("a", 1<<20) + "@example.com",
	"full-width domain":            "ann@ｅｘａｍｐｌｅ.com",
	"kelvin sign domain":           "ann@\u212aate.com",
	"ideographic dot":              "ann@example。com",
	"full-width dot":               "ann@example．com",
	"half-width dot":               "ann@evil｡example.com",
	"soft hyphen":                  "ann@exam\u00adple.com",
	"zero width space":             "ann@exam\u200bple.com",
	"zero width joiner":            "ann@exam\u200dple.com",
	"right to left override":       "ann@moc.\u202eelpmaxe",
	"a/c sign":                     "ann@\u2100.com",
	"punycode of ascii":            "ann@xn--example-.com", // CVE-2026-39821
	"punycode of nothing":          "ann@xn--.com",
	"punycode broken":              "ann@xn--a.com",
	"punycode upper case inside":   "ann@xn--BCHER-KVA0.example",
	"punycode of full-width":       "ann@xn--xample-hy68a.com",
	"punycode of kelvin sign":      "ann@xn--ate-xk1a.com",
	"punycode of soft hyphen":      "ann@xn--exampl-dja79b.com",
	"encoding that does not exist": "ann@ab--cd.com",
	"bidi rule":                    "ann@a\u05d0.com",
}

func TestNormalizeEmail(t *testing.T) {
	for typed, want := range accepted {
		addr, key, err := deliver.NormalizeEmail(typed)
		if err != nil || addr != want[0] || key != want[1] {
			t.Errorf("NormalizeEmail(%q) = %q, %q, %v; want %q, %q", typed, addr, key, err, want[0], want[1])
		}
	}
	for name, typed := range refused {
		t.Run(name, func(t *testing.T) {
			addr, key, err := deliver.NormalizeEmail(typed)
			if !errors.Is(err, deliver.ErrAddress) {
				t.Fatalf("NormalizeEmail(%.80q) = %q, %q, %v; want an error", typed, addr, key, err)
			}
			if addr != "" || key != "" {
				t.Errorf("NormalizeEmail(%.80q) = %q, %q with an error; want nothing", typed, addr, key)
			}
		})
	}
}

func FuzzNormalizeEmail(f *testing.F) {
	for typed := range accepted {
		f.Add(typed)
	}
	for _, typed := range refused {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		addr, key, err := deliver.NormalizeEmail(typed)
		if err != nil {
			// No message may carry the address on into logs and answers.
			if long := strings.Trim(typed, " "); len(long) > 12 && strings.Contains(err.Error(), long) {
				t.Fatalf("the error for %q repeats it: %v", typed, err)
			}
			return
		}
		if len(addr) > 254 || strings.Count(addr, "@") != 1 ||
			strings.ContainsFunc(addr, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Fatalf("NormalizeEmail(%q) gave the address %q", typed, addr)
		}
		if strings.ContainsAny(addr, "<>()[]\\,;:\"|`!%/") {
			t.Fatalf("NormalizeEmail(%q) let special characters into %q", typed, addr)
		}
		if key != strings.ToLower(addr) {
			t.Fatalf("NormalizeEmail(%q): key %q is not that of %q", typed, key, addr)
		}
		// Normal forms are fixed points, and the strictest other reader agrees.
		for _, again := range []string{addr, key} {
			if _, key2, err := deliver.NormalizeEmail(again); err != nil || key2 != key {
				t.Fatalf("NormalizeEmail(%q) = %q, %v; want key %q again", again, key2, err, key)
			}
		}
		parsed, err := mail.ParseAddress(addr)
		if err != nil || parsed.Address != addr || parsed.Name != "" {
			t.Fatalf("net/mail reads %q as %v, %v", addr, parsed, err)
		}
	})
}

func TestSender(t *testing.T) {
	for host, want := range map[string]string{
		"login.example.com": `"Ex, Inc." <no-reply@login.example.com>`,
		"localhost":         `"Ex, Inc." <no-reply@localhost>`,
		"::1":               `"Ex, Inc." <no-reply@localhost>`,
		"bücher.example":    `"Ex, Inc." <no-reply@xn--bcher-kva.example>`,
		"a>\r\nBcc: x@y.zz": `"Ex, Inc." <no-reply@localhost>`,
	} {
		got := deliver.NoReply("Ex,\r\n Inc.", host)
		if got != want {
			t.Errorf("NoReply(%q) = %s, want %s", host, got, want)
		}
		if err := deliver.CheckSender(got); err != nil {
			t.Errorf("CheckSender(%s): %v", got, err)
		}
	}
	for _, from := range []string{
		"", "Example", "a@b@c.com", "Example <a@b.com>, Eve <e@b.com>", "Example <a@b.com>\r\nBcc: e@b.com",
		`"a b"@example.com`, "=?utf-8?q?x=0D=0ABcc:_e?= <a@b.com>", "a@b_c.com", "a@[127.0.0.1]",
	} {
		if err := deliver.CheckSender(from); err == nil {
			t.Errorf("CheckSender(%q) is nil, want an error", from)
		}
	}
}
