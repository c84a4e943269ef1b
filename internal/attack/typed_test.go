package attack_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// typings are typings of a right code: as people, phones and mail programs write it.
var typings = []func(code string) string{
	within(" "), within("-"), within("\u00a0"), within("\u200b"), within("–"), within("\u2009"), within("\u00ad"), within("\n"),
	around("", "\n"), around(" ", " "), around("\t", "\r\n"), around("\ufeff", ""), around("\u202a", "\u202c"), around("\u200e", "\u200e"),
	func(code string) string { return strings.Join(strings.Split(code, ""), " ") },
}

// mistypings are texts with the code in them that are no spelling of it.
var mistypings = []func(code string) string{
	within("."), within(","), within("_"), within("/"), within("+"), around("+", ""), around("#", ""), around("0", ""), around("", "0"),
	around("", ":"), func(code string) string { return code[1:] },
	func(code string) string { return shift(code, '０') }, // full width
	func(code string) string { return shift(code, '٠') }, // Arabic
	func(code string) string { return "\ufffd" + code },
}

// within puts text into the middle of the code.
func within(text string) func(string) string {
	return func(code string) string { return code[:len(code)/2] + text + code[len(code)/2:] }
}

func around(before, after string) func(string) string {
	return func(code string) string { return before + code + after }
}

// shift writes the digits in the script whose zero is given.
func shift(code string, zero rune) string {
	return strings.Map(func(r rune) rune { return r - '0' + zero }, code)
}

// A right code is right however it was typed or pasted, at every door that takes
// one, and costs no try: each table has more rows than an account has tries.
func TestCodesAsPeopleTypeThem(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, strings.Replace(bothFactors, "{type: totp, enabled: true}",
			"{type: totp, enabled: true, allowBackupCodes: true}", 1)+"\n"+servertest.TextsOn))
		const number = "+14155550132"
		for i, spell := range typings {
			email := fmt.Sprintf("ada%d@example.com", i)
			id, code := s.SendCode(t, servertest.A, email, nil)
			s.Do(t, "POST", sdk("/emailVerifications/signin"), nil, m{"verificationUUID": id, "verificationToken": spell(code)}).
				Want(t, 200, "")
			id, code = s.TextCode(t, servertest.A, number, nil)
			s.Do(t, "POST", sdk("/smsVerifications/signin"), nil, m{"verificationUUID": id, "verificationToken": spell(code)}).
				Want(t, 200, "")
		}
		user := s.SignIn(t, servertest.A, "bob@example.com")
		for _, spell := range typings {
			id, code := s.SendCode(t, servertest.A, user.Email, user.Header())
			s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(),
				m{"verificationUUID": id, "verificationToken": spell(code), "requestedScopes": []string{transfer}}).
				Want(t, 200, "")
		}
		for i, spell := range typings {
			person := s.SignIn(t, servertest.A, fmt.Sprintf("carol%d@example.com", i))
			app := s.BeginApp(t, person, s.StepUp(t, person, "credential:link"))
			door, id := "/users/mfa/auth/totp", app.ID
			if i%2 == 0 {
				door, id = "/users/mfa/register/totp", ""
			}
			s.Do(t, "POST", sdk(door), person.Header(), m{"id": id, "type": "totp", "code": spell(app.Code())}).Want(t, 200, "")
		}
		app := s.EnrolApp(t, user)
		for _, spell := range typings {
			s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": spell(app.Next())}).Want(t, 200, "")
		}
		for i, spell := range append(typings, strings.ToLower, func(code string) string { return strings.ReplaceAll(code, "-", "–") }) {
			if i%9 == 0 {
				s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": app.Next()}).Want(t, 200, "")
				s.Do(t, "POST", sdk("/users/mfa/recovery"), user.Header(), nil).Want(t, 200, "")
			}
			codes := s.recoveryCodes(t, user)
			s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), user.Header(), m{"code": spell(codes[0])}).Want(t, 200, "")
		}
	})
}

