package deliver_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/deliver/delivertest"
)

const (
	from   = "Example <no-reply@example.test>"
	revoke = "https://login.example.test/revoke?token=r3v0ke&n=123456"
)

var at = time.Date(2026, 4, 1, 14, 5, 0, 0, time.FixedZone("", 2*60*60))

// everyMessage builds each message there is, with s wherever the words come
// from outside.
func everyMessage(s, revokeURL string) map[string]deliver.Message {
	return styled(s, revokeURL, deliver.Style{})
}

func styled(s, revokeURL string, style deliver.Style) map[string]deliver.Message {
	code := deliver.Code{AppName: s, From: from, To: to, Style: style, Code: "031415", ValidFor: 5 * time.Minute}
	bound, named := code, code
	bound.Summary = s
	named.Allows = []string{s, s}
	notice := deliver.Notice{AppName: s, From: from, To: to, Style: style, At: at, UserAgent: s, RevokeURL: revokeURL}
	return map[string]deliver.Message{
		"sign-in":           deliver.SignInCode(code),
		"step-up":           deliver.StepUpCode(code),
		"bound step-up":     deliver.StepUpCode(bound),
		"named step-up":     deliver.StepUpCode(named),
		"address change":    deliver.AddressChanged(notice, s+"@"+s),
		"recovered":         deliver.RecoveryCodeUsed(notice, 9),
		"factors reset":     deliver.FactorsReset(notice),
		"recovery":          deliver.Recovery(notice, deliver.Thing{Kind: deliver.Login, Shown: s}),
		"linked":            deliver.CredentialLinked(notice, deliver.Thing{Kind: deliver.Passkey, Shown: s}),
		"unlinked":          deliver.CredentialUnlinked(notice, deliver.Thing{Kind: deliver.Passkey, Shown: s}),
		"renamed":           deliver.CredentialRenamed(notice, deliver.Thing{Kind: deliver.Passkey, Shown: s}),
		"disputed":          deliver.ChangeDisputed(notice, deliver.Thing{Kind: deliver.Passkey, Shown: s}),
		"settled":           deliver.DisputeSettled(notice, deliver.Thing{Kind: deliver.Passkey, Shown: s}, true),
		"deleted":           deliver.UserDeleted(notice),
		"device link":       deliver.RegisterDevice(deliver.DeviceLink{Notice: notice, URL: revoke, ValidFor: 10 * time.Minute}),
		"device registered": deliver.DeviceRegistered(notice),
		"device revoked":    deliver.DeviceRevoked(notice, deliver.Thing{Kind: deliver.Passkey, Shown: s}),
		"console invitation": deliver.InviteToConsole(deliver.ConsoleInvitation{To: to, From: from, Style: style, At: at, Where: s, Role: s,
			Environment: s, By: s, URL: revoke, ValidFor: 24 * time.Hour}),
		"user invitation": deliver.InviteUser(notice, revoke),
		"weakened": deliver.EnvironmentWeakened(deliver.Weakened{
			EnvironmentName: s, From: from, To: to, Style: style, At: at, Actor: s, Changes: []string{s, s},
		}),
	}
}

func TestCodeMails(t *testing.T) {
	alone := regexp.MustCompile(`(?m)^031415$`)
	for name, m := range everyMessage("Example", revoke) {
		isCode := strings.Contains(name, "sign-in") || strings.Contains(name, "step-up")
		if got := (delivertest.Mail{Text: m.Text}).Code(); got != map[bool]string{true: "031415"}[isCode] {
			t.Errorf("%s: the code to read is %q", name, got)
		}
		if strings.Contains(m.Subject, "031415") {
			t.Errorf("%s: the code is in the subject %q", name, m.Subject)
		}
		if !strings.Contains(m.Subject, "Example") {
			t.Errorf("%s: subject %q does not say which app", name, m.Subject)
		}
		if !isCode {
			continue
		}
		if len(alone.FindAllString(m.Text, -1)) != 1 {
			t.Errorf("%s: the code does not stand alone on one line:\n%s", name, m.Text)
		}
		for part, text := range map[string]string{"text": m.Text, "html": visible(t, m.HTML)} {
			for _, want := range []string{"031415", "Example", "valid for 5 minutes", "Nobody will ever ask you for this code"} {
				if !strings.Contains(text, want) {
					t.Errorf("%s, %s: %q is missing in:\n%s", name, part, want, text)
				}
			}
			signIn := strings.Contains(text, "If you did not ask to sign in, ignore this mail")
			session := strings.Contains(text, "It works only in the session you have open") && strings.Contains(text, "sign out everywhere")
			if signIn != (name == "sign-in") || session == (name == "sign-in") {
				t.Errorf("%s, %s: does not say what the code is for:\n%s", name, part, text)
			}
		}
	}
}

