package attack_test

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/method/social/socialtest"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

// The hosted prompt attacked. Its page is at a name of its own, below the relying party
// of passkeys.
const (
	promptOrigin = "https://auth.example.com"
	promptBack   = "https://app.a.example/step-up?from=prompt"
)

const promptLines = `prompt: {origin: "` + promptOrigin + `", redirectUris: ["` + promptBack + `", "http://127.0.0.1/back", ` +
	`{uri: "com.example.app:/back", customScheme: true}]}
`

var (
	promptVerifier  = strings.Repeat("v", 43)
	promptState     = strings.Repeat("s", 32)
	promptChallenge = challengeOf(promptVerifier)
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// promptBody asks for a prompt.
func promptBody(change m) m {
	body := m{"requestedScopes": []string{"wallet:export"}, "redirectUri": promptBack, "state": promptState,
		"codeChallenge": promptChallenge, "codeChallengeMethod": "S256"}
	for name, value := range change {
		body[name] = value
		if value == nil {
			delete(body, name)
		}
	}
	return body
}

const promptsPath = "/stepUp/prompts"

// prompted is a prompt that was made, and the browser that has its page open.
type prompted struct {
	scene
	id, secret string
	cookie     string // name=value; empty: not open
}

// promptView is what the page is shown.
type promptView struct {
	App         struct{ Name string }
	Account     string
	Scopes      []struct{ Scope, Words string }
	Binding     *struct{ Summary, Hash string }
	Credentials []struct {
		ID, Format, Type, Alias, Address, Chain string
		Displayed                               bool
	}
	DefaultCredentialID string
	RecoveryCodes       bool
	Reason              string
	Enrol               []string
	Enrolment           *struct {
		Proven      bool
		Credentials []struct{ ID, Format string }
	}
	Asked    struct{ Address, UserAgent string }
	Passkeys struct {
		Usable bool
		Why    string
	}
}

// of is the credential of a format, which the page must list.
func (v promptView) of(t testing.TB, format string) string {
	t.Helper()
	for _, c := range v.Credentials {
		if c.Format == format {
			return c.ID
		}
	}
	t.Fatalf("the page lists no %s: %+v", format, v.Credentials)
	return ""
}

func (s scene) withPrompts(t testing.TB, more string) {
	t.Helper()
	s.Apply(t, servertest.Document(servertest.A, bothFactors+"\n"+promptLines+more))
}

// prompt makes one.
func (s scene) prompt(t testing.TB, user *servertest.Session, change m) *prompted {
	t.Helper()
	header := user.Header()
	header.Set("User-Agent", "Mozilla/5.0 (a laptop)")
	var made struct{ PromptID, URL string }
	s.Do(t, "POST", sdk(promptsPath), header, promptBody(change)).Want(t, 200, "").JSON(t, &made)
	address, secret, _ := strings.Cut(made.URL, "#")
	if address != promptOrigin+"/prompt/"+servertest.A+"/"+made.PromptID || len(secret) < 43 || strings.Contains(address, secret) {
		t.Fatalf("address %s", made.URL)
	}
	return &prompted{scene: s, id: made.PromptID, secret: secret}
}

// page calls a route of the prompt as its page does.
func (p *prompted) page(t testing.TB, method, path string, body any) servertest.Response {
	t.Helper()
	return p.Do(t, method, sdk(promptsPath+"/"+p.id+path), p.header(), body)
}

func (p *prompted) header() http.Header {
	header := http.Header{"Origin": {promptOrigin}}
	if p.cookie != "" {
		header.Set("Cookie", p.cookie)
	}
	return header
}

// open trades the secret.
func (p *prompted) open(t testing.TB) (view promptView) {
	t.Helper()
	answer := p.page(t, "POST", "/open", m{"secret": p.secret}).Want(t, 200, "")
	answer.JSON(t, &view)
	cookies := (&http.Response{Header: answer.Header}).Cookies()
	if len(cookies) != 1 {
		t.Fatalf("cookies %v", cookies)
	}
	c := cookies[0]
	if c.Name != "__Host-stepup-prompt-"+p.id || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" ||
		c.Domain != "" {
		t.Errorf("cookie %v", c)
	}
	p.cookie = c.Name + "=" + c.Value
	return view
}

// mail has a code sent to the address of the user and returns what verifies it.
func (p *prompted) mail(t testing.TB, path string, user *servertest.Session) m {
	t.Helper()
	before := len(p.Inbox.To(user.Email))
	id := p.page(t, "POST", path+"/codes", m{"credentialId": user.CredentialID}).Want(t, 200, "").Member("verificationId")
	return m{"credentialId": user.CredentialID, "verificationId": id, "code": p.Inbox.WaitCode(t, user.Email, before)}
}

// verify proves it and returns the code that the page goes back with.
func (p *prompted) verify(t testing.TB, proof m) string {
	t.Helper()
	answer := p.back(t, p.page(t, "POST", "/verify", proof))
	if answer.Get("code") == "" || answer.Get("error") != "" {
		t.Fatalf("went back with %v", answer)
	}
	return answer.Get("code")
}

// back reads where the page goes, which must be the address that the app named.
func (p *prompted) back(t testing.TB, r servertest.Response) url.Values {
	t.Helper()
	to := r.Want(t, 200, "").Member("location")
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, promptBack+"&") || u.Query().Get("state") != promptState ||
		u.Query().Get("iss") != p.Issuer(servertest.A) {
		t.Fatalf("went to %s", to)
	}
	return u.Query()
}

func (p *prompted) redeem(t testing.TB, user *servertest.Session, code, verifier string) servertest.Response {
	t.Helper()
	return p.Do(t, "POST", sdk(promptsPath+"/"+p.id+"/token"), user.Header(), m{"code": code, "codeVerifier": verifier})
}

// approved makes a prompt, proves it by a mailed code and returns the code for the app.
func (s scene) approved(t testing.TB, user *servertest.Session, change m) (*prompted, string) {
	t.Helper()
	p := s.prompt(t, user, change)
	p.open(t)
	return p, p.verify(t, p.mail(t, "", user))
}

