package deliver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/deliver/delivertest"
	"github.com/stepup-auth/stepup/internal/secret"
)

const to = "ann@example.test"

func message() deliver.Message {
	return deliver.SignInCode(deliver.Code{
		AppName: "Exämple ✓ Bücher", From: deliver.NoReply("Exämple ✓ Bücher", "example.test"), To: to,
		Code: "031415", ValidFor: 5 * time.Minute,
	})
}

func mustSMTP(t *testing.T, url string, server *delivertest.Server) *deliver.SMTP {
	t.Helper()
	mailer, err := deliver.NewSMTP(secret.Text(url), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	mailer.RootCAs = server.CertPool()
	return mailer
}

// named is a mailer that takes the server for one that is not on loopback.
func named(t *testing.T, server *delivertest.Server) *deliver.SMTP {
	t.Helper()
	mailer := mustSMTP(t, server.NamedURL(), server)
	mailer.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Addr)
	}
	return mailer
}

func TestMessageOnTheWire(t *testing.T) {
	server := delivertest.Start(t, delivertest.Options{})
	want := message()
	if err := mustSMTP(t, server.URL, server).Send(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got := server.Wait(t, "ANN@example.test")
	if types := []string{"multipart/alternative", "text/plain", "text/html"}; !slices.Equal(got.Types, types) {
		t.Errorf("parts are %v, want %v", got.Types, types)
	}
	if got.From != "Exämple ✓ Bücher <no-reply@example.test>" || got.Sender != "no-reply@example.test" || got.To != to {
		t.Errorf("from %q (envelope %q) to %q", got.From, got.Sender, got.To)
	}
	if got.Subject != want.Subject || got.Text != want.Text || strings.TrimSpace(got.HTML) != strings.TrimSpace(want.HTML) {
		t.Errorf("subject or a part did not survive: %q\n%s\n%s", got.Subject, got.Text, got.HTML)
	}
	if got.Code() != "031415" {
		t.Errorf("Code() = %q", got.Code())
	}
	if got.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("Auto-Submitted is %q", got.Header.Get("Auto-Submitted"))
	}
	if id := got.Header.Get("Message-Id"); !strings.HasSuffix(id, "@example.test>") {
		t.Errorf("Message-Id is %q", id)
	}
	for i, b := range got.Raw {
		if b >= 0x80 {
			t.Fatalf("byte %d of the mail is not ASCII", i)
		}
	}
}

func TestTextOnly(t *testing.T) {
	server := delivertest.Start(t, delivertest.Options{})
	m := message()
	m.HTML = ""
	// Dots alone, and something that looks like the end of the mail.
	m.Text = "first\n.\n..\n\r\n.\r\nMAIL FROM:<eve@evil.example>\r\n" + strings.Repeat("long ", 400) + "\nlast\n"
	if err := mustSMTP(t, server.URL, server).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := server.Wait(t, to)
	if want := strings.ReplaceAll(m.Text, "\r\n", "\n"); got.Text != want {
		t.Errorf("text is %q, want %q", got.Text, want)
	}
	if len(server.Mails()) != 1 || !slices.Equal(got.Types, []string{"text/plain"}) {
		t.Errorf("%d mails of parts %v, want one of one part", len(server.Mails()), got.Types)
	}
}