func TestSummaryIsShown(t *testing.T) {
	c := deliver.Code{AppName: "Example", From: from, To: to, Code: "031415", ValidFor: 90 * time.Second,
		Summary: "Send 271828 EUR\r\nto alice\n\n999999\n"}
	m := deliver.StepUpCode(c)
	for _, want := range []string{"  | Send 271828 EUR\n  | to alice\n  | 999999\n", "valid for 90 seconds"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("%q is missing in:\n%s", want, m.Text)
		}
	}
	if page := visible(t, m.HTML); !strings.Contains(page, "Send 271828 EUR") || !strings.Contains(page, "999999") {
		t.Errorf("the summary is missing in:\n%s", page)
	}
	if got := (delivertest.Mail{Text: m.Text}).Code(); got != "031415" {
		t.Errorf("a number of the summary passes for the code: %q", got)
	}
	c.Summary = strings.Repeat("very long line ", 1000)
	if m := deliver.StepUpCode(c); len(m.Text) > 3000 || !strings.Contains(m.Text, "…") {
		t.Errorf("a huge summary gives %d bytes; want them cut, and the cut marked", len(m.Text))
	}
}

func TestNotices(t *testing.T) {
	n := deliver.Notice{AppName: "Example", From: from, To: to, At: at, RevokeURL: revoke,
		UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 " +
			"Safari/537.36 Edg/140.0.0.0"}
	m := deliver.AddressChanged(n, "jonathan@example.test")
	if strings.Contains(m.Text+m.HTML, "jonathan") || !strings.Contains(m.Text, "j***@") {
		t.Errorf("the new address is not masked:\n%s", m.Text)
	}
	for _, want := range []string{"1 April 2026, 12:05 UTC", "Edge on Windows", "\n" + revoke + "\n"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("%q is missing in:\n%s", want, m.Text)
		}
	}
	if got := (delivertest.Mail{Text: m.Text}).Link(); got != revoke {
		t.Errorf("the link is %q", got)
	}
	if got := links(t, m.HTML); !slices.Equal(got, []string{revoke}) {
		t.Errorf("the links of the page are %q", got)
	}

	n.RevokeURL = ""
	phone := deliver.Thing{Kind: deliver.Passkey, Shown: "phone"}
	for _, m := range []deliver.Message{
		deliver.AddressChanged(n, "x@y.example"), deliver.RecoveryCodeUsed(n, 3), deliver.CredentialLinked(n, phone),
		deliver.CredentialUnlinked(n, phone),
	} {
		if len(links(t, m.HTML)) != 0 || !strings.Contains(m.Text, "sign out everywhere") {
			t.Errorf("%s: without a link it must say what else to do:\n%s", m.Subject, m.Text)
		}
	}
}

func TestRevokeURLMustBeOurs(t *testing.T) {
	for _, bad := range []string{
		"javascript:alert(1)", "JavaScript://x/%0aalert(1)", "data:text/html,x", "//evil.example/x", "/revoke", "evil.example",
		"https://good.example@evil.example/", "https:///x", "https://x.example/\r\nBcc: y", "https://x.example/ evil",
		"https://x.example/\"onclick=", "ftp://x.example/", "mailto:eve@evil.example",
	} {
		n := deliver.Notice{AppName: "Example", From: from, To: to, At: at, RevokeURL: bad}
		m := deliver.AddressChanged(n, "x@y.example")
		if got := links(t, m.HTML); len(got) != 0 {
			t.Errorf("%q became the link %q", bad, got)
		}
		if got := (delivertest.Mail{Text: m.Text}).Link(); got != "" {
			t.Errorf("%q became the link %q", bad, got)
		}
	}
}

