package deliver_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/deliver/delivertest"
)

func transcript(lines []deliver.Line) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line.By + " " + line.Text + "\n")
	}
	return b.String()
}

// A transcript shows both sides, and neither the password nor the message, not even
// where the server repeats everything it is told.
func TestTranscriptHidesThePassword(t *testing.T) {
	encode := base64.StdEncoding.EncodeToString
	secrets := []string{delivertest.Password, encode([]byte("\x00" + delivertest.User + "\x00" + delivertest.Password)),
		encode([]byte(delivertest.Password)), "031415"}
	for name, options := range map[string]delivertest.Options{
		"plain": {RequireAuth: true}, "STARTTLS": {RequireAuth: true, STARTTLS: true}, "TLS": {RequireAuth: true, ImplicitTLS: true},
		"echo": {RequireAuth: true, Reply: func(line string) string {
			if strings.HasPrefix(line, "AUTH") {
				return fmt.Sprintf("535 5.7.8 you said %s", line)
			}
			return ""
		}},
		"login": {RequireAuth: true, Reply: func(line string) string {
			if strings.HasPrefix(line, "EHLO") {
				return "250-hi\r\n250 AUTH LOGIN"
			}
			return ""
		}},
	} {
		t.Run(name, func(t *testing.T) {
			server := delivertest.Start(t, options)
			mailer := mustSMTP(t, server.URL, server)
			lines, err := mailer.Transcribe(t.Context(), message())
			said := transcript(lines)
			for _, want := range []string{"connecting to " + server.Addr, "us EHLO", "server 250"} {
				if !strings.Contains(said, want) {
					t.Errorf("%q is missing in\n%s", want, said)
				}
			}
			for _, secret := range secrets {
				if strings.Contains(said+fmt.Sprint(err), secret) {
					t.Errorf("%q appears in\n%s\n%v", secret, said, err)
				}
			}
			if (err == nil) != (name != "echo" && name != "login") && name != "login" {
				t.Errorf("%v\n%s", err, said)
			}
			if err == nil && !strings.Contains(said, "us RCPT TO:<"+to+">") {
				t.Errorf("the recipient is missing in\n%s", said)
			}
			if encrypted := strings.Contains(said, "the connection is encrypted"); encrypted != strings.Contains(name, "TLS") {
				t.Errorf("encrypted %t\n%s", encrypted, said)
			}
		})
	}
}

func TestTranscriptOfAFailure(t *testing.T) {
	server := delivertest.Start(t, delivertest.Options{RejectRecipients: []string{to}})
	lines, err := mustSMTP(t, server.URL, server).Transcribe(t.Context(), message())
	if said := transcript(lines); err == nil || !strings.Contains(said, "server answered 550") || !strings.Contains(said, "RCPT TO") {
		t.Errorf("%v\n%s", err, said)
	}
	endless := delivertest.Start(t, delivertest.Options{Reply: func(line string) string {
		if strings.HasPrefix(line, "EHLO") {
			return strings.Repeat("250-and another thing\r\n", 3000) + "250 ok"
		}
		return ""
	}})
	if lines, _ := mustSMTP(t, endless.URL, endless).Transcribe(t.Context(), message()); len(lines) > 200 {
		t.Errorf("%d lines", len(lines))
	}
}

// Every mail with words of an environment's own can be looked at.
func TestSamples(t *testing.T) {
	for _, template := range []string{
		deliver.SignIn, deliver.StepUp, deliver.AddressChange, deliver.Linked, deliver.Unlinked, deliver.Renamed, deliver.Recovered,
		deliver.Reset, deliver.Disputed, deliver.Settled, deliver.NewDevice, deliver.DeviceAdded, deliver.DeviceGone, deliver.Deleted,
	} {
		own := map[string]deliver.Own{template: {Closing: "Yours, {app}"}}
		m, ok := deliver.Sample(template, deliver.Style{Language: "de", Own: own}, "Example", from)
		if !ok || !strings.Contains(m.Text, "Yours, Example") || !strings.Contains(m.HTML, `lang="de"`) {
			t.Errorf("%s: %t\n%s", template, ok, m.Text)
		}
		if err := new(deliver.Inbox).Send(t.Context(), m); err != nil {
			t.Errorf("%s: %v", template, err)
		}
	}
	if _, ok := deliver.Sample("other", deliver.Style{}, "Example", from); ok {
		t.Error("a mail that is not there")
	}
}
