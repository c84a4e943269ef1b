package deliver_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/deliver/delivertest"
	"github.com/stepup-auth/stepup/internal/secret"
)

// TestNoSecretInErrors has the server repeat everything it is told, wherever
// it can, and looks for the password and the code in what we say about it.
func TestNoSecretInErrors(t *testing.T) {
	m := message()
	encoded := base64.StdEncoding.EncodeToString([]byte("\x00" + delivertest.User + "\x00" + delivertest.Password))
	secrets := []string{delivertest.Password, "031415", encoded, encoded[8:32], "signs you in", "<h1"}
	for _, step := range []string{"EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."} {
		for _, format := range []string{"535 5.7.8 %s", "%s", "334 %s", "550-%s\r\n550 no"} {
			t.Run(step+" "+format, func(t *testing.T) {
				var logs bytes.Buffer
				server := delivertest.Start(t, delivertest.Options{RequireAuth: true, Reply: func(line string) string {
					switch {
					case line == "." && step == ".":
						return fmt.Sprintf(format, strings.ReplaceAll(m.Text, "\n", " ")+m.Subject)
					case step != "." && strings.HasPrefix(line, step):
						return fmt.Sprintf(format, line)
					case line == "*":
						return "501 5.0.0 " + encoded
					}
					return ""
				}})
				mailer, err := deliver.NewSMTP(secret.Text(server.URL), slog.New(slog.NewTextHandler(&logs, nil)))
				if err != nil {
					t.Fatal(err)
				}
				mailer.Timeout = 5 * time.Second
				err = mailer.Send(t.Context(), m)
				if err == nil {
					t.Skip("the server's answer passes for a good one here")
				}
				said := fmt.Sprintf("%v %+v %#v %s", err, err, err, logs.String())
				said += fmt.Sprintf("%v %+v %#v %s", mailer, mailer, mailer, m)
				for _, s := range secrets {
					if strings.Contains(said, s) {
						t.Errorf("%q appears in %s", s, said)
					}
				}
			})
		}
	}
}

func TestMessagesPrintAsNothing(t *testing.T) {
	var logs bytes.Buffer
	m := message()
	slog.New(slog.NewJSONHandler(&logs, nil)).Info("sending", "mail", m)
	fmt.Fprintf(&logs, "%v %+v %#v %s %q %x", m, m, m, m, m, []deliver.Message{m})
	if strings.Contains(logs.String(), "031415") || strings.Contains(logs.String(), fmt.Sprintf("%x", "031415")) {
		t.Errorf("the code is in %s", logs.String())
	}
}

func TestBadURLs(t *testing.T) {
	for _, url := range []string{
		"", "canary", "http://canary@example.com", "smtp://", "smtp://user:canary@", "smtp://user:can ary@host",
		"smtp://user:canary%zz@host", "smtp://user:canary@host:0", "smtp://user:canary@host:99999", "smtp://user:canary@host:x",
		"smtp://user@host", "smtp://:canary@host", "smtp://user:canary@host/path", "smtp://user:canary@host?tls=no",
		"smtp://user:ca#nary@host", "smtp://user:ca/nary@host", "smtp://user:canary@host#x",
	} {
		_, err := deliver.NewSMTP(secret.Text(url), slog.New(slog.DiscardHandler))
		if err == nil || strings.Contains(err.Error(), "ary") {
			t.Errorf("NewSMTP(%q) gave %v, want an error that does not repeat it", url, err)
		}
	}
}
