package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/api/sdk"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/signin"
)

// textCode asks for a code by text message and reads it.
func textCode(t *testing.T, s *servertest.Server, alice *servertest.Session, number string) m {
	t.Helper()
	header := http.Header(nil)
	if alice != nil {
		header = alice.Header()
	}
	id, code := s.TextCode(t, servertest.A, number, header)
	return m{"verificationUUID": id, "verificationToken": code}
}

func phones(u signin.User) (numbers []string) {
	for _, c := range u.VerifiedCredentials {
		if c.Format == "phoneNumber" {
			numbers = append(numbers, c.PhoneCountryCode+" "+c.PhoneNumber+" "+c.ISOCountryCode)
		}
	}
	return numbers
}

// A number is linked with a token, changed with a token and a code, and steps
// up; the old number is told, by a text with a link that takes the change back.
func TestPhoneNumber(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	s.Apply(t, servertest.Document(servertest.A, servertest.TextsOn))
	alice := s.SignIn(t, servertest.A, "alice@example.com")
	const first, second = "+14155550101", "+447400123456"
	var answer sdk.UpdateSelfResponse

	token := s.StepUp(t, alice, "credential:link", "credential:update")
	mails := len(s.Inbox.To(alice.Email))
	s.Do(t, "POST", alice.Path("/smsVerifications/verify"), alice.Header(token), textCode(t, s, alice, first)).
		Want(t, 200, "").JSON(t, &answer)
	if got := phones(answer.User); len(got) != 1 || got[0] != "1 4155550101 US" || answer.User.PhoneNumber != first ||
		answer.NextView != "done" {
		t.Fatalf("linked %q, shown %q, next %s", got, answer.User.PhoneNumber, answer.NextView)
	}
	if mail := s.Inbox.Wait(t, alice.Email, mails); strings.Contains(mail.Text, "4155550101") || !linkToken.MatchString(mail.Text) {
		t.Errorf("the notice: %s", mail.Text)
	}

	step := textCode(t, s, alice, first)
	step["requestedScopes"] = []string{"wallet:export"}
	if s.Do(t, "POST", alice.Path("/smsVerifications/verify"), alice.Header(), step).Want(t, 200, "").Member("elevatedAccessToken") == "" {
		t.Error("no token from a texted code")
	}
	other := textCode(t, s, alice, second)
	other["requestedScopes"] = []string{"wallet:export"}
	s.Do(t, "POST", alice.Path("/smsVerifications/verify"), alice.Header(), other).Want(t, 422, "mfa_invalid_request")

	before, sent := len(s.Inbox.To(first)), len(s.Inbox.To(second))
	s.Do(t, "PUT", alice.Path("/users"), alice.Header(token), m{"phoneNumber": "+44 7400 123456"}).Want(t, 200, "").JSON(t, &answer)
	if v := answer.SMSVerification; v == nil || answer.NextView != "verify-sms" ||
		*v != (sdk.SMSVerification{VerificationUUID: v.VerificationUUID, PhoneNumber: "7400123456", PhoneCountryCode: "44",
			ISOCountryCode: "GB"}) || answer.User.PhoneNumber != first {
		t.Fatalf("%+v", answer)
	}
	typed := m{"verificationUUID": answer.SMSVerification.VerificationUUID, "verificationToken": s.Inbox.WaitCode(t, second, sent)}
	s.Do(t, "POST", alice.Path("/smsVerifications/verify"), alice.Header(), typed).Want(t, 200, "").JSON(t, &answer)
	if got := phones(answer.User); len(got) != 1 || got[0] != "44 7400123456 GB" || answer.User.PhoneNumber != second {
		t.Fatalf("after the change %q, shown %q", got, answer.User.PhoneNumber)
	}
	told := s.Inbox.Wait(t, first, before)
	link := linkToken.FindStringSubmatch(told.Text)
	if link == nil || strings.Contains(told.Text, "7400123456") {
		t.Fatalf("the old number is told %q", told.Text)
	}
	s.Do(t, "POST", alice.Path("/notMe"), nil, m{"token": link[1]}).Want(t, 204, "")
	s.Do(t, "GET", alice.Path("/users"), alice.Header(), nil).Want(t, 401, "invalid_session")
	var back sdk.VerifyResponse
	s.Do(t, "POST", alice.Path("/smsVerifications/signin"), nil, textCode(t, s, nil, first)).Want(t, 200, "").JSON(t, &back)
	// with the new one, until it is decided
	if got := phones(back.User); back.User.ID != alice.UserID || len(got) != 2 || got[0] != "1 4155550101 US" {
		t.Errorf("the old number signs in as %s with %q", back.User.ID, got)
	}
}