// wantOver wants the prompt to be over for this reason, with a way back that says so.
func wantOver(t testing.TB, r servertest.Response, reason, problem string) {
	t.Helper()
	var over struct {
		Payload struct{ Reason, Location string }
	}
	r.Want(t, 410, "prompt_over").JSON(t, &over)
	if over.Payload.Reason != reason || strings.Contains(over.Payload.Location, "error="+problem) != (problem != "") ||
		problem == "" && over.Payload.Location != "" {
		t.Errorf("over %+v, want %s and %q", over.Payload, reason, problem)
	}
}

// From the app to the page and back, by each method that there is.
func TestPromptByEachMethod(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		provider := socialtest.Start(t, s.Now)
		s.PutSecret(t, servertest.A, "provider", socialtest.ClientSecret)
		s.withPrompts(t, servertest.TextsOn+`wallets: {chains: [EVM, SOL]}
redirectOrigins: ["`+servertest.Origin(servertest.A)+`"]
providers: [{provider: acme, name: Acme, issuer: "`+provider.URL+`", clientId: `+socialtest.ClientID+`, clientSecret: {file: provider}}]
`)
		ada := s.SignIn(t, servertest.A, "ada@example.com")
		link := func(scopes ...string) http.Header {
			return ada.Header(s.StepUp(t, ada, append(scopes, "credential:link")...))
		}

		id, code := s.TextCode(t, servertest.A, "+14155550132", ada.Header())
		s.Do(t, "POST", sdk("/smsVerifications/verify"), link(), typed(id, code)).Want(t, 200, "")
		wallet := walletsigtest.NewEVM(t)
		text := s.Do(t, "POST", sdk("/wallets/message"), ada.Header(), m{"address": wallet.Address, "chain": "EVM",
			"origin": servertest.Origin(servertest.A)}).Want(t, 200, "").Member("message")
		s.Do(t, "POST", sdk("/verify/link"), link(), m{"messageToSign": text, "signedMessage": wallet.Sign(text),
			"publicWalletAddress": wallet.Address, "chain": "EVM", "walletName": "metamask", "walletProvider": "browserExtension"}).
			Want(t, 200, "")
		state, oauth := s.SocialLogin(t, servertest.A, "acme", servertest.Origin(servertest.A)+"/after", ada.Header())
		s.Do(t, "POST", sdk("/providers/acme/verify"), link(), m{"code": oauth, "state": state}).Want(t, 200, "")

		signed := func(p *prompted, v promptView) m {
			id := v.of(t, "blockchain")
			var challenge struct {
				Wallet struct{ Address, Chain, Message string }
			}
			p.page(t, "POST", "/challenge", m{"credentialId": id}).Want(t, 200, "").JSON(t, &challenge)
			if challenge.Wallet.Address != wallet.Address || challenge.Wallet.Chain != "EVM" ||
				!strings.HasPrefix(challenge.Wallet.Message, "auth.example.com wants you to sign in") {
				t.Errorf("text to sign: %+v", challenge.Wallet)
			}
			text := challenge.Wallet.Message
			return m{"wallet": m{"credentialId": id, "message": text, "signature": wallet.Sign(text)}}
		}
		passkeys := passkeytest.New(passkeytest.Origin)
		told := 0
		var app *servertest.App
		var recovery []string
		for _, step := range []struct {
			name  string
			proof func(p *prompted, v promptView) m
			amr   string
		}{
			{"email", func(p *prompted, v promptView) m { return p.mail(t, "", ada) }, "otp"},
			{"SMS", func(p *prompted, v promptView) m {
				before := len(s.Inbox.To("+14155550132"))
				id := p.page(t, "POST", "/codes", m{"credentialId": v.of(t, "phoneNumber")}).Want(t, 200, "").Member("verificationId")
				s.Inbox.WaitCode(t, "+14155550132", before)
				again := p.page(t, "POST", "/codes", m{"credentialId": v.of(t, "phoneNumber"), "verificationId": id}).Want(t, 200, "")
				if again.Member("verificationId") != id || again.Member("channel") != "sms" {
					t.Errorf("a new code: %s", again.Body)
				}
				return m{"credentialId": v.of(t, "phoneNumber"), "verificationId": id,
					"code": s.Inbox.WaitCode(t, "+14155550132", before+1)}
			}, "sms"},
			{"wallet", signed, "pop"},
			{"social", func(p *prompted, v promptView) m {
				code, state := s.promptLogin(t, p, v.of(t, "oauth"))
				return m{"social": m{"provider": "acme", "code": code, "state": state}}
			}, ""},
			{"passkey", func(p *prompted, v promptView) m {
				var challenge struct{ Passkey passkey.RequestOptions }
				p.page(t, "POST", "/challenge", m{"credentialId": v.of(t, "passkey")}).Want(t, 200, "").JSON(t, &challenge)
				passkeys.Origin = promptOrigin
				defer func() { passkeys.Origin = passkeytest.Origin }()
				return m{"passkey": passkeys.Get(challenge.Passkey)}
			}, "hwk"},
			{"authenticator app", func(p *prompted, v promptView) m {
				return m{"credentialId": v.of(t, "totp"), "code": app.Next()}
			}, "otp"},
			{"recovery code", func(p *prompted, v promptView) m {
				if !v.RecoveryCodes {
					t.Error("the page offers no recovery code")
				}
				told = len(s.Inbox.To(ada.Email))
				return m{"recoveryCode": recovery[0]}
			}, ""},
		} {
			switch step.name {
			case "passkey":
				s.Do(t, "POST", sdk("/users/passkeys/register"), link(), passkeys.Create(s.creation(t, ada))).Want(t, 200, "")
			case "authenticator app":
				token := s.passkeyStepUp(t, ada, passkeys, "credential:link")
				app = s.BeginApp(t, ada, token)
				s.Do(t, "POST", sdk("/users/mfa/auth/totp"), ada.Header(), m{"id": app.ID, "code": app.Code()}).Want(t, 200, "")
				recovery = s.recoveryCodes(t, ada)
			}
			s.Clock.Advance(time.Minute)
			p := s.prompt(t, ada, nil)
			view := p.open(t)
			if view.App.Name != "Environment a" || view.Account != ada.Email || len(view.Scopes) != 1 ||
				view.Scopes[0].Scope != "wallet:export" || view.Scopes[0].Words == "" || view.Asked.Address != "127.0.0.1" ||
				view.Asked.UserAgent != "Mozilla/5.0 (a laptop)" ||
				view.Reason != "step_up_required" || len(view.Enrol) != 0 || !view.Passkeys.Usable || view.DefaultCredentialID == "" {
				t.Errorf("%s: the page shows %+v", step.name, view)
			}
			answer := p.redeem(t, ada, p.verify(t, step.proof(p, view)), promptVerifier).Want(t, 200, "")
			token := answer.Member("elevatedAccessToken")
			if token == "" || answer.Member("minifiedJwt") == "" {
				t.Fatalf("%s: %s", step.name, answer.Body)
			}
			var claims struct {
				Scope, SID string
				AMR        []string
			}
			payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
			if err == nil {
				err = json.Unmarshal(payload, &claims)
			}
			if err != nil || claims.Scope != "wallet:export" || claims.SID != ada.ID ||
				step.amr != "" && !slices.Contains(claims.AMR, step.amr) {
				t.Errorf("%s: claims %s, %v", step.name, payload, err)
			}
			wantOver(t, p.page(t, "GET", "", nil), "finished", "")
		}
		if mail := s.Inbox.Wait(t, ada.Email, told); !strings.Contains(mail.Text, "recovery code") {
			t.Errorf("the use of a recovery code was not told: %s", mail.Text)
		}
	})
}