func TestTLSAndLogin(t *testing.T) {
	for _, c := range []struct {
		name    string
		options delivertest.Options
		named   bool // reach the server by a name that is not loopback
		strange bool // do not trust its certificate
		wantErr string
		wantTLS bool
	}{
		{name: "plain on loopback"},
		{name: "login in the clear on loopback", options: delivertest.Options{RequireAuth: true}},
		{name: "STARTTLS on loopback, nobody's certificate", options: delivertest.Options{STARTTLS: true}, strange: true, wantTLS: true},
		{name: "plain elsewhere", named: true},
		{name: "STARTTLS elsewhere", options: delivertest.Options{STARTTLS: true}, named: true, wantTLS: true},
		{name: "STARTTLS and login elsewhere", options: delivertest.Options{STARTTLS: true, RequireAuth: true}, named: true, wantTLS: true},
		{name: "login in the clear elsewhere", options: delivertest.Options{RequireAuth: true}, named: true, wantErr: "STARTTLS"},
		{name: "STARTTLS elsewhere, nobody's certificate", options: delivertest.Options{STARTTLS: true}, named: true, strange: true,
			wantErr: "certificate"},
		{name: "smtps", options: delivertest.Options{ImplicitTLS: true, RequireAuth: true}, named: true, wantTLS: true},
		{name: "smtps on loopback", options: delivertest.Options{ImplicitTLS: true}, wantTLS: true},
		{name: "smtps on loopback, nobody's certificate", options: delivertest.Options{ImplicitTLS: true}, strange: true,
			wantErr: "certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var mu sync.Mutex
			var lines []string
			c.options.Reply = func(line string) string {
				mu.Lock()
				defer mu.Unlock()
				lines = append(lines, line)
				return ""
			}
			server := delivertest.Start(t, c.options)
			mailer := mustSMTP(t, server.URL, server)
			if c.named {
				mailer = named(t, server)
			}
			if c.strange {
				mailer.RootCAs = nil
			}
			err := mailer.Send(t.Context(), message())
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) || deliver.Permanent(err) {
					t.Errorf("Send gave %v, want a temporary error about %s", err, c.wantErr)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, line := range lines {
					if strings.HasPrefix(line, "AUTH") || strings.HasPrefix(line, "MAIL") {
						t.Errorf("the client said %q to a server it must not trust", line)
					}
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := server.Wait(t, to)
			if got.TLS != c.wantTLS {
				t.Errorf("TLS is %v, want %v", got.TLS, c.wantTLS)
			}
			if want := map[bool]string{true: delivertest.User}[c.options.RequireAuth]; got.User != want {
				t.Errorf("logged in as %q, want %q", got.User, want)
			}
		})
	}
}

func TestTemporaryAndPermanent(t *testing.T) {
	at := func(prefix, reply string) delivertest.Options {
		return delivertest.Options{Reply: func(line string) string {
			if line == prefix || prefix != "" && prefix != "." && strings.HasPrefix(line, prefix) {
				return reply
			}
			return ""
		}}
	}
	for _, c := range []struct {
		name          string
		options       delivertest.Options
		wantPermanent bool
		want          string
	}{
		{"busy", at("", "421 4.3.2 too many connections"), false, `greeting: server answered 421 4.3.2 "too many connections"`},
		{"refused altogether", at("", "554 5.3.2 no service"), false, "554"},
		{"hello refused", delivertest.Options{Reply: func(line string) string {
			if strings.HasPrefix(line, "EHLO") || strings.HasPrefix(line, "HELO") {
				return "421 4.3.2 later"
			}
			return ""
		}}, false, "EHLO"},
		{"sender greylisted", at("MAIL", "450 4.7.1 greylisted"), false, `MAIL FROM: server answered 450 4.7.1 "greylisted"`},
		{"sender refused", at("MAIL", "550 5.7.1 not your domain"), true, "550"},
		{"login wanted", at("MAIL", "530 5.7.0 log in first"), false, "530"},
		{"mailbox full", at("RCPT", "452 4.2.2 full"), false, "452"},
		{"no such mailbox", delivertest.Options{RejectRecipients: []string{to}}, true,
			`RCPT TO: server answered 550 5.1.1 "no such mailbox here"`},
		{"data refused", at("DATA", "554 5.5.1 no"), true, "DATA"},
		{"try again", delivertest.Options{FailFirst: 1}, false, "message text: server answered 451 4.3.0"},
		{"spam", at(".", "554 5.7.1 spam"), true, "message text: server answered 554 5.7.1"},
		{"nonsense", at("MAIL", "what?"), false, "made no sense"},
		{"no STARTTLS after all", func() delivertest.Options {
			o := at("STARTTLS", "454 4.7.0 broken")
			o.STARTTLS = true
			return o
		}(), false, "STARTTLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := delivertest.Start(t, c.options)
			err := mustSMTP(t, server.URL, server).Send(t.Context(), message())
			if err == nil {
				t.Fatal("Send gave nil, want an error")
			}
			if deliver.Permanent(err) != c.wantPermanent || deliver.Permanent(fmt.Errorf("outbox: %w", err)) != c.wantPermanent {
				t.Errorf("Permanent(%v) = %v, want %v", err, !c.wantPermanent, c.wantPermanent)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
		})
	}
	if deliver.Permanent(nil) || deliver.Permanent(errors.New("550")) {
		t.Error("errors of others are permanent")
	}
}

