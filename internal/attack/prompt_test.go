package attack_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/method/social/socialtest"
	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
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
		passkeys := passkeytest.New(promptOrigin)
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
				return m{"passkey": passkeys.Get(challenge.Passkey)}
			}, "hwk"},
			{"authenticator app", func(p *prompted, v promptView) m {
				return m{"credentialId": v.of(t, "totp"), "code": app.Next()}
			}, "otp"},
			{"recovery code", func(p *prompted, v promptView) m {
				if !v.RecoveryCodes {
					t.Error("the page offers no recovery code")
				}
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
		if n := len(s.Inbox.To(ada.Email)); n == 0 || !strings.Contains(s.Inbox.To(ada.Email)[n-1].Text, "recovery code") {
			t.Error("the use of a recovery code was not told")
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
	next := challenge.Social.URL
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
		if next = to.String(); strings.HasPrefix(next, promptOrigin) {
			break
		}
	}
	back, err := url.Parse(next)
	if err != nil || !strings.HasPrefix(next, promptOrigin+"/prompt/"+servertest.A+"/"+p.id+"?") || back.Query().Get("provider") != "acme" {
		t.Fatalf("came back to %s", next)
	}
	return back.Query().Get("dynamicOauthCode"), back.Query().Get("dynamicOauthState")
}
