package attack_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/method/external/externaltest"
	"github.com/stepup-auth/stepup/internal/method/social/socialtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// D5: members that nobody reads may be written in any case, as other logins do;
// those that are read may stand there in one case only.
func TestD5NamesThatDifferInCase(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, issuer := s.logins(t)
	signIn := func(payload string) int {
		now, text := s.Now().Unix(), strings.NewReplacer("$iss", externaltest.ISS, "$aud", externaltest.AUD)
		claims, _ := json.Marshal(map[string]any{"iss": "$iss", "aud": "$aud", "sub": "ada", "iat": now, "exp": now + 200})
		whole := text.Replace(strings.TrimSuffix(string(claims), "}") + "," + payload + "}")
		return s.Do(t, "POST", sdk("/externalAuth/signin"), nil, m{"jwt": issuer.SignText(t, "ES256", whole)}).Status
	}
	for payload, want := range map[string]int{
		`"Roles":["a"],"roles":["b"]`: 200, `"user":{"ID":1,"id":2,"Sub":"x","sub":"y"}`: 200, `"list":[{"Name":1,"name":2}]`: 200,
		`"tenantId":"t","tenantid":"t"`: 200, `"Sub":"eve"`: 422, `"ſub":"eve"`: 422, `"AUD":"another"`: 422, `"Exp":9999999999`: 422,
		`"roles":1,"roles":1`: 422, `"user":{"id":1,"id":2}`: 422, `"jti":"1","JTI":"2"`: 422,
	} {
		if got := signIn(payload); got != want {
			t.Errorf("%s: %d, want %d", payload, got, want)
		}
	}
}

// L18: one kid for keys of different algorithms is one key for each of them.
func TestL18OneKidForSeveralAlgorithms(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, issuer := s.logins(t)
	issuer.Share("current")
	for _, algorithm := range []string{"ES256", "RS256", "EdDSA"} {
		text := issuer.Sign(t, algorithm, externaltest.Claims(s.Now(), "ada", "", nil), m{"kid": "current"})
		s.Do(t, "POST", sdk("/externalAuth/signin"), nil, m{"jwt": text}).Want(t, 200, "")
	}
	stranger := externaltest.Start(t).Sign(t, "ES256", externaltest.Claims(s.Now(), "ada", "", nil), m{"kid": "current"})
	s.Do(t, "POST", sdk("/externalAuth/signin"), nil, m{"jwt": stranger}).Want(t, 422, "invalid_external_auth")
}

// E2: that an address was verified is said by true or "true", by whoever says it.
func TestE2VerifiedIsReadAlike(t *testing.T) {
	t.Parallel()
	s := start(t)
	provider, issuer := s.logins(t)
	emails := func(answer m) (list []string) {
		user, _ := answer["user"].(map[string]any)
		credentials, _ := user["verifiedCredentials"].([]any)
		for _, credential := range credentials {
			shown, _ := credential.(map[string]any)["oauth_emails"].([]any)
			for _, one := range shown {
				list = append(list, one.(string))
			}
		}
		return list
	}
	for mark, want := range map[string]bool{`true`: true, `"true"`: true, `false`: false, `"TRUE"`: false, `1`: false, `null`: false,
		`{}`: false} {
		for _, name := range []string{"email_verified", "emailVerified"} {
			changes := map[string]any{"email": "ada@example.com", name: json.RawMessage(mark)}
			var answer m
			text := issuer.Sign(t, "ES256", externaltest.Claims(s.Now(), name+mark, "", changes))
			s.Do(t, "POST", sdk("/externalAuth/signin"), nil, m{"jwt": text}).Want(t, 200, "").JSON(t, &answer)
			if got := emails(answer); (len(got) == 1) != want {
				t.Errorf("external %s %s shows %q", name, mark, got)
			}
		}
		var answer m
		provider.LogIn(socialtest.Person{Subject: "s" + mark, Email: "ada@example.com"})
		provider.Answer(`{"sub":`+quoted("s"+mark)+`,"email":"ada@example.com","email_verified":`+mark+`}`, "")
		state, code := s.SocialLogin(t, servertest.A, "acme", after, nil)
		s.Do(t, "POST", sdk("/providers/acme/signIn"), nil, m{"code": code, "state": state}).Want(t, 200, "").JSON(t, &answer)
		if got := emails(answer); (len(got) == 1) != want {
			t.Errorf("provider %s shows %q", mark, got)
		}
	}
}