func TestSecondTryArrives(t *testing.T) {
	server := delivertest.Start(t, delivertest.Options{FailFirst: 2})
	mailer := mustSMTP(t, server.URL, server)
	for try, want := range []bool{false, false, true} {
		if err := mailer.Send(t.Context(), message()); (err == nil) != want {
			t.Fatalf("try %d gave %v", try, err)
		}
	}
	if server.Wait(t, to); len(server.Mails()) != 1 {
		t.Errorf("%d mails, want 1", len(server.Mails()))
	}
}

// An accepted message must never be reported as failed: it would be sent twice.
func TestAcceptedThenBroken(t *testing.T) {
	server := delivertest.Start(t, delivertest.Options{Reply: func(line string) string {
		if line == "QUIT" {
			return "421 4.4.2 the disk is on fire"
		}
		return ""
	}})
	if err := mustSMTP(t, server.URL, server).Send(t.Context(), message()); err != nil {
		t.Error(err)
	}
	server.Wait(t, to)
}

func TestHangingServer(t *testing.T) {
	server := delivertest.Start(t, delivertest.Options{Hang: true})
	mailer := mustSMTP(t, server.URL, server)

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := mailer.Send(ctx, message()); !errors.Is(err, context.DeadlineExceeded) || deliver.Permanent(err) {
		t.Errorf("with a deadline: %v", err)
	}
	mailer.Timeout = 50 * time.Millisecond
	if err := mailer.Send(t.Context(), message()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a timeout of its own: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := mailer.Send(gone, message()); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
}

// TestCancelledMidway cancels at each step of a conversation in turn.
func TestCancelledMidway(t *testing.T) {
	for _, verb := range []string{"", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."} {
		t.Run("at "+verb, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			server := delivertest.Start(t, delivertest.Options{RequireAuth: true, Reply: func(line string) string {
				if line == verb || verb != "" && verb != "." && strings.HasPrefix(line, verb) {
					cancel()
					<-ctx.Done()
					return "250-and then nothing" // never finished
				}
				return ""
			}})
			err := mustSMTP(t, server.URL, server).Send(ctx, message())
			if !errors.Is(err, context.Canceled) || deliver.Permanent(err) {
				t.Errorf("Send gave %v, want it cancelled", err)
			}
			if len(server.Mails()) != 0 {
				t.Error("half a mail was taken")
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	mailer, err := deliver.NewSMTP(secret.Text("smtp://mailer:pass-canary@"+addr), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	err = mailer.Send(t.Context(), message())
	if err == nil || deliver.Permanent(err) || strings.Contains(err.Error(), "canary") {
		t.Errorf("Send gave %v, want a temporary error without the password", err)
	}
}

func TestDefaultPorts(t *testing.T) {
	for url, want := range map[string]string{"smtp://mx.example.com": "mx.example.com:587", "smtps://mx.example.com": "mx.example.com:465",
		"smtp://[::1]:2525": "[::1]:2525"} {
		mailer, err := deliver.NewSMTP(secret.Text(url), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		refusal := errors.New("not today")
		mailer.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
			if address != want {
				t.Errorf("%s dials %s, want %s", url, address, want)
			}
			return nil, refusal
		}
		if err := mailer.Send(t.Context(), message()); !errors.Is(err, refusal) {
			t.Errorf("Send gave %v", err)
		}
	}
}

func TestWarnsOnceAboutPlainText(t *testing.T) {
	var logs bytes.Buffer
	server := delivertest.Start(t, delivertest.Options{})
	mailer, err := deliver.NewSMTP(secret.Text(server.NamedURL()), slog.New(slog.NewTextHandler(&logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	mailer.Dial = named(t, server).Dial
	for range 3 {
		if err := mailer.Send(t.Context(), message()); err != nil {
			t.Fatal(err)
		}
	}
	if count := strings.Count(logs.String(), "in the clear"); count != 1 {
		t.Errorf("warned %d times, want once:\n%s", count, logs.String())
	}
}

func TestManyAtOnce(t *testing.T) {
	server := delivertest.Start(t, delivertest.Options{STARTTLS: true, RequireAuth: true})
	mailer := mustSMTP(t, server.URL, server)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			m := message()
			m.To = fmt.Sprintf("user%d@example.test", i)
			if err := mailer.Send(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range 20 {
		server.Wait(t, fmt.Sprintf("user%d@example.test", i))
	}
}