// A number belongs to one account, and switching texts off leaves no way in by them.
func TestPhoneNumberOfAnother(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	s.Apply(t, servertest.Document(servertest.A, servertest.TextsOn))
	const number = "+14155550101"
	var bob sdk.VerifyResponse
	s.Do(t, "POST", servertest.SDK(servertest.A)+"/smsVerifications/signin", nil, textCode(t, s, nil, number)).
		Want(t, 200, "").JSON(t, &bob)
	if !bob.User.NewUser || bob.ElevatedAccessToken != "" {
		t.Errorf("%+v", bob)
	}
	alice := s.SignIn(t, servertest.A, "alice@example.com")
	token := s.StepUp(t, alice, "credential:link")
	s.Do(t, "POST", alice.Path("/smsVerifications/verify"), alice.Header(token), textCode(t, s, alice, number)).
		Want(t, 422, "user_has_already_account_with_phone_number")

	open := textCode(t, s, nil, number)
	s.Apply(t, servertest.Document(servertest.A, ""))
	s.Do(t, "POST", servertest.SDK(servertest.A)+"/smsVerifications/signin", nil, open).Want(t, 422, "no_enabled_sms_provider")
	token = s.StepUp(t, alice, "credential:update")
	s.Do(t, "PUT", alice.Path("/users"), alice.Header(token), m{"phoneNumber": number}).Want(t, 422, "no_enabled_sms_provider")
	check := s.Do(t, "POST", servertest.SDK(servertest.A)+"/stepUp/check", servertest.Bearer(bob.MinifiedJWT), m{"scope": "wallet:export"}).
		Want(t, 200, "")
	if strings.Contains(string(check.Body), "phoneNumber") {
		t.Errorf("the check offers what is off: %s", check.Body)
	}
}

// allowNewMFALinking works for a sign-in by text too; it is the one exception.
func TestTextSignInMayEnrol(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	s.Apply(t, servertest.Document(servertest.A, servertest.TextsOn+"mfa: {methods: [{type: totp, enabled: true}]}\n"))
	typed := textCode(t, s, nil, "+14155550101")
	typed["allowNewMFALinking"], typed["requestedScopes"] = true, []string{"wallet:export"}
	if s.Do(t, "POST", servertest.SDK(servertest.A)+"/smsVerifications/signin", nil, typed).
		Want(t, 200, "").Member("elevatedAccessToken") == "" {
		t.Error("no token to enrol with")
	}
}

// Settings name the countries that are texted, and say nothing while texts are off.
func TestSettingsOfTexts(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	const want = `{"provider":"sms","enabledAt":"2026-01-01T00:00:00Z","enabledCountries":[{"isoCountryCode":"US",` +
		`"phoneCountryCode":"1"},{"isoCountryCode":"GB","phoneCountryCode":"44"}]}`
	settings := func() string {
		return string(s.Do(t, "GET", servertest.SDK(servertest.A)+"/settings", nil, nil).Want(t, 200, "").Body)
	}
	if got := settings(); strings.Contains(got, `"sms"`) {
		t.Errorf("off, but offered: %s", got)
	}
	s.Apply(t, servertest.Document(servertest.A, servertest.TextsOn))
	if got := settings(); !strings.Contains(got, want) {
		t.Errorf("%s\nwithout %s", got, want)
	}
}