// promptLogin goes where the page sends the browser for a social login, until it is back
// at the page.
func (s scene) promptLogin(t testing.TB, p *prompted, credentialID string) (code, state string) {
	t.Helper()
	var challenge struct {
		Social struct{ Provider, URL string }
	}
	p.page(t, "POST", "/challenge", m{"credentialId": credentialID}).Want(t, 200, "").JSON(t, &challenge)
	next := follow(t, challenge.Social.URL, promptOrigin)
	back, err := url.Parse(next)
	if err != nil || !strings.HasPrefix(next, promptOrigin+"/prompt/"+servertest.A+"/"+p.id+"?") || back.Query().Get("provider") != "acme" {
		t.Fatalf("came back to %s", next)
	}
	return back.Query().Get("dynamicOauthCode"), back.Query().Get("dynamicOauthState")
}

// follow is a browser that goes where it is sent, until it is at the origin.
func follow(t testing.TB, next, origin string) string {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 6 {
		answer, err := client.Get(next)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		to, err := answer.Location()
		if err != nil {
			t.Fatalf("%s answered %s", next, answer.Status)
		}
		if next = to.String(); strings.HasPrefix(next, origin) {
			return next
		}
	}
	t.Fatal("never came back to " + origin)
	return ""
}

// Whoever makes a prompt and has somebody else prove it, be it with a stolen session and
// its owner, gains nothing: neither a token nor a mark, nor a code.
func TestPromptOfAnother(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.withPrompts(t, "")
		owner := s.SignIn(t, servertest.A, "owner@example.com")
		app := s.EnrolApp(t, owner)
		s.Clock.Advance(6 * time.Minute) // the mark of the enrolment is over
		thief := *owner                  // holds the same session

		p := s.prompt(t, &thief, m{"requestedScopes": []string{"credential:link"}})
		view := p.open(t) // the owner opens what they were sent, and proves it
		code := p.verify(t, m{"credentialId": view.of(t, "totp"), "code": app.Next()})

		header := thief.Header()
		s.Do(t, "GET", sdk("/users/mfa/recovery"), header, nil).Want(t, 403, "elevated_access_token_required")
		wantRefused(t, s.Do(t, "GET", sdk("/users/mfa/register/totp"), header, nil), "missing")
		for name, guess := range map[string]string{"no code": "x", "the secret": p.secret, "the cookie": p.cookie,
			"the state": promptState} {
			if r := p.redeem(t, &thief, guess, promptVerifier); r.Status != 422 || r.Code != "invalid_prompt_code" {
				t.Errorf("%s redeems: %d %s", name, r.Status, r.Body)
			}
		}
		p.redeem(t, owner, code, promptVerifier).Want(t, 200, "") // and none of it cost the owner anything

		// Somebody else's account: what they have proves nothing here, and nothing of theirs is listed.
		mallory, victim := s.SignIn(t, servertest.A, "mallory@example.com"), s.SignIn(t, servertest.A, "victim@example.com")
		p = s.prompt(t, mallory, nil)
		if view := p.open(t); view.Account != mallory.Email || len(view.Credentials) != 1 {
			t.Errorf("the page of mallory's prompt shows %+v", view)
		}
		p.page(t, "POST", "/codes", m{"credentialId": victim.CredentialID}).Want(t, 422, "mfa_invalid_request")
		id, typedCode := s.SendCode(t, servertest.A, victim.Email, victim.Header())
		for _, proof := range []m{{"credentialId": victim.CredentialID, "verificationId": id, "code": typedCode},
			{"credentialId": mallory.CredentialID, "verificationId": id, "code": typedCode}} {
			if r := p.page(t, "POST", "/verify", proof); r.Status != 422 {
				t.Errorf("a code of the victim's: %d %s", r.Status, r.Body)
			}
		}
		s.Do(t, "POST", sdk("/emailVerifications/verify"), victim.Header(), typed(id, typedCode, transfer)).Want(t, 200, "")
	})
}

