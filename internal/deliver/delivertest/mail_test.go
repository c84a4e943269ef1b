package delivertest_test

import (
	"encoding/base64"
	"fmt"
	"net/smtp"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/deliver/delivertest"
)

func TestCode(t *testing.T) {
	for text, want := range map[string]string{
		"Your code:\n\n123456\n": "123456",
		"123456":                 "123456",
		"code 123456.":           "123456",
		"1234567 and x123456 and 123456x, #123456": "",
		"https://x.example/123456 then 654321":     "654321",
		"12345":                                    "",
		"no code":                                  "",
	} {
		if got := (delivertest.Mail{Text: text}).Code(); got != want {
			t.Errorf("Code of %q is %q, want %q", text, got, want)
		}
	}
}

// TestOtherClient reads what another mail library writes in other encodings.
func TestOtherClient(t *testing.T) {
	server := delivertest.Start(t, delivertest.Options{})
	body := base64.StdEncoding.EncodeToString([]byte("Grüße, 123456\n"))
	raw := strings.ReplaceAll(fmt.Sprintf(`From: =?iso-8859-1?q?B=FCcher?= <shop@example.test>
To: ann@example.test
Subject: =?utf-8?b?R3LDvMOfZQ==?= again
Date: Wed, 01 Apr 2026 12:00:00 +0000
Message-Id: <1@example.test>
Mime-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset="UTF-8"
Content-Transfer-Encoding: base64

%s
--inner
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>Gr=C3=BC=
=C3=9Fe</p>
--inner--
--outer--
`, body), "\n", "\r\n")
	if err := smtp.SendMail(server.Addr, nil, "bounce@example.test", []string{"ann@example.test", "bob@example.test"},
		[]byte(raw)); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"bob@example.test", "ann@example.test"} {
		got := server.Wait(t, to)
		if got.From != "Bücher <shop@example.test>" || got.Subject != "Grüße again" || got.Sender != "bounce@example.test" {
			t.Errorf("from %q, subject %q, envelope %q", got.From, got.Subject, got.Sender)
		}
		if got.Text != "Grüße, 123456\n" || got.HTML != "<p>Grüße</p>" || got.Code() != "123456" {
			t.Errorf("text %q, html %q", got.Text, got.HTML)
		}
	}
	if len(server.Mails()) != 2 {
		t.Errorf("%d mails, want 2", len(server.Mails()))
	}
}

func TestServerRefuses(t *testing.T) {
	server := delivertest.Start(t, delivertest.Options{RequireAuth: true, RejectRecipients: []string{"NOBODY@example.test"}})
	raw := []byte("Subject: x\r\n\r\nx\r\n")
	host, _, _ := strings.Cut(server.Addr, ":")
	for want, send := range map[string]func() error{
		"530": func() error {
			return smtp.SendMail(server.Addr, nil, "a@example.test", []string{"b@example.test"}, raw)
		},
		"535": func() error {
			return smtp.SendMail(server.Addr, smtp.PlainAuth("", delivertest.User, "wrong", host), "a@example.test",
				[]string{"b@example.test"}, raw)
		},
		"550": func() error {
			return smtp.SendMail(server.Addr, smtp.PlainAuth("", delivertest.User, delivertest.Password, host), "a@example.test",
				[]string{"nobody@example.test"}, raw)
		},
	} {
		if err := send(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("SendMail gave %v, want %s", err, want)
		}
	}
}