// canaries are what a stranger may put into a name, an address, a browser
// string or a summary. They must arrive as words, if at all.
var canaries = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'><svg/onload=alert(1)>`, `</style></title><b>x`, `<!--`, `]]>`,
	`{{.Code}}`, `{{template "code"}}`, `${x}`, `&lt;b&gt;`, `&#60;b&#62;`,
	`<a href="https://evil.example/x">Sign in</a>`, `https://evil.example/login`, `http://1.2.3.4/x`, `HTTPS://EVIL.EXAMPLE`,
	`www.evil.example`, `evil.example/login`, `evil.example`, `javascript:alert(1)`, `mailto:eve@evil.example`, `eve@evil.example`,
	`ftp://evil.example`, `[Sign in](https://evil.example)`, `<https://evil.example>`,
	`https://xn--bcher-kva.example`, `https://bücher.example`, `bücher.example`,
	"Example\r\nBcc: eve@evil.example", "Example\nSubject: You won\n\n<h1>hi</h1>", "Example\r\n.\r\nMAIL FROM:<eve@evil.example>", "a\rb",
	"a\x00b", "a\u2028b\u2029c", "a\x0bb\x0cc\u0085d",
	"=?utf-8?q?=0D=0ABcc:_eve=40evil.example?=", "Example \u202emoc.live\u202c", "e\u200bv\u00adi\u2060l", "\xff\xfe\xfd",
	"\U000e0041\U000e0042", "\ufeff", strings.Repeat("A", 5000), strings.Repeat("wide ", 5000), strings.Repeat("é", 5000),
	"Bank 654321", "654321", "\n654321\n",
}

func TestCanaries(t *testing.T) {
	server := delivertest.Start(t, delivertest.Options{})
	mailer := mustSMTP(t, server.URL, server)
	calm := everyMessage("Example", revoke)
	for _, canary := range canaries {
		for name, m := range everyMessage(canary, revoke) {
			if want, got := skeleton(t, calm[name].HTML), skeleton(t, m.HTML); !slices.Equal(want, got) && !linesDiffer(name, canary) {
				t.Errorf("%s with %.60q: the markup changed", name, canary)
			}
			for part, text := range map[string]string{"subject": m.Subject, "text": strings.ReplaceAll(m.Text, revoke, ""),
				"html": visible(t, m.HTML)} {
				if found := clickable.FindString(text); found != "" {
					t.Errorf("%s, %s with %.60q: mail programs will make a link of %q", name, part, canary, found)
				}
				if strings.ContainsAny(text, "\u202e\u200b\u00ad\ufeff\u2028\u2029\u0085\x00\x0b\x0c\r") {
					t.Errorf("%s, %s with %.60q: invisible characters came through: %q", name, part, canary, text)
				}
			}
			if strings.Contains(name, "sign-in") || strings.Contains(name, "step-up") {
				if got := (delivertest.Mail{Text: m.Text}).Code(); got != "031415" {
					t.Errorf("%s with %.60q: the code to read is %q", name, canary, got)
				}
			}
			// An empty app name or a hostile one: the mail must still go out.
			if err := mailer.Send(t.Context(), m); err != nil {
				t.Errorf("%s with %.60q: %v", name, canary, err)
				continue
			}
			checkWire(t, name, m, server.Wait(t, to))
		}
	}
}

// linesDiffer allows a summary of several lines its several lines.
func linesDiffer(name, canary string) bool {
	return name == "bound step-up" &&
		(strings.TrimSpace(canary) != canary || strings.ContainsAny(canary, "\n") || canary == "\ufeff" || canary == "\U000e0041\U000e0042")
}

var usualHeaders = []string{
	"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To", "X-Auto-Response-Suppress",
}

func checkWire(t *testing.T, name string, sent deliver.Message, got delivertest.Mail) {
	t.Helper()
	if headers := slices.Sorted(maps.Keys(got.Header)); !slices.Equal(headers, usualHeaders) {
		t.Errorf("%s: headers are %q", name, headers)
	}
	if strings.TrimSpace(got.Subject) != strings.TrimSpace(sent.Subject) || got.Text != sent.Text {
		t.Errorf("%s: subject or text did not survive:\n%q\n%q", name, got.Subject, sent.Subject)
	}
}