// A code, a verifier, a secret and a cookie are of one prompt. Whoever has the code and
// not the rest ends the prompt by trying.
func TestPromptPartsOfAnother(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.withPrompts(t, "")
		ada, bob := s.SignIn(t, servertest.A, "ada@example.com"), s.SignIn(t, servertest.A, "bob@example.com")
		again := s.SignIn(t, servertest.A, ada.Email) // another session of hers
		other := strings.Repeat("w", 43)

		one, first := s.approved(t, ada, nil)
		two, second := s.approved(t, ada, m{"codeChallenge": challengeOf(other)})
		one.redeem(t, ada, second, promptVerifier).Want(t, 422, "invalid_prompt_code")
		one.redeem(t, ada, second, other).Want(t, 422, "invalid_prompt_code")
		two.redeem(t, ada, first, promptVerifier).Want(t, 422, "invalid_prompt_code")
		one.redeem(t, ada, first, promptVerifier).Want(t, 200, "")
		two.redeem(t, ada, second, promptVerifier).Want(t, 422, "invalid_prompt_code") // the verifier of the first: ends it
		two.redeem(t, ada, second, other).Want(t, 422, "invalid_prompt_code")

		for name, by := range map[string]*servertest.Session{"another user": bob, "another session of the user": again} {
			p, code := s.approved(t, ada, nil)
			p.redeem(t, by, "x", promptVerifier).Want(t, 422, "invalid_prompt_code") // a guess ends nothing
			p.redeem(t, by, code, promptVerifier).Want(t, 422, "invalid_prompt_code")
			if r := p.redeem(t, ada, code, promptVerifier); r.Code != "invalid_prompt_code" {
				t.Errorf("after %s had tried: %d %s", name, r.Status, r.Body)
			}
		}
		for _, verifier := range []string{"", "short", strings.Repeat("v", 42), strings.Repeat("v", 44), promptChallenge,
			strings.ToUpper(promptVerifier), strings.Repeat("v", 129)} {
			p, code := s.approved(t, ada, nil)
			if r := p.redeem(t, ada, code, verifier); r.Status != 400 && r.Code != "invalid_prompt_code" {
				t.Errorf("verifier %q: %d %s", verifier, r.Status, r.Body)
			}
			p.redeem(t, ada, code, promptVerifier) // whatever is left, so that three are not open
		}

		one, two = s.prompt(t, ada, nil), s.prompt(t, ada, nil)
		one.page(t, "POST", "/open", m{"secret": two.secret}).Want(t, 403, "prompt_not_open")
		one.open(t)
		two.cookie = one.cookie
		two.page(t, "GET", "", nil).Want(t, 403, "prompt_not_open")
		_, value, _ := strings.Cut(one.cookie, "=")
		two.cookie = "__Host-stepup-prompt-" + two.id + "=" + value
		two.page(t, "GET", "", nil).Want(t, 403, "prompt_not_open")
		two.cookie = "stepup-prompt-" + two.id + "=" + two.secret
		two.page(t, "GET", "", nil).Want(t, 403, "prompt_not_open")
		one.cookie += "; " + one.cookie // twice: two readers might take another one each
		one.page(t, "GET", "", nil).Want(t, 403, "prompt_not_open")
	})
}

// 50 trades of one secret and 50 redemptions of one code: one of each.
func TestPromptUnderRace(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.withPrompts(t, "")
		ada := s.SignIn(t, servertest.A, "ada@example.com")
		p := s.prompt(t, ada, nil)
		race := func(what, wins, loses string, send func(i int) (servertest.Response, error)) {
			t.Helper()
			var answers tally
			together(50, func(i int) {
				r, err := send(i)
				answers.addAnswer(r, err)
			})
			if answers.of(wins) != 1 || answers.of(loses) != 49 {
				t.Errorf("%s: %s", what, &answers)
			}
		}
		at := sdk(promptsPath + "/" + p.id)
		race("trades of one secret", "200 ", "403 prompt_not_open", func(int) (servertest.Response, error) {
			return s.Try(t, "POST", at+"/open", p.header(), m{"secret": p.secret})
		})

		p = s.prompt(t, ada, nil)
		p.open(t)
		at = sdk(promptsPath + "/" + p.id)
		var proofs []m
		for range 5 {
			proofs = append(proofs, p.mail(t, "", ada))
		}
		var codes tally
		together(len(proofs), func(i int) {
			r, err := s.Try(t, "POST", at+"/verify", p.header(), proofs[i])
			codes.addAnswer(r, err)
		})
		if codes.of("200 ") != 1 || codes.of("410 prompt_over") != len(proofs)-1 {
			t.Errorf("proofs at once: %s", &codes)
		}

		p, code := s.approved(t, ada, nil)
		at = sdk(promptsPath + "/" + p.id)
		race("redemptions of one code", "200 ", "422 invalid_prompt_code", func(int) (servertest.Response, error) {
			return s.Try(t, "POST", at+"/token", ada.Header(), m{"code": code, "codeVerifier": promptVerifier})
		})
	})
}

// The page goes to an address that is listed, letter for letter, or nowhere.
func TestPromptOpenRedirector(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withPrompts(t, "")
	ada := s.SignIn(t, servertest.A, "ada@example.com")
	for _, uri := range []string{"", "https://evil.example/", "https://app.a.example/step-up", promptBack + "&x=1", promptBack + "#x",
		"https://app.a.example/step-up?from=Prompt", "HTTPS://app.a.example/step-up?from=prompt",
		"https://APP.a.example/step-up?from=prompt",
		"https://app.a.example:443/step-up?from=prompt", "https://u@app.a.example/step-up?from=prompt",
		"https://app.a.example@evil.example/step-up?from=prompt", "https://app.a.example.evil.example/step-up?from=prompt",
		"https://app.a.example/step%2Dup?from=prompt", "https://app.a.example/x/../step-up?from=prompt",
		`https://app.a.example\step-up?from=prompt`,
		" " + promptBack, promptBack + "\n", "https://127.0.0.1/back", "http://127.0.0.1:99999/back",
		"http://127.0.0.1:1@evil.example/back",
		"http://localhost/back", "http://127.0.0.1/back/", "http://0x7f.1/back", "com.example.app:/back2", "com.other.app:/back",
		"javascript:alert(1)", "data:text/html,x", "//evil.example/"} {
		if r := s.Do(t, "POST", sdk(promptsPath), ada.Header(), promptBody(m{"redirectUri": uri})); r.Code != "invalid_redirect_uri" {
			t.Errorf("%q: %d %s", uri, r.Status, r.Body)
		} else if said := string(r.Body); slices.ContainsFunc([]string{"u@", "from=", "alert"},
			func(part string) bool { return strings.Contains(said, part) }) {
			t.Errorf("%q is repeated: %s", uri, said)
		}
	}
	for _, uri := range []string{"http://127.0.0.1:4444/back", "com.example.app:/back"} {
		p := s.prompt(t, ada, m{"redirectUri": uri})
		p.open(t)
		if to := p.page(t, "POST", "/cancel", nil).Want(t, 200, "").Member("location"); !strings.HasPrefix(to,
			uri+"?error=access_denied&") {
			t.Errorf("went to %s", to)
		}
	}
	// Nothing that the app chose adds to the answer, and an address that is taken off the list is not gone to.
	for name, value := range map[string]string{"state": "x&code=stolen00000000", "codeChallenge": "plain", "codeChallengeMethod": "plain"} {
		s.Do(t, "POST", sdk(promptsPath), ada.Header(), promptBody(m{name: value})).Want(t, 400, "invalid_request")
	}
	p := s.prompt(t, ada, nil)
	p.open(t)
	s.Apply(t, servertest.Document(servertest.A, "prompt: {origin: \""+promptOrigin+"\"}\n"))
	wantOver(t, p.page(t, "POST", "/verify", m{"recoveryCode": "x"}), "ended", "")
	wantOver(t, p.page(t, "POST", "/cancel", nil), "ended", "")
}

