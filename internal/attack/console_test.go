package attack_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/environment"
	desk "github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/operator/operatortest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// withConsole is a server with a console, on the API's own origin.
func withConsole() servertest.Option {
	return servertest.WithConfig(func(p *config.Production) { p.ConsoleURL = p.PublicURL })
}

// operators are the people of the server's console.
func (s scene) operators() *operatortest.World {
	return &operatortest.World{DB: s.DB, Clock: s.Clock, Desk: &desk.Desk{DB: s.DB, Now: s.Now, URL: s.URL,
		Tenants: tenant.NewRegistry(s.DB, s.URL, s.Now)}}
}

// F9: every route of the API answers of the operators' environment what it answers of
// one that does not exist, whoever asks, with whatever token.
func TestF9OperatorsEnvironmentIsNone(t *testing.T) {
	t.Parallel()
	s := start(t, withConsole())
	const unknown = "99999999-0000-4000-8000-0000000c0501"
	ada := s.SignIn(t, servertest.A, "ada@example.com")
	token := s.ServiceToken(t, "", serviceauth.Scopes)
	name, varying := regexp.MustCompile(`\{[^}]*\}`), regexp.MustCompile(`"requestId":"[^"]*"`)
	walked := 0
	for _, route := range api.Routes() {
		if !strings.Contains(route.Path, "{environmentId}") {
			continue
		}
		walked++
		for who, header := range map[string]http.Header{"nobody": nil, "a user of another": ada.Header(),
			"a service": servertest.Bearer(token)} {
			answer := func(id string) (int, string) {
				path := name.ReplaceAllString(strings.ReplaceAll(route.Path, "{environmentId}", id), unknown)
				var body any
				if route.Method != "GET" {
					body = "{}"
				}
				r := s.Do(t, route.Method, path, header, body)
				return r.Status, varying.ReplaceAllString(strings.ReplaceAll(string(r.Body), id, "ID"), "")
			}
			status, text := answer(environment.Operators)
			wantStatus, want := answer(unknown)
			if status != wantStatus || text != want {
				t.Errorf("%s at %s %s: %d %s\nwant %d %s", who, route.Method, route.Path, status, text, wantStatus, want)
			}
		}
	}
	if walked < 100 {
		t.Errorf("only %d routes were walked", walked)
	}
	yaml := servertest.Bearer(token)
	yaml.Set("Content-Type", "application/yaml")
	s.Do(t, "PUT", servertest.Admin(environment.Operators), yaml, "id: "+environment.Operators+"\nname: Mine\nsignUp: {enabled: true}\n").
		Want(t, http.StatusNotFound, "environment_not_found")
	list := s.Do(t, "GET", "/api/v0/admin/environments", servertest.Bearer(token), nil).Want(t, http.StatusOK, "")
	if strings.Contains(string(list.Body), environment.Operators) {
		t.Error("the list has it")
	}
}

// The console's cookie is worth nothing at the API, and a user's session nothing at the
// console.
func TestConsoleCookieIsNoSession(t *testing.T) {
	t.Parallel()
	s := start(t, withConsole())
	w := s.operators()
	grace := w.Join(t, "grace@example.com", desk.Grant{Role: desk.Owner})
	ada := s.SignIn(t, servertest.A, "ada@example.com")
	cookie := func(value string) http.Header { return http.Header{"Cookie": {"stepup-console=" + value}} }
	if r := s.Do(t, "GET", "/console/account", cookie(grace.Cookie), nil); r.Status != http.StatusOK {
		t.Fatalf("her own console: %d", r.Status)
	}
	for _, value := range []string{strings.TrimPrefix(ada.Header().Get("Authorization"), "Bearer "), ""} {
		if r := s.Do(t, "GET", "/console/account", cookie(value), nil); r.Status != http.StatusSeeOther {
			t.Errorf("a user's session at the console: %d", r.Status)
		}
	}
	if r := s.Do(t, "GET", "/console/account", ada.Header(), nil); r.Status != http.StatusSeeOther {
		t.Errorf("a user's bearer at the console: %d", r.Status)
	}
	both := servertest.Bearer(grace.Cookie)
	both.Set("Cookie", "stepup-console="+grace.Cookie)
	for _, path := range []string{servertest.SDK(servertest.A) + "/users", servertest.SDK(environment.Operators) + "/users",
		servertest.Admin(servertest.A)} {
		if r := s.Do(t, "GET", path, both, nil); r.Status < 400 {
			t.Errorf("the console's cookie at %s: %d", path, r.Status)
		}
	}
	for _, scope := range []string{"console:mfa:reset", "console:settings:update"} { // no SDK route mints them
		r := s.Do(t, "POST", servertest.SDK(servertest.A)+"/stepUp/check", ada.Header(), map[string]any{"scope": scope})
		if r.Status < 400 {
			t.Errorf("the SDK knows %s: %d %s", scope, r.Status, r.Body)
		}
	}
}

// A console of its own origin answers nowhere else, and nothing else answers there.
func TestConsoleOfItsOwnOrigin(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.WithConfig(func(p *config.Production) { p.ConsoleURL = "https://console.example.com" }))
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	host := func(name, path string) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if name != "" {
			request.Host = name
		}
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	for _, test := range []struct {
		host, path string
		want       int
	}{
		{"console.example.com", "/console/sign-in", 200}, {"CONSOLE.example.com:443", "/console/sign-in", 200},
		{"console.example.com", "/", 302},
		{"", "/console/sign-in", 404}, {"evil.example", "/console/sign-in", 404},
		{"console.example.com", servertest.SDK(servertest.A) + "/settings", 404}, {"console.example.com", "/healthz", 404},
		{"", "/healthz", 200},
	} {
		if got := host(test.host, test.path); got != test.want {
			t.Errorf("%s%s: %d, want %d", test.host, test.path, got, test.want)
		}
	}
}

// Without the setting there is no console.
func TestNoConsole(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Do(t, "GET", "/console/sign-in", nil, nil).Want(t, http.StatusNotFound, "not_found")
}