// TestHostileFields sends messages that were not made by this package.
func TestHostileFields(t *testing.T) {
	server := delivertest.Start(t, delivertest.Options{})
	smtp, inbox := mustSMTP(t, server.URL, server), new(deliver.Inbox)
	for name, spoil := range map[string]func(*deliver.Message){
		"subject":         func(m *deliver.Message) { m.Subject = "Hi\r\nBcc: eve@evil.example" },
		"subject, lf":     func(m *deliver.Message) { m.Subject = "Hi\n\n<script>" },
		"long subject":    func(m *deliver.Message) { m.Subject = strings.Repeat("x", 300) },
		"no subject":      func(m *deliver.Message) { m.Subject = "" },
		"no text":         func(m *deliver.Message) { m.Text = "" },
		"invalid text":    func(m *deliver.Message) { m.Text = "\xff" },
		"recipient":       func(m *deliver.Message) { m.To = "ann@example.test\r\nRCPT TO:<eve@evil.example>" },
		"two recipients":  func(m *deliver.Message) { m.To = "ann@example.test, eve@evil.example" },
		"quoted":          func(m *deliver.Message) { m.To = `"ann@example.test> ORCPT=x"@example.test` },
		"named recipient": func(m *deliver.Message) { m.To = "Ann <ann@example.test>" },
		"sender":          func(m *deliver.Message) { m.From = "Example <a@b.co>\r\nBcc: eve@evil.example" },
		"two senders":     func(m *deliver.Message) { m.From = "a@b.co, c@d.co" },
		"encoded sender":  func(m *deliver.Message) { m.From = "=?utf-8?q?x=0D=0ABcc:_e?= <a@b.co>" },
	} {
		m := message()
		spoil(&m)
		for _, mailer := range []deliver.Mailer{smtp, inbox} {
			if err := mailer.Send(t.Context(), m); !deliver.Permanent(err) {
				t.Errorf("%s: %T gave %v, want it refused for good", name, mailer, err)
			} else if strings.Contains(err.Error(), "evil") {
				t.Errorf("%s: the error repeats the input: %v", name, err)
			}
		}
	}
	if len(server.Mails()) != 0 || len(inbox.List()) != 0 {
		t.Error("something was sent")
	}
}

// clickable is more eager than the mail programs we know of.
var clickable = regexp.MustCompile(`(?i)(https?|ftp|mailto|javascript):[^\s\x{2060}]|//\w|www\.\w|[\pL\d-]+\.[\pL-]{2,}|[^\s]+@[\pL\d]`)

// visible is the text of a page, the hidden preview included.
func visible(t *testing.T, page string) string {
	t.Helper()
	var out strings.Builder
	walk(t, page, func(token html.Token) {
		if token.Type == html.TextToken {
			out.WriteString(token.Data + "\n")
		}
	})
	return out.String()
}

// skeleton is all of a page but its text.
func skeleton(t *testing.T, page string) []string {
	t.Helper()
	var out []string
	walk(t, page, func(token html.Token) {
		if token.Type != html.TextToken {
			out = append(out, token.String())
		}
	})
	return out
}

func links(t *testing.T, page string) []string {
	t.Helper()
	var out []string
	walk(t, page, func(token html.Token) {
		for _, attribute := range token.Attr {
			if attribute.Key == "href" || attribute.Key == "src" {
				out = append(out, attribute.Val)
			}
		}
	})
	return out
}

func walk(t *testing.T, page string, visit func(html.Token)) {
	t.Helper()
	tokens := html.NewTokenizer(strings.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		visit(tokens.Token())
	}
	if err := tokens.Err(); err.Error() != "EOF" {
		t.Fatal(err)
	}
}

// Whoever did not delete their account is told who did, and not to think of themselves.
func TestDeletedByAnOperator(t *testing.T) {
	n := deliver.Notice{AppName: "Shop", To: "ada@example.com", From: "shop@example.com"}
	own := deliver.UserDeleted(n)
	n.ByOperator = true
	theirs := deliver.UserDeleted(n)
	if !strings.Contains(own.Text, "If it was you") || strings.Contains(theirs.Text, "If it was you") ||
		!strings.Contains(theirs.Text, "The people who run Shop did this.") {
		t.Errorf("%s\n%s", own.Text, theirs.Text)
	}
}