// What no SDK route mints no prompt asks for, and what a session may have open is bounded.
func TestPromptScopesAndFlood(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withPrompts(t, "")
	ada := s.SignIn(t, servertest.A, "ada@example.com")
	for _, scopes := range [][]string{nil, {}, {"console:users"}, {"console:environments"}, {"business_account:x"}, {"wallet:unknown"},
		{"nobody:knows"}, {"wallet:export", "console:users"}, {"wallet:export", transfer}, {""}, slices.Repeat([]string{report}, 17)} {
		s.Do(t, "POST", sdk(promptsPath), ada.Header(), promptBody(m{"requestedScopes": scopes})).Want(t, 422, "invalid_scopes")
	}
	s.Do(t, "POST", sdk(promptsPath), nil, promptBody(nil)).Want(t, 401, "sign_in_required")
	s.Do(t, "POST", sdk(promptsPath), ada.Header(), promptBody(m{"bindingId": "unknown"})).Want(t, 422, "invalid_binding")

	var made []*prompted
	for range 3 {
		made = append(made, s.prompt(t, ada, nil))
	}
	if r := s.Do(t, "POST", sdk(promptsPath), ada.Header(), promptBody(nil)); r.Code != "rate_limited" ||
		r.Header.Get("Retry-After") == "" {
		t.Errorf("a fourth: %d %s", r.Status, r.Body)
	}
	var answers tally
	other := s.SignIn(t, servertest.A, "ada@example.com")
	together(20, func(int) {
		r, err := s.Try(t, "POST", sdk(promptsPath), other.Header(), promptBody(nil))
		answers.addAnswer(r, err)
	})
	if answers.of("200 ") != 3 {
		t.Errorf("made at once: %s", &answers)
	}
	made[0].open(t)
	made[0].page(t, "POST", "/cancel", nil).Want(t, 200, "")
	for range 40 { // one after the other: the account's own bound
		r := s.Do(t, "POST", sdk(promptsPath), ada.Header(), promptBody(nil))
		answers.addAnswer(r, nil)
		if r.Status != 200 {
			break
		}
		_, secret, _ := strings.Cut(r.Member("url"), "#")
		p := &prompted{scene: s, id: r.Member("promptId"), secret: secret}
		p.open(t)
		p.page(t, "POST", "/cancel", nil).Want(t, 200, "")
	}
	if n := answers.of("200 "); n != 30-3 {
		t.Errorf("%d prompts beside the first three, want 27: %s", n, &answers)
	}
}

// The page is framed by nobody, runs nothing but its own scripts, tells its address to
// nobody and is kept by nobody; and it is the same for every prompt.
func TestPromptPageHeaders(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withPrompts(t, "")
	p := s.prompt(t, s.SignIn(t, servertest.A, "ada@example.com"), nil)
	page := s.Do(t, "GET", "/prompt/"+servertest.A+"/"+p.id, nil, nil).Want(t, 200, "")
	for name, want := range map[string]string{
		"Content-Security-Policy": "frame-ancestors 'none'", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin",
		"Content-Type": "text/html; charset=utf-8",
	} {
		if got := page.Header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	policy := page.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self';",
		"form-action 'none'",
		"base-uri 'none'", "require-trusted-types-for 'script'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s: %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || strings.Contains(policy, "http") {
		t.Errorf("policy %s", policy)
	}
	if len(page.Header.Values("Set-Cookie")) > 0 || strings.Contains(string(page.Body), p.id) {
		t.Error("the page knows which prompt it is of")
	}
	unknown := s.Do(t, "GET", "/prompt/"+servertest.A+"/unknown", nil, nil).Want(t, 200, "")
	if string(unknown.Body) != string(page.Body) {
		t.Error("the page of an unknown prompt is another one")
	}
	for _, path := range []string{"/prompt/assets/..%2findex.html", "/prompt/assets/%2e%2e", "/prompt/assets/x/y",
		"/prompt/assets/index.html"} {
		if r := s.Do(t, "GET", path, nil, nil); r.Status != 404 {
			t.Errorf("%s: %d", path, r.Status)
		}
	}
}

// Pages of others, listed ones and such as say nothing of where they are: none may call
// the page's routes, whatever the browser sends along.
func TestPromptForeignOrigin(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withPrompts(t, "")
	ada := s.SignIn(t, servertest.A, "ada@example.com")
	p := s.prompt(t, ada, m{"enrol": true})
	for _, origin := range []string{"", "null", servertest.Origin(servertest.A), "https://evil.example", "http://auth.example.com",
		promptOrigin + ":443", promptOrigin + ".evil.example", strings.ToUpper(promptOrigin), s.URL} {
		r := s.Do(t, "POST", sdk(promptsPath+"/"+p.id+"/open"), http.Header{"Origin": {origin}}, m{"secret": p.secret})
		if r.Status != 403 || r.Code != "origin_not_allowed" || len(r.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("opened from %q: %d %s", origin, r.Status, r.Body)
		}
	}
	p.open(t) // which cost nothing
	for _, r := range api.Routes() {
		if r.Gate.Kind != door.PromptGate {
			continue
		}
		path := strings.NewReplacer("{environmentId}", servertest.A, "{promptId}", p.id).Replace(r.Path)
		for _, header := range []http.Header{{"Origin": {servertest.Origin(servertest.A)}}, {"Origin": {"null"}},
			{"Sec-Fetch-Site": {"cross-site"}},
			{"Sec-Fetch-Site": {"same-site"}}, {"Sec-Fetch-Site": {"none"}}, {"Origin": {"https://evil.example"},
				"Sec-Fetch-Site": {"same-origin"}}} {
			header.Set("Cookie", p.cookie)
			if answer := s.Do(t, r.Method, path, header, m{}); answer.Code != "origin_not_allowed" {
				t.Errorf("%s %s by %v: %d %s", r.Method, r.Path, header, answer.Status, answer.Code)
			}
		}
		preflight := s.Do(t, "OPTIONS", path, http.Header{"Origin": {"https://evil.example"},
			"Access-Control-Request-Method": {r.Method}}, nil)
		if preflight.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s lets pages of others ask", r.Path)
		}
	}
	p.page(t, "GET", "", nil).Want(t, 200, "")
}

