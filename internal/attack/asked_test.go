package attack_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// askFor asks inside the session for a code that names scopes, and returns it
// with the words of its message.
func (s scene) askFor(t *testing.T, user *servertest.Session, door string, to m, address string, scopes ...string) (id, code,
	words string) {
	t.Helper()
	before := len(s.Inbox.To(address))
	body := maps.Clone(to)
	body["requestedScopes"] = scopes
	id = s.Do(t, "POST", sdk(door+"/create"), user.Header(), body).Want(t, 200, "").Member("verificationUUID")
	mail := s.waitCodeMail(t, address, before)
	return id, servertest.Code(t, mail), mail.Subject + "\n" + mail.Text + "\n" + mail.HTML
}

// waitCodeMail is the first message with a code, past so many.
func (s scene) waitCodeMail(t *testing.T, address string, past int) deliver.Message {
	t.Helper()
	code := s.Inbox.WaitCode(t, address, past)
	for _, mail := range s.Inbox.To(address)[past:] {
		if strings.Contains(mail.Text, code) {
			return mail
		}
	}
	t.Fatalf("no message with the code to %s", address)
	return deliver.Message{}
}

// linkNumber gives the user a phone number.
func (s scene) linkNumber(t *testing.T, user *servertest.Session, number string) {
	t.Helper()
	id, code := s.TextCode(t, servertest.A, number, user.Header())
	header := user.Header(s.StepUp(t, user, "credential:link"))
	s.Do(t, "POST", sdk("/smsVerifications/verify"), header, m{"verificationUUID": id, "verificationToken": code}).Want(t, 200, "")
}