// Addresses and numbers copied from mails and contact lists are cleaned, or
// refused with the reason that is known.
func TestAddressesAsPeoplePasteThem(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, "sms: {enabled: true, countries: [US, GB, EG, IR, AR, MX, BR]}\n"))
	for _, email := range []string{"ada@example.com\n", "ada@example.com\u200b", "\ufeffada@example.com", "\u00a0Ada@Example.com\t\r\n",
		"\u202aada@example.com\u202c", "ada@example.com\u2028"} {
		before := len(s.Inbox.To("ada@example.com")) + len(s.Inbox.To("Ada@Example.com"))
		s.Do(t, "POST", sdk("/emailVerifications/create"), nil, m{"email": email}).Want(t, 200, "")
		if now := len(s.Inbox.To("ada@example.com")) + len(s.Inbox.To("Ada@Example.com")); before > 0 && now < before {
			t.Errorf("%q: no mail", email)
		}
	}
	for number, want := range map[string]string{
		"\u202a+1\u00a0415\u2011555\u20110132\u202c": "4155550132", "＋１（４１５）５５５－０１３２": "4155550132", "+٢٠ ١٠٠ ١٢٣ ٤٥٦٧": "1001234567",
		"+۹۸ ۹۱۲ ۳۴۵ ۶۷۸۹": "9123456789", "\u2066+44 7400 123456\u2069\n": "7400123456", "+44 (0)7400 123456": "7400123456",
		"+5491123456789": "91123456789",
	} {
		if got := s.Do(t, "POST", sdk("/smsVerifications/create"), nil, m{"phoneNumber": number}).
			Want(t, 200, "").Member("phoneNumber"); got != want {
			t.Errorf("%q: %q, want %q", number, got, want)
		}
	}
	says := func(path, code string, body m, words ...string) {
		t.Helper()
		refused := s.Do(t, "POST", sdk(path), nil, body).Want(t, 422, code).Member("error")
		for _, word := range words {
			if !strings.Contains(refused, word) {
				t.Errorf("%v: %q does not say %q", body, refused, word)
			}
		}
	}
	for _, email := range []string{"ada@exam\u200bple.com", "a\u00adda@example.com", "ada\u200d@example.com", "ada@\u2060example.com",
		"ada@example\ufeff.com"} {
		says("/emailVerifications/create", "invalid_email", m{"email": email}, "nobody sees")
	}
	says("/emailVerifications/create", "invalid_email", m{"email": "ada.example.com"}, "exactly one @")
	says("/emailVerifications/create", "invalid_email", m{"email": "ada@example"}, "two parts")
	says("/emailVerifications/create", "invalid_email", m{"email": "ada@example.com."}, "dot")
	says("/emailVerifications/create", "invalid_email", m{"email": "ada @example.com"}, "before the @")
	says("/smsVerifications/create", "invalid_phone", m{"phoneNumber": "+541123456789"}, "a 9 after +54", "+54 9 1123456789")
	says("/smsVerifications/create", "invalid_phone", m{"phoneNumber": "1123456789", "isoCountryCode": "AR"}, "a 9 after +54")
	says("/smsVerifications/create", "invalid_phone", m{"phoneNumber": "+5215512345678"}, "no 1 after +52")
	says("/smsVerifications/create", "invalid_phone", m{"phoneNumber": "+551187654321"}, "a 9 after its area code")
}

// What wallets return for an address is read at every door: letters of one case.
func TestWalletAddressesAsWalletsReturnThem(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, "wallets: {chains: [EVM]}\n"))
	for _, spell := range []func(string) string{strings.ToLower,
		func(address string) string { return "0x" + strings.ToUpper(address[2:]) }} {
		wallet := walletsigtest.NewEVM(t)
		header := http.Header{"Origin": {servertest.Origin(servertest.A)}}
		message := func(header http.Header, body m) string {
			body["address"], body["chain"] = spell(wallet.Address), "EVM"
			return s.Do(t, "POST", sdk("/wallets/message"), header, body).Want(t, 200, "").Member("message")
		}
		body := func(text string) m {
			return m{
				"messageToSign": text, "signedMessage": wallet.Sign(text), "publicWalletAddress": spell(wallet.Address), "chain": "EVM",
				"walletName": "metamask", "walletProvider": "browserExtension",
			}
		}
		signed := s.Do(t, "POST", sdk("/wallets/signin"), header, body(message(header, m{}))).Want(t, 200, "")
		if !strings.Contains(string(signed.Body), `"address":"`+wallet.Address+`"`) {
			t.Errorf("the account does not show the wallet in its one spelling: %s", signed.Body)
		}
		inside := servertest.Bearer(signed.Member("minifiedJwt"))
		inside["Origin"] = header["Origin"]
		proof := body(message(inside, m{"requestedScopes": []string{transfer}}))
		proof["requestedScopes"] = []string{transfer}
		s.Do(t, "POST", sdk("/wallets/verify"), inside, proof).Want(t, 200, "")
		bob := s.SignIn(t, servertest.A, "bob@example.com")
		link := bob.Header(s.StepUp(t, bob, "credential:link"))
		link["Origin"] = header["Origin"]
		// it is one wallet, which somebody has
		s.Do(t, "POST", sdk("/verify/link"), link, body(message(link, m{}))).Want(t, 422, "reassign_wallet_confirm")

		crlf := strings.ReplaceAll(message(header, m{}), "\n", "\r\n")
		if refused := s.Do(t, "POST", sdk("/wallets/signin"), header, body(crlf)).
			Want(t, 422, "invalid_verification").Member("error"); !strings.Contains(refused, "CR LF") {
			t.Errorf("line ends: %s", refused)
		}
		small := strings.Replace(message(header, m{}), wallet.Address, strings.ToLower(wallet.Address), 1)
		if refused := s.Do(t, "POST", sdk("/wallets/signin"), header, body(small)).
			Want(t, 422, "invalid_verification").Member("error"); !strings.Contains(refused, "EIP-55") {
			t.Errorf("capitals in the text: %s", refused)
		}
	}
}

// What is no spelling of the code is wrong, and costs a try as it did.
func TestCodesAsNobodyTypesThem(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, bothFactors))
		user := s.SignIn(t, servertest.A, "ada@example.com")
		app := s.EnrolApp(t, user)
		for i, spell := range mistypings {
			id, code := s.SendCode(t, servertest.A, user.Email, user.Header())
			s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(), m{"verificationUUID": id, "verificationToken": spell(code)}).
				Want(t, 422, "wrong_email_verification_token")
			s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": spell(app.Next())}).Want(t, 422, "mfa_invalid_code")
			if i%9 == 8 { // the right one forgives the wrong ones
				id, code = s.SendCode(t, servertest.A, user.Email, user.Header())
				s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(), m{"verificationUUID": id, "verificationToken": code}).
					Want(t, 200, "")
				s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": app.Next()}).Want(t, 200, "")
			}
		}
		for range 9 {
			s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": "." + app.Next()})
		}
		s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": "." + app.Code()})
		s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": "." + app.Code()}).Want(t, 429, "mfa_rate_limited")
	})
}