// What happens elsewhere ends the prompt: the end of its session, of the credential that
// proved it, a first second factor enrolled outside, a move of the epoch, time.
func TestPromptOvertaken(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.withPrompts(t, "")
		for i, test := range []struct {
			name, reason, problem string
			happens               func(user *servertest.Session)
			open                  bool // while nothing is proven, the prompt goes on
		}{
			{"nothing", "", "", func(*servertest.Session) {}, true},
			{"the session is revoked", "ended", "access_denied", func(user *servertest.Session) {
				s.Do(t, "POST", sdk("/revoke"), user.Header(), nil).Want(t, 204, "")
			}, false},
			{"the user is deleted", "", "", func(user *servertest.Session) {
				s.Do(t, "DELETE", sdk("/users"), user.Header(s.StepUp(t, user, "user:delete")), nil).Want(t, 204, "")
			}, false},
			{"what proved it is removed", "", "", func(user *servertest.Session) {
				header := user.Header(s.StepUp(t, user, "credential:link", "credential:unlink"))
				id, code := s.SendCode(t, servertest.A, "more-"+user.Email, user.Header())
				s.Do(t, "POST", sdk("/emailVerifications/verify"), header, typed(id, code)).Want(t, 200, "")
				s.Do(t, "POST", sdk("/verify/unlink"), header, m{"verifiedCredentialId": user.CredentialID}).Want(t, 200, "")
			}, true},
			{"a factor is enrolled elsewhere", "ended", "access_denied", func(user *servertest.Session) { s.EnrolApp(t, user) }, false},
			{"the epoch moves", "ended", "access_denied", func(*servertest.Session) {
				if err := store.RestoreEpoch(t.Context(), s.DB); err != nil {
					t.Fatal(err)
				}
			}, false},
		} {
			user := s.SignIn(t, servertest.A, fmt.Sprintf("user%d@example.com", i))
			p := s.prompt(t, user, nil)
			p.open(t)
			unopened := s.prompt(t, user, nil)
			proven, code := s.approved(t, user, nil)
			test.happens(user)
			read := p.page(t, "GET", "", nil)
			switch {
			case test.open:
				read.Want(t, 200, "")
				unopened.open(t)
			case test.reason == "":
				read.Want(t, 403, "prompt_not_open") // nothing is left of it
			default:
				wantOver(t, read, test.reason, test.problem)
				p.page(t, "POST", "/codes", m{"credentialId": user.CredentialID}).Want(t, 410, "prompt_over")
				if back := p.back(t, p.page(t, "POST", "/verify", m{"recoveryCode": "x"})); back.Get("error") != test.problem {
					t.Errorf("%s: verify goes back with %v", test.name, back)
				}
				if back := p.back(t, p.page(t, "POST", "/cancel", nil)); back.Get("error") != test.problem {
					t.Errorf("%s: cancel goes back with %v", test.name, back)
				}
				if r := unopened.page(t, "POST", "/open", m{"secret": unopened.secret}); r.Status == 200 || unopened.cookie != "" {
					t.Errorf("%s: opened: %d %s", test.name, r.Status, r.Body)
				}
			}
			redeemed := proven.redeem(t, user, code, promptVerifier)
			if redeemed.Status == 200 != (test.name == "nothing") {
				t.Errorf("%s: redeemed: %d %s", test.name, redeemed.Status, redeemed.Body)
			}
		}

		// Time: of the code, and of the prompt.
		user := s.SignIn(t, servertest.A, "late@example.com")
		p, code := s.approved(t, user, nil)
		s.Clock.Advance(61 * time.Second)
		p.redeem(t, user, code, promptVerifier).Want(t, 422, "invalid_prompt_code")
		p = s.prompt(t, user, nil)
		p.open(t)
		unopened := s.prompt(t, user, nil)
		s.Clock.Advance(10*time.Minute + time.Second)
		wantOver(t, p.page(t, "GET", "", nil), "expired", "expired")
		for _, path := range []string{"/verify", "/cancel"} {
			if back := p.back(t, p.page(t, "POST", path, m{"recoveryCode": "x"})); back.Get("error") != "expired" {
				t.Errorf("%s goes back with %v", path, back)
			}
		}
		wantOver(t, unopened.page(t, "POST", "/open", m{"secret": unopened.secret}), "expired", "expired")
	})
}

// By the time the code is redeemed the rules may have become stricter, and then they hold.
func TestPromptIsJudgedWhenItIsRedeemed(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withPrompts(t, "")
	ada := s.SignIn(t, servertest.A, "ada@example.com")
	p, code := s.approved(t, ada, nil)
	strict := strings.Replace(servertest.Document(servertest.A, bothFactors+"\n"+promptLines), "scopes:\n",
		"scopes:\n  - {scope: \"wallet:export\", floor: {preset: asvs-l3}}\n", 1)
	s.Apply(t, strict)
	p.redeem(t, ada, code, promptVerifier).Want(t, 422, "mfa_invalid_request")
	s.withPrompts(t, "")
	p.redeem(t, ada, code, promptVerifier).Want(t, 200, "") // the refusal cost nothing
}

// begin begins to enrol an authenticator app in the prompt.
func (p *prompted) begin(t testing.TB) (id string, code func() string) {
	t.Helper()
	begun := p.page(t, "POST", "/enrol/totp", nil).Want(t, 200, "")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(begun.Member("secret"))
	if err != nil {
		t.Fatal(err)
	}
	return begun.Member("id"), func() string { return totp.Code(secret, totp.StepAt(p.Now())) }
}

