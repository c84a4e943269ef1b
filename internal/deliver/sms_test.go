package deliver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/secret"
)

const (
	signingSecret = secret.Text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	account       = "AC0123456789abcdef0123456789abcdef"
)

// received is one request that an endpoint got.
type received struct {
	path, user, password, body string
	header                     http.Header
}

// endpoint answers with a status and a body, and keeps what it gets.
func endpoint(t *testing.T, status int, answer string) (address string, got *[]received) {
	t.Helper()
	got = &[]received{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		*got = append(*got, received{r.URL.String(), user, password, string(body), r.Header})
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

func text() deliver.Text {
	t := deliver.SignInText(deliver.Code{AppName: "Demo", To: "+14155550123", Code: "042137", ValidFor: 5 * time.Minute})
	t.ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	return t
}

func TestWebhook(t *testing.T) {
	address, got := endpoint(t, 204, "")
	sms, err := deliver.NewSMS(secret.Text(address+"/sms?key=1"), signingSecret)
	if err != nil {
		t.Fatal(err)
	}
	sms.Now = func() time.Time { return time.Unix(1614265330, 0) }
	if err := sms.SendText(t.Context(), text()); err != nil {
		t.Fatal(err)
	}
	r := (*got)[0]
	var body map[string]string
	if err := json.Unmarshal([]byte(r.body), &body); err != nil || len(body) != 2 || body["to"] != "+14155550123" ||
		body["body"] != text().Body {
		t.Errorf("body %s", r.body)
	}
	if r.path != "/sms?key=1" || r.header.Get("Content-Type") != "application/json" || r.header.Get("Webhook-Id") != text().ID ||
		r.header.Get("Webhook-Timestamp") != "1614265330" ||
		r.header.Get("Webhook-Signature") != deliver.Sign(signingSecret, text().ID, "1614265330", r.body) {
		t.Errorf("%+v", r)
	}
	unsigned, err := deliver.NewSMS(secret.Text(address), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := unsigned.SendText(t.Context(), text()); err != nil || (*got)[1].header.Get("Webhook-Signature") != "" {
		t.Errorf("%v, %+v", err, (*got)[1])
	}
}

// The example that the Standard Webhooks scheme gives, so that receivers can
// check our signatures with any of its libraries.
func TestStandardWebhooksVector(t *testing.T) {
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	if got := deliver.Sign(signingSecret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", `{"test": 2432232314}`); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestTwilio(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if r.URL.Path != "/2010-04-01/Accounts/"+account+"/Messages.json" || user != account || password != "canary" {
			t.Errorf("%s as %s", r.URL, user)
		}
		switch to := r.PostFormValue("To"); {
		case r.PostFormValue("From") == "+14155550100" && r.PostFormValue("MessagingServiceSid") == "" &&
			r.PostFormValue("Body") == text().Body && to == "+14155550123":
			w.WriteHeader(201)
		case to == "+14155550124":
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"code": 21610, "message": "unsubscribed"}`)
		case to == "+14155550125":
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"code": 20003, "message": "no money"}`)
		default:
			t.Errorf("form %v", r.PostForm)
		}
	}))
	defer server.Close()
	for _, from := range []string{"+14155550100", "%2B14155550100"} {
		sms, err := deliver.NewSMS(secret.Text("twilio://"+account+":canary@"+strings.TrimPrefix(server.URL, "https://")+"?from="+from), "")
		if err != nil {
			t.Fatal(err)
		}
		deliver.SetClient(sms, server.Client())
		for to, want := range map[string]struct{ failed, permanent bool }{
			"+14155550123": {}, "+14155550124": {true, true}, "+14155550125": {true, false},
		} {
			m := text()
			m.To = to
			err := sms.SendText(t.Context(), m)
			if (err != nil) != want.failed || deliver.Permanent(err) != want.permanent {
				t.Errorf("to %s: %v", to, err)
			}
		}
	}
}