func quoted(text string) string {
	raw, _ := json.Marshal(text)
	return string(raw)
}

// What is wrong with a JWT of another login is told in development and to service
// tokens of the environment, claim by claim, and to nobody else.
func TestFaultsOfExternalTokensAreNamed(t *testing.T) {
	t.Parallel()
	production, development := start(t), start(t, servertest.WithDevelopment())
	_, issuer := production.logins(t)
	_, developers := development.logins(t)
	now := production.Now()
	readers := map[string]string{
		"its own":     production.ServiceToken(t, servertest.A, []string{"environments.read"}),
		"!other's":    production.ServiceToken(t, servertest.B, []string{"environments.read"}),
		"!other word": production.ServiceToken(t, servertest.A, []string{"tokens.consume"}),
		"!dead":       "stp_" + strings.Repeat("a", 43),
	}
	for name, value := range map[string]any{
		"iss": externaltest.ISS + "/", "aud": "another", "sub": " ada", "exp": now.Add(-time.Hour).Unix(), "iat": "1",
		"nbf": now.Add(time.Hour).Unix(), "jti": 7, "SUB": "eve",
	} {
		claims := externaltest.Claims(now, "ada", "", m{name: value})
		ask := func(s scene, i *externaltest.Issuer, header http.Header) servertest.Response {
			return s.Do(t, "POST", sdk("/externalAuth/signin"), header, m{"jwt": i.Sign(t, "ES256", claims)}).
				Want(t, 422, "invalid_external_auth")
		}
		word := strings.ToLower(name)
		says(t, "a stranger, "+name, ask(production, issuer, nil), "not good here", "!What is wrong", "!"+externaltest.ISS)
		says(t, "development, "+name, ask(development, developers, nil), "What is wrong with it: ", word)
		for whose, text := range readers {
			want := []string{"What is wrong with it: ", word}
			if strings.HasPrefix(whose, "!") {
				want = []string{"!What is wrong"}
			}
			says(t, whose+" service token, "+name, ask(production, issuer, servertest.Bearer(text)), want...)
		}
	}

	// Stepping up, in development: the same, down to what only an assertion needs.
	var signed struct{ MinifiedJWT string }
	development.Do(t, "POST", sdk("/externalAuth/signin"), nil,
		m{"jwt": developers.Sign(t, "ES256", externaltest.Claims(now, "ada", "", nil))}).Want(t, 200, "").JSON(t, &signed)
	for name, value := range map[string]any{"jti": nil, "iat": nil, "exp": now.Add(time.Hour).Unix(), "binding_hash": "x",
		"aud": "another"} {
		text := developers.Sign(t, "ES256", externaltest.Claims(now, "ada", transfer, m{name: value}))
		refused := development.Do(t, "POST", sdk("/externalAuth/verify"), servertest.Bearer(signed.MinifiedJWT), m{"jwt": text}).
			Want(t, 422, "invalid_external_auth")
		says(t, "an assertion, "+name, refused, "What is wrong with it: ", name)
	}
}

// A provider whose issuer is written wrong is not one that is away.
func TestWrongIssuerIsNotAway(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := socialtest.Start(t, s.Now)
	s.PutSecret(t, servertest.A, "acme", socialtest.ClientSecret)
	s.Apply(t, servertest.Document(servertest.A, `redirectOrigins: ["`+servertest.Origin(servertest.A)+`"]
providers:
  - {provider: acme, issuer: "`+p.URL+`/", clientId: `+socialtest.ClientID+`, clientSecret: {file: acme}}
`))
	state := strings.Repeat("s", 43)
	s.Do(t, "POST", sdk("/providers/acme/initAuth"), nil, m{"state": state, "redirectUrl": after}).Want(t, 204, "")
	refused := s.Do(t, "GET", sdk("/providers/acme/authorize?response_type=code&state="+state), nil, nil).
		Want(t, 422, "provider_not_enabled")
	says(t, "a wrong issuer", refused, "stepup doctor says what to write", "!Try again")
}