// A factor is enrolled only where the app asked for it, after a proof, and the session
// gains nothing by it. The prompt lives on, what a weaker proof let in does not, and
// every other prompt of the user ends.
func TestPromptEnrolment(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.withPrompts(t, "")
		ada := s.SignIn(t, servertest.A, "ada@example.com")
		plain := s.prompt(t, ada, nil)
		plain.open(t)
		for _, path := range []string{"/enrol/codes", "/enrol/challenge", "/enrol/verify", "/enrol/totp", "/enrol/totp/confirm",
			"/enrol/passkey", "/enrol/passkey/confirm"} {
			plain.page(t, "POST", path, m{"credentialId": ada.CredentialID}).Want(t, 422, "mfa_method_disabled")
		}

		p := s.prompt(t, ada, m{"enrol": true})
		view := p.open(t)
		if !slices.Equal(view.Enrol, []string{"totp", "passkey"}) || view.Enrolment == nil || view.Enrolment.Proven ||
			len(view.Enrolment.Credentials) != 1 {
			t.Fatalf("the page shows %+v", view)
		}
		p.page(t, "POST", "/enrol/totp", nil).Want(t, 403, "enrolment_not_proven")
		p.page(t, "POST", "/enrol/passkey", nil).Want(t, 403, "enrolment_not_proven")
		p.page(t, "POST", "/enrol/verify", p.mail(t, "", ada)).Want(t, 422, "invalid_scopes") // a code for what was asked, not for this
		proof := p.mail(t, "/enrol", ada)
		p.page(t, "POST", "/verify", proof).Want(t, 422, "invalid_scopes") // and the other way round
		p.page(t, "POST", "/enrol/verify", proof).Want(t, 200, "")
		s.Do(t, "GET", sdk("/users/mfa/register/totp"), ada.Header(), nil).Want(t, 403, "elevated_access_token_required")

		id, code := p.begin(t)
		p.page(t, "POST", "/verify", m{"credentialId": id, "code": code()}).Want(t, 422, "mfa_invalid_request")
		p.page(t, "POST", "/enrol/totp/confirm", m{"id": id, "code": wrong(code(), 0)}).Want(t, 422, "mfa_invalid_code")
		p.page(t, "POST", "/enrol/totp/confirm", m{"id": id, "code": code()}).Want(t, 200, "").JSON(t, &view)
		if view.Enrolment.Proven || len(view.Credentials) != 1 || view.Credentials[0].Format != "totp" {
			t.Errorf("after the first factor the page shows %+v", view)
		}
		wantOver(t, plain.page(t, "GET", "", nil), "ended", "access_denied")
		p.page(t, "POST", "/enrol/totp", nil).Want(t, 403, "enrolment_not_proven") // the mailed code opens this no more
		header := ada.Header()
		s.Do(t, "GET", sdk("/users/mfa/recovery"), header, nil).Want(t, 403, "elevated_access_token_required")
		if r := p.page(t, "POST", "/codes", m{"credentialId": ada.CredentialID}); r.Code != "mfa_invalid_request" {
			t.Errorf("a code by mail beside a factor: %d %s", r.Status, r.Body)
		}
		s.Clock.Advance(time.Minute)
		answer := p.redeem(t, ada, p.verify(t, m{"credentialId": id, "code": code()}), promptVerifier).Want(t, 200, "")
		if answer.Member("elevatedAccessToken") == "" {
			t.Errorf("no token: %s", answer.Body)
		}
		s.Do(t, "GET", sdk("/users/mfa/recovery"), header, nil).Want(t, 200, "") // the session redeemed the proof of a factor

		// What a passkey let in is as strong as the factor, and stays.
		s.Clock.Advance(time.Minute)
		p = s.prompt(t, ada, m{"enrol": true})
		p.open(t)
		p.page(t, "POST", "/enrol/verify", m{"credentialId": id, "code": code()}).Want(t, 200, "")
		var creation passkey.CreationOptions
		p.page(t, "POST", "/enrol/passkey", nil).Want(t, 200, "").JSON(t, &creation)
		a := passkeytest.New(promptOrigin)
		p.page(t, "POST", "/enrol/passkey/confirm", a.Create(creation)).Want(t, 200, "").JSON(t, &view)
		var challenge struct{ Passkey passkey.RequestOptions }
		p.page(t, "POST", "/challenge", m{"credentialId": view.of(t, "passkey")}).Want(t, 200, "").JSON(t, &challenge)
		p.verify(t, m{"passkey": a.Get(challenge.Passkey)})
	})
}

// A social login is begun in one prompt, and is good in no other, nor for the session.
func TestPromptSocialLoginOfAnother(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.logins(t)
	header, userID := s.socially(t)
	user := &servertest.Session{Environment: servertest.A, UserID: userID, Token: strings.TrimPrefix(header.Get("Authorization"),
		"Bearer ")}
	one, two := s.prompt(t, user, nil), s.prompt(t, user, nil)
	view := one.open(t)
	two.open(t)
	login := func(p *prompted) m {
		code, state := s.promptLogin(t, p, view.of(t, "oauth"))
		return m{"provider": "acme", "code": code, "state": state}
	}
	two.page(t, "POST", "/verify", m{"social": login(one)}).Want(t, 422, "other_verify_failure")
	body := login(one)
	body["requestedScopes"] = []string{"wallet:export"}
	s.Do(t, "POST", sdk("/providers/acme/verify"), header, body).Want(t, 422, "other_verify_failure")
	s.Do(t, "POST", sdk("/providers/acme/signIn"), nil, login(one)).Want(t, 422, "other_verify_failure")
	state, code := s.SocialLogin(t, servertest.A, "acme", after, header) // of the session, not of the prompt
	one.page(t, "POST", "/verify", m{"social": m{"provider": "acme", "code": code, "state": state}}).Want(t, 422, "other_verify_failure")
	one.verify(t, m{"social": login(one)})
}