// ASVS 6.6.2: a code is bound to the request it was made for. Its message says
// what that is, and it is good for that and no more: neither for another scope,
// nor to link what it was sent to, nor for an MFA token, nor after it was sent again.
func TestCodesNameWhatTheyAreFor(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, strings.Replace(servertest.Document(servertest.A, servertest.TextsOn), `{scope: "transfer:create"`,
			`{scope: "transfer:create", allows: "send money"`, 1))
		user := s.SignIn(t, servertest.A, "ada@example.com")
		const number = "+14155550132"
		s.linkNumber(t, user, number)
		for door, to := range map[string]m{"/emailVerifications": {"email": user.Email}, "/smsVerifications": {"phoneNumber": number}} {
			address := user.Email
			if _, texted := to["phoneNumber"]; texted {
				address = number
			}
			verify := func(id, code string, scopes ...string) servertest.Response {
				body := m{"verificationUUID": id, "verificationToken": code}
				if len(scopes) > 0 {
					body["requestedScopes"] = scopes
				}
				return s.Do(t, "POST", sdk(door+"/verify"), user.Header(), body)
			}
			for _, test := range []struct {
				scopes []string
				says   []string
			}{
				{[]string{"wallet:export"}, []string{"export your wallet"}},
				{[]string{"credential:unlink", "user:delete"}, []string{"remove a way to prove that it is you", "delete your account"}},
				{[]string{"wallet:sign", "wallet:export", "wallet:delegate"},
					[]string{"sign with your wallet", "export your wallet", "let somebody else use your wallet"}},
				{[]string{transfer}, []string{"send money"}},
				{[]string{report}, []string{"do what the app calls"}},
				{nil, []string{"did not say what"}},
			} {
				id, code, words := s.askFor(t, user, door, to, address, test.scopes...)
				for _, want := range test.says {
					if !strings.Contains(strings.ReplaceAll(words, "&#39;", "'"), want) {
						t.Errorf("%s for %v does not say %q:\n%s", door, test.scopes, want, words)
					}
				}
				if len(test.scopes) > 0 && strings.Contains(words, "did not say") {
					t.Errorf("%s for %v says that nothing was said", door, test.scopes)
				}
				wanted := test.scopes
				if len(wanted) == 0 {
					wanted = []string{"wallet:export"} // as published clients, which name none
				}
				if token := verify(id, code, wanted...).Want(t, 200, "").Member("elevatedAccessToken"); token == "" {
					t.Errorf("%s for %v: no token", door, test.scopes)
				}
			}
			// For another scope, for more, or for none: no token, no link, and the code is still good for what it names.
			id, code, _ := s.askFor(t, user, door, to, address, "wallet:sign")
			for _, scopes := range [][]string{{"wallet:export"}, {"wallet:sign", "wallet:export"}, {"credential:link"}, nil} {
				refused := verify(id, code, scopes...).Want(t, 422, "invalid_scopes")
				if !strings.Contains(refused.Member("error"), "wallet:sign") {
					t.Errorf("%s for %v: %s", door, scopes, refused.Body)
				}
			}
			verify(id, code, "wallet:sign").Want(t, 200, "")
			verify(id, code, "wallet:sign").Want(t, 422, "")

			// Fewer than were named is less than what was said.
			id, code, _ = s.askFor(t, user, door, to, address, "wallet:sign", "wallet:export")
			verify(id, code, "wallet:sign").Want(t, 200, "")

			// Sent again it is about the same, whatever the request for it says.
			id, _, _ = s.askFor(t, user, door, to, address, "wallet:sign")
			before := len(s.Inbox.To(address))
			again := maps.Clone(to)
			again["verificationUUID"], again["requestedScopes"] = id, []string{"wallet:export"}
			s.Do(t, "POST", sdk(door+"/retry"), user.Header(), again).Want(t, 200, "")
			mail := s.waitCodeMail(t, address, before)
			if !strings.Contains(mail.Text, "sign with your wallet") {
				t.Errorf("%s, sent again: %s", door, mail.Text)
			}
			verify(id, servertest.Code(t, mail), "wallet:export").Want(t, 422, "invalid_scopes")
			verify(id, servertest.Code(t, mail), "wallet:sign").Want(t, 200, "")

			// Signed out there is nothing that it could allow; what does not exist is told with what does.
			body := maps.Clone(to)
			body["requestedScopes"] = []string{"wallet:export"}
			s.Do(t, "POST", sdk(door+"/create"), nil, body).Want(t, 422, "invalid_scopes")
			body["requestedScopes"] = []string{"wallet:exports"}
			refused := s.Do(t, "POST", sdk(door+"/create"), user.Header(), body).Want(t, 422, "invalid_scopes").Member("error")
			if !strings.Contains(refused, "wallet:export,") || !strings.Contains(refused, transfer) ||
				strings.Contains(refused, "console:") {
				t.Errorf("an unknown scope: %s", refused)
			}
		}
	})
}

// A code of another request, and one from before it was sent again, are told
// from a mistyped one by what helps.
func TestCodesOfAnotherTab(t *testing.T) {
	t.Parallel()
	s := start(t)
	older, first := s.SendCode(t, servertest.A, "ada@example.com", nil)
	_, newest := s.SendCode(t, servertest.A, "ada@example.com", nil)
	before := len(s.Inbox.To("ada@example.com"))
	s.Do(t, "POST", sdk("/emailVerifications/retry"), nil, m{"email": "ada@example.com", "verificationUUID": older}).Want(t, 200, "")
	resent := s.Inbox.WaitCode(t, "ada@example.com", before)
	for what, code := range map[string]string{"the newest code in an older tab": newest, "the first after a resend": first} {
		if code == resent {
			continue
		}
		says := s.Do(t, "POST", sdk("/emailVerifications/signin"), nil, m{"verificationUUID": older, "verificationToken": code}).
			Want(t, 422, "wrong_email_verification_token").Member("error")
		for _, want := range []string{"newest mail", "made those before it void", "another page"} {
			if !strings.Contains(says, want) {
				t.Errorf("%s: %q", what, says)
			}
		}
	}
	s.Do(t, "POST", sdk("/emailVerifications/signin"), nil, m{"verificationUUID": older, "verificationToken": resent}).Want(t, 200, "")
}
