package server_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/server"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// browser is one that does not follow redirects by itself.
type browser struct {
	*http.Client
	t    *testing.T
	base string
}

func (b browser) get(address string) (location *url.URL, body string) {
	b.t.Helper()
	answer, err := b.Get(address)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	location, _ = answer.Location()
	return location, string(text)
}

// call sends JSON to the first environment and decodes the answer.
func (b browser) call(path, bearer string, body map[string]any, into any) int {
	b.t.Helper()
	text, _ := json.Marshal(body)
	request, err := http.NewRequestWithContext(b.t.Context(), "POST", b.base+"/api/v0/sdk/"+server.DevelopmentEnvironment+path,
		strings.NewReader(string(text)))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	answer, err := b.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	if into != nil && answer.StatusCode == http.StatusOK {
		if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
			b.t.Fatal(err)
		}
	}
	return answer.StatusCode
}

type verified struct {
	MinifiedJWT         string
	ElevatedAccessToken string
	User                struct {
		ID                  string
		VerifiedCredentials []struct {
			Format string
			Emails []string `json:"oauth_emails"`
			Name   string   `json:"oauth_display_name"`
		}
	}
}

// login goes from the app to the provider and back. choose is the text of the
// person's link, empty where no page may be shown.
func (b browser) login(bearer, choose string) (body map[string]any, problem string) {
	b.t.Helper()
	state := rand.Text()
	if status := b.call("/providers/dev/initAuth", bearer, map[string]any{"state": state, "redirectUrl": b.base + "/demo/"},
		nil); status != 204 {
		b.t.Fatalf("beginning: %d", status)
	}
	next, _ := url.Parse(b.base + "/api/v0/sdk/" + server.DevelopmentEnvironment + "/providers/dev/authorize?state=" + state)
	for range 6 {
		to, page := b.get(next.String())
		if to == nil { // the page with the people
			if choose == "" {
				b.t.Fatalf("a page was shown: %s", page)
			}
			link := regexp.MustCompile(`href="(login\?[^"]*)">` + choose).FindStringSubmatch(page)
			if link == nil {
				b.t.Fatalf("nobody is called %s on %s", choose, page)
			}
			relative, err := url.Parse(strings.ReplaceAll(link[1], "&amp;", "&"))
			if err != nil {
				b.t.Fatal(err)
			}
			to, choose = next.ResolveReference(relative), ""
		}
		if next = to; strings.HasPrefix(next.String(), b.base+"/demo/") {
			break
		}
	}
	return map[string]any{"code": next.Query().Get("dynamicOauthCode"), "state": next.Query().Get("dynamicOauthState")}, next.Query().
		Get("error")
}

// The development provider signs people in, remembers them for a sign-in, and
// asks again for a step-up, which is then known to be fresh.
func TestDevelopmentLogin(t *testing.T) {
	t.Parallel()
	listener := httptest.NewUnstartedServer(nil)
	base := "http://" + listener.Listener.Addr().String()
	made, err := server.Development{}.New(t.Context(), server.Config{
		Production: config.Production{PublicURL: base}, DB: storetest.SQLite(t), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	listener.Config.Handler = made.Handler()
	listener.Start()
	t.Cleanup(listener.Close)
	jar, _ := cookiejar.New(nil) // it never fails
	b := browser{&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, t,
		base}

	body, _ := b.login("", "Ada")
	var ada verified
	if status := b.call("/providers/dev/signIn", "", body, &ada); status != 200 {
		t.Fatalf("signing in: %d", status)
	}
	if c := ada.User.VerifiedCredentials; len(c) != 1 || c[0].Format != "oauth" || c[0].Name != "Ada Example" || len(c[0].Emails) != 1 {
		t.Errorf("credentials %+v", c)
	}
	body, _ = b.login("", "") // still logged in at the provider
	var again verified
	if status := b.call("/providers/dev/signIn", "", body, &again); status != 200 || again.User.ID != ada.User.ID {
		t.Errorf("signing in again: %d, the same user: %t", status, again.User.ID == ada.User.ID)
	}

	body, _ = b.login(ada.MinifiedJWT, "Ada") // asked again
	body["requestedScopes"] = []string{"wallet:export"}
	var stepped verified
	if status := b.call("/providers/dev/verify", ada.MinifiedJWT, body, &stepped); status != 200 {
		t.Fatalf("stepping up: %d", status)
	}
	var claims struct {
		ACR      string
		AuthTime int64 `json:"auth_time"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(stepped.ElevatedAccessToken, ".")[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.ACR != "urn:stepup:reauth" ||
		time.Since(time.Unix(claims.AuthTime, 0)) > time.Minute {
		t.Errorf("claims %s, %v", payload, err)
	}

	body, _ = b.login(ada.MinifiedJWT, "Eve") // who says that she has Ada's address
	body["requestedScopes"] = []string{"wallet:export"}
	if status := b.call("/providers/dev/verify", ada.MinifiedJWT, body, nil); status != 422 {
		t.Errorf("stepping up as somebody else: %d", status)
	}
	if _, problem := b.login(ada.MinifiedJWT, "Cancel"); problem != "access_denied" {
		t.Errorf("cancelling: %q", problem)
	}
	for _, address := range []string{
		"/dev/provider/authorize?client_id=stepup-development&response_type=code&state=s&redirect_uri=https://evil.example/redirect",
		"/dev/provider/authorize?client_id=another&response_type=code&state=s&redirect_uri=" + base + "/api/v0/sdk/x/redirect",
		"/dev/provider/login?request=unknown&person=dev-ada",
	} {
		if to, page := b.get(base + address); to != nil || strings.Contains(page, "Ada") {
			t.Errorf("%s leads to %v", address, to)
		}
	}
}

// Browsers make no passkeys for an IP address, so the demo has a name of its own.
func TestTheDemoIsOpenedUnderAName(t *testing.T) {
	for public, want := range map[string]string{
		"http://127.0.0.1:8080": "http://localhost:8080",
		"http://[::1]:8080":     "http://localhost:8080",
		"http://localhost:8080": "http://localhost:8080",
	} {
		if got := server.DemoURL(public); got != want {
			t.Errorf("the demo of %s is at %s, want %s", public, got, want)
		}
	}
}

// A folder that was made at another address is kept as it is, and said to be so.
func TestAKeptEnvironmentThatDoesNotKnowTheDemo(t *testing.T) {
	db := storetest.SQLite(t)
	for _, run := range []struct {
		public string
		warns  bool
	}{{"http://127.0.0.1:1", false}, {"http://127.0.0.1:1", false}, {"http://127.0.0.1:2", true}} {
		var log strings.Builder
		c := server.Config{Production: config.Production{PublicURL: run.public}, DB: db, Log: slog.New(slog.NewTextHandler(&log, nil))}
		if _, err := (server.Development{}).New(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if warned := strings.Contains(log.String(), "origin=http://localhost:2"); warned != run.warns {
			t.Errorf("at %s the log says: %s", run.public, log.String())
		}
	}
}