// A prompt for a transaction shows it, is proven for it alone, and mints for it alone.
func TestPromptForATransaction(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		document := strings.Replace(servertest.Document(servertest.A, bothFactors+"\n"+promptLines),
			`{scope: "transfer:create", audience: "https://bank.example"}`,
			`{scope: "transfer:create", audience: "https://bank.example", binding: {require: always, displayed: true}}`, 1)
		s.Apply(t, document)
		ada := s.SignIn(t, servertest.A, "ada@example.com")
		register := func(payee string) string {
			return s.Do(t, "POST", sdk("/stepUp/bindings"), ada.Header(), m{"scope": transfer,
				"authorizationDetails": []m{{"type": "transfer", "amount": "25.00", "payee": payee}}}).Want(t, 200, "").Member("bindingId")
		}
		s.Do(t, "POST", sdk(promptsPath), ada.Header(), promptBody(m{"requestedScopes": []string{transfer}})).Want(t, 422,
			"invalid_binding")
		bob, eve := register("bob"), register("eve")
		s.Do(t, "POST", sdk(promptsPath), ada.Header(), promptBody(m{"bindingId": bob})).Want(t, 422, "invalid_binding") // of another scope
		stranger := s.SignIn(t, servertest.A, "stranger@example.com")
		s.Do(t, "POST", sdk(promptsPath), stranger.Header(), promptBody(m{"requestedScopes": nil, "bindingId": bob})).
			Want(t, 422, "invalid_binding")

		p := s.prompt(t, ada, m{"requestedScopes": nil, "bindingId": bob})
		view := p.open(t)
		if view.Binding == nil || !strings.Contains(view.Binding.Summary, "bob") || view.Binding.Hash == "" || len(view.Scopes) != 1 ||
			view.Scopes[0].Scope != transfer || view.RecoveryCodes || len(view.Credentials) != 1 || !view.Credentials[0].Displayed {
			t.Errorf("the page shows %+v", view)
		}
		before := len(s.Inbox.To(ada.Email)) // a code for the other transaction, asked for in the session
		id := s.Do(t, "POST", sdk("/emailVerifications/create"), ada.Header(), m{"email": ada.Email, "bindingId": eve}).
			Want(t, 200, "").Member("verificationUUID")
		other := m{"credentialId": ada.CredentialID, "verificationId": id, "code": s.Inbox.WaitCode(t, ada.Email, before)}
		p.page(t, "POST", "/verify", other).Want(t, 422, "invalid_binding")
		unbound, unboundCode := s.SendCode(t, servertest.A, ada.Email, ada.Header())
		p.page(t, "POST", "/verify", m{"credentialId": ada.CredentialID, "verificationId": unbound, "code": unboundCode}).
			Want(t, 422, "invalid_binding")

		before = len(s.Inbox.To(ada.Email))
		proof := p.mail(t, "", ada)
		if mail := s.Inbox.To(ada.Email)[before].Text; !strings.Contains(mail, "bob") {
			t.Errorf("the mail does not say the transaction:\n%s", mail)
		}
		token := p.redeem(t, ada, p.verify(t, proof), promptVerifier).Want(t, 200, "").Member("elevatedAccessToken")
		payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if !strings.Contains(string(payload), `"payee":"bob"`) || !strings.Contains(string(payload), `"displayed":true`) {
			t.Errorf("claims %s", payload)
		}

		// In a prompt without a transaction, a code for one proves nothing.
		s.withPrompts(t, "") // where one is not asked for
		p = s.prompt(t, ada, m{"requestedScopes": []string{transfer}})
		p.open(t)
		p.page(t, "POST", "/verify", other).Want(t, 422, "invalid_binding")
	})
}

// Secret, cookie, code and verifier are in no log at its most talkative, in no audit entry,
// in no refusal and not in the database.
func TestPromptSecretsStayInside(t *testing.T) {
	onBothEnginesWithLog(t, func(t *testing.T, s scene, log *buffer) {
		s.withPrompts(t, "")
		ada := s.SignIn(t, servertest.A, "ada@example.com")
		p := s.prompt(t, ada, m{"enrol": true})
		secrets, refusals := canaries{"the secret": p.secret}, ""
		refuse := func(r servertest.Response) {
			if r.Status < 400 {
				t.Errorf("not refused: %d %s", r.Status, r.Body)
			}
			refusals += string(r.Body) + fmt.Sprint(r.Header)
		}
		p.page(t, "POST", "/open", m{"secret": p.secret + "x"}).Want(t, 403, "")
		p.open(t)
		_, secrets["the cookie"], _ = strings.Cut(p.cookie, "=")
		opened := p.cookie
		p.cookie = ""
		refuse(p.page(t, "POST", "/open", m{"secret": p.secret}))
		p.cookie = opened
		p.page(t, "POST", "/enrol/verify", p.mail(t, "/enrol", ada)).Want(t, 200, "")
		proof := p.mail(t, "", ada)
		secrets["the mailed code"] = proof["code"].(string)
		code := p.verify(t, proof)
		secrets["the code"], secrets["the verifier"] = code, "canary-"+promptVerifier
		refuse(p.page(t, "POST", "/verify", proof))
		refuse(p.redeem(t, ada, code, secrets["the verifier"]))
		refuse(p.redeem(t, ada, code, promptVerifier))
		secrets.in(t, "the body of a refusal", refusals)
		secrets.in(t, "the log", log.String())
		secrets.in(t, "the audit log", s.auditLog(t))
		if !strings.Contains(s.auditLog(t), "prompt.proven") || !strings.Contains(log.String(), `"refused"`) {
			t.Error("nothing was recorded")
		}
		err := s.DB.Read(t.Context(), func(tx *store.Tx) error {
			row, err := tx.Prompt(servertest.A, p.id)
			secrets.in(t, "the database", fmt.Sprintf("%q", fmt.Sprint(row)))
			for name, kept := range map[string][]byte{"secret": row.SecretHash, "cookie": row.CookieHash, "code": row.CodeHash} {
				if len(kept) != 32 {
					t.Errorf("%s is kept as %q", name, kept)
				}
			}
			if row.SealedProof != nil || row.SealedLink != nil {
				t.Error("what waited is kept although the prompt is over")
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func onBothEnginesWithLog(t *testing.T, attack func(t *testing.T, s scene, log *buffer)) {
	t.Parallel()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			log := &buffer{}
			attack(t, start(t, servertest.WithEngine(engine), servertest.WithLog(log)), log)
		})
	}
}