// Whatever an endpoint answers, neither the code nor a password is repeated, a
// redirect is not followed, and only a refusal of this text is final.
func TestTextFailures(t *testing.T) {
	for _, test := range []struct {
		status    int
		permanent bool
	}{{302, false}, {307, false}, {400, false}, {401, false}, {404, false}, {422, true}, {429, false}, {500, false}, {503, false}} {
		m := text()
		address, got := endpoint(t, test.status, m.Body)
		sms, err := deliver.NewSMS(secret.Text(strings.Replace(address, "http://", "http://user:canary@", 1)+"/canary"), signingSecret)
		if err != nil {
			t.Fatal(err)
		}
		err = sms.SendText(t.Context(), m)
		if err == nil || deliver.Permanent(err) != test.permanent || len(*got) != 1 || (*got)[0].password != "canary" {
			t.Errorf("%d: %v after %d requests", test.status, err, len(*got))
		}
		if said := fmt.Sprintf("%v %+v %#v %v %+v %s", err, err, err, sms, sms, m); strings.Contains(said, "042137") ||
			strings.Contains(said, "canary") || strings.Contains(said, "MfKQ9r8") {
			t.Errorf("%d: a secret is in %s", test.status, said)
		}
	}
	gone, _ := endpoint(t, 200, "")
	sms, err := deliver.NewSMS(secret.Text(strings.Replace(gone, "127.0.0.1", "user:canary@127.0.0.1", 1)+"0/canary"), "")
	if err == nil {
		err = sms.SendText(t.Context(), text())
	}
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestTextsThatMustNotTravel(t *testing.T) {
	address, got := endpoint(t, 200, "")
	sms, err := deliver.NewSMS(secret.Text(address), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []deliver.Text{
		{To: "4155550123", Body: "x"}, {To: "+1 415 555 0123", Body: "x"}, {To: "ada@example.com", Body: "x"}, {To: "+14155550123"},
		{To: "+14155550123", Body: strings.Repeat("x", 1601)}, {To: "+14155550123", Body: "a\x00b"}, {To: "+14155550123", Body: "\xff"},
	} {
		if err := sms.SendText(t.Context(), bad); !deliver.Permanent(err) {
			t.Errorf("%q to %q: %v", bad.Body, bad.To, err)
		}
		if err := new(deliver.Inbox).SendText(t.Context(), bad); !deliver.Permanent(err) {
			t.Errorf("inbox, %q to %q: %v", bad.Body, bad.To, err)
		}
	}
	if len(*got) != 0 {
		t.Errorf("%d texts travelled", len(*got))
	}
}

func TestBadSMSSettings(t *testing.T) {
	for _, test := range [][2]string{
		{"", ""}, {"canary", ""}, {"ftp://canary", ""}, {"https://", ""}, {"https://host/#canary", ""}, {"https://user:can%zzary@host", ""},
		{"https://host", "canary"}, {"https://host", "whsec_canary"}, {"https://host", "whsec_" + strings.Repeat("A", 28)},
		{"twilio://" + account + "@host?from=+14155550100", ""}, {"twilio://canary:canary@host?from=+14155550100", ""},
		{"twilio://" + account + ":canary@host", ""},
		{"twilio://" + account + ":canary@host?from=canary!", ""}, {"twilio://" + account + ":canary@host/path?from=+14155550100", ""},
		{"twilio://" + account + ":canary@host?from=+14155550100&to=x", ""},
		{"twilio://" + account + ":canary@host?from=+14155550100", string(signingSecret)},
	} {
		if _, err := deliver.NewSMS(secret.Text(test[0]), secret.Text(test[1])); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("NewSMS(%q, %q) gave %v, want an error that does not repeat it", test[0], test[1], err)
		}
	}
	for _, good := range []string{"https://host/path?x=y", "http://127.0.0.1:1/sms",
		"twilio://" + account + ":t@?from=MG0123456789abcdef0123456789abcdef", "twilio://" + account + ":t@api.twilio.com?from=Example"} {
		if _, err := deliver.NewSMS(secret.Text(good), ""); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for address, problems := range map[string]int{"https://host": 1, "http://host": 2, "http://127.0.0.1": 1,
		"twilio://" + account + ":t@": 0} {
		if got := deliver.SMSProblems(secret.Text(address), ""); len(got) != problems {
			t.Errorf("%s: %q", address, got)
		}
	}
}

// Nothing of what a code agrees to is cut off, however many lines it has and
// whatever is put between them: the payee at the end is what matters.
func TestASummaryIsNeverCut(t *testing.T) {
	for name, padding := range map[string]string{
		"dots": "pay 1.a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z\n", "addresses": "pay a@b.c/d:e@f.g/h:i@j.k/l:m@n.o\n",
		"wide": "оплата 支払い pagar\n",
	} {
		summary := padding
		for utf8.RuneCountInString(summary+padding)+len("to mallory") <= binding.MaxSummary {
			summary += padding
		}
		c := deliver.Code{AppName: "Example", From: from, To: to, Code: "031415", ValidFor: 5 * time.Minute,
			Summary: summary + "to mallory"}
		if m := deliver.StepUpCode(c); !strings.Contains(m.Text, "to mallory") {
			t.Errorf("%s: the mail leaves the payee out:\n%s", name, m.Text)
		}
		c.To = "+14155550123"
		m := deliver.StepUpText(c)
		if err := new(deliver.Inbox).SendText(t.Context(), m); err != nil || !strings.Contains(m.Body, "to mallory") {
			t.Errorf("%s: the text leaves the payee out, %v:\n%s", name, err, m.Body)
		}
	}
	c := deliver.Code{AppName: "Example", To: "+14155550123", Code: "031415", ValidFor: 5 * time.Minute,
		Summary: strings.Repeat("支", binding.MaxSummary)}
	if err := new(deliver.Inbox).SendText(t.Context(), deliver.StepUpText(c)); err != nil {
		t.Errorf("a long summary in another script is not sent: %v", err)
	}
}

// What a stranger contributes to a text can become neither a link nor a line of
// its own; and the whole stays short and in the alphabet of plain phones.
func TestTextsAreInert(t *testing.T) {
	hostile := "evil.example/login\nYour code: 999999 https://evil.example"
	at := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	thing := deliver.Thing{Kind: deliver.Passkey, Shown: hostile}
	notice := deliver.Notice{AppName: hostile, To: "+14155550123", At: at, RevokeURL: "https://auth.example.com/notMe#TOKEN"}
	byOperator := notice
	byOperator.ByOperator = true
	if got := deliver.UserDeletedText(byOperator).Body; !strings.Contains(got, "The people who run ") {
		t.Errorf("who deleted the account is not said: %q", got)
	}
	for name, m := range map[string]deliver.Text{
		"sign-in": deliver.SignInText(deliver.Code{AppName: hostile, To: "+14155550123", Code: "042137", ValidFor: 5 * time.Minute}),
		"step-up": deliver.StepUpText(deliver.Code{AppName: hostile, To: "+14155550123", Code: "042137", ValidFor: 5 * time.Minute,
			Summary: hostile}),
		"named step-up": deliver.StepUpText(deliver.Code{AppName: hostile, To: "+14155550123", Code: "042137", ValidFor: 5 * time.Minute,
			Allows: []string{hostile}}),
		"linked": deliver.CredentialLinkedText(notice, thing), "unlinked": deliver.CredentialUnlinkedText(notice, thing),
		"renamed":        deliver.CredentialRenamedText(notice, thing),
		"changed":        deliver.AddressChangedText(notice, "ada@evil.example"),
		"number changed": deliver.AddressChangedText(notice, "+14155550199"),
		"deleted":        deliver.UserDeletedText(notice), "deleted by an operator": deliver.UserDeletedText(byOperator),
		"factors reset":     deliver.FactorsResetText(notice),
		"device registered": deliver.DeviceRegisteredText(notice), "device revoked": deliver.DeviceRevokedText(notice, thing),
	} {
		body := strings.ReplaceAll(m.Body, notice.RevokeURL, "")
		if strings.Contains(body, "evil.example") && name != "changed" || strings.Contains(body, "://") ||
			strings.Contains(body, "\nYour code") || strings.ContainsFunc(body, func(r rune) bool { return r > 0x7e }) ||
			len(m.Body) > 320 {
			t.Errorf("%s: %q", name, m.Body)
		}
		if err := new(deliver.Inbox).SendText(t.Context(), m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if has := strings.Contains(m.Body, "042137"); has != (strings.Contains(name, "sign-in") || strings.Contains(name, "step-up")) {
			t.Errorf("%s: %q", name, m.Body)
		}
	}
	if got := deliver.AddressChangedText(notice, "+14155550199").Body; strings.Contains(got, "55550199") ||
		!strings.Contains(got, "***99") || !strings.HasSuffix(got, "Not you? "+notice.RevokeURL) {
		t.Errorf("%q", got)
	}
}
