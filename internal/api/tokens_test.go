package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
)

const (
	tokensPath = "/api/v0/admin/service-tokens"
	writer     = serviceauth.ServiceTokensWrite
)

// TestTokensOfTokens: over the admin API nobody gets more out of a service token than was
// put into it, and a token for one environment is nothing anywhere else.
func TestTokensOfTokens(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, id := range []string{servertest.A, servertest.B} {
		c.Apply(t, servertest.Document(id, ""))
	}
	ofA := servertest.Bearer(c.ServiceToken(t, servertest.A, []string{writer, serviceauth.ServiceTokensRead, serviceauth.UsersRead,
		serviceauth.TokensConsume}, "transfer:create"))
	for name, body := range map[string]m{
		"a scope that it does not carry": {"name": "x", "environmentId": servertest.A, "scopes": []string{"users.write"}},
		"another environment":            {"name": "x", "environmentId": servertest.B, "scopes": []string{"users.read"}},
		"all environments":               {"name": "x", "scopes": []string{"users.read"}},
		"more tokens":                    {"name": "x", "environmentId": servertest.A, "scopes": []string{writer}},
		"every scope to consume":         {"name": "x", "environmentId": servertest.A, "scopes": []string{"tokens.consume"}},
		"another scope to consume": {"name": "x", "environmentId": servertest.A, "scopes": []string{"tokens.consume"},
			"tokenScopes": []string{"wallet:export"}},
	} {
		if r := c.Do(t, "POST", tokensPath, ofA, body); r.Status != 403 || r.Member("code") != "insufficient_service_scope" {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
	for name, body := range map[string]m{
		"no name":           {"environmentId": servertest.A, "scopes": []string{"users.read"}},
		"a name with lines": {"name": "x\u001b[2J\ny", "environmentId": servertest.A, "scopes": []string{"users.read"}},
		"a long name":       {"name": strings.Repeat("x", 201), "environmentId": servertest.A, "scopes": []string{"users.read"}},
		"no such scope":     {"name": "x", "environmentId": servertest.A, "scopes": []string{"users.raed"}},
		"no life":           {"name": "x", "environmentId": servertest.A, "scopes": []string{"users.read"}, "lifeSeconds": -1},
		"a life too long":   {"name": "x", "environmentId": servertest.A, "scopes": []string{"users.read"}, "lifeSeconds": int64(1) << 62},
	} {
		if r := c.Do(t, "POST", tokensPath, ofA, body); r.Status != 400 {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
	made := c.Do(t, "POST", tokensPath, ofA, m{"name": "child", "environmentId": servertest.A, "scopes": []string{"users.read"}}).
		Want(t, 200, "")
	child := servertest.Bearer(made.Member("token"))
	c.Do(t, "GET", "/api/v0/admin/environments/"+servertest.A+"/users", child, nil).Want(t, 200, "")
	c.Do(t, "GET", "/api/v0/admin/environments/"+servertest.B+"/users", child, nil).Want(t, 403, "insufficient_service_scope")
	c.Do(t, "POST", tokensPath, child, m{"name": "x", "environmentId": servertest.A, "scopes": []string{"users.read"}}).
		Want(t, 403, "insufficient_service_scope")

	list := c.Do(t, "GET", tokensPath, ofA, nil).Want(t, 200, "")
	text := string(list.Body)
	if strings.Contains(text, "stp_") || strings.Contains(text, servertest.B) || !strings.Contains(text, `"child"`) {
		t.Errorf("the list: %s", text)
	}
	ofB := servertest.Bearer(c.ServiceToken(t, servertest.B, []string{writer}))
	revoke := tokensPath + "/" + made.Member("id") + "/revoke"
	c.Do(t, "POST", revoke, ofB, nil).Want(t, 404, "not_found")
	c.Do(t, "GET", "/api/v0/admin/environments/"+servertest.A+"/users", child, nil).Want(t, 200, "")
	c.Do(t, "POST", revoke, ofA, nil).Want(t, 204, "")
	c.Do(t, "GET", "/api/v0/admin/environments/"+servertest.A+"/users", child, nil).Want(t, 401, "invalid_service_token")
	c.Do(t, "POST", revoke, ofA, nil).Want(t, 404, "not_found")
}

// TestOneEnvironmentIsNotAll: what is about all environments is refused to a token for
// one, whatever it carries.
func TestOneEnvironmentIsNotAll(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, id := range []string{servertest.A, servertest.B} {
		c.Apply(t, servertest.Document(id, ""))
	}
	every := []string{}
	for _, scope := range serviceauth.Scopes {
		if scope != serviceauth.EnvironmentsDelete {
			every = append(every, scope)
		}
	}
	ofA := servertest.Bearer(c.ServiceToken(t, servertest.A, every))
	for _, r := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/audit", nil},
		{"POST", "/audit/exports", m{}},
		{"POST", "/environments", m{"name": "Mine"}},
		{"POST", "/environments", m{"name": "Mine", "from": servertest.A}},
		{"GET", "/environments/" + servertest.B + "/deletion", nil},
		{"GET", "/environments/" + servertest.B + "/calls", nil},
		{"POST", "/environments/" + servertest.B + "/audit/exports", m{}},
		{"POST", "/environments/" + servertest.A + "/delete", m{"name": "Test"}}, // nor is weakening deleting
	} {
		c.Do(t, r.method, "/api/v0/admin"+r.path, ofA, r.body).Want(t, 403, "insufficient_service_scope")
	}
	reader := servertest.Bearer(c.ServiceToken(t, "", []string{serviceauth.EnvironmentsWrite}))
	c.Do(t, "POST", "/api/v0/admin/environments", reader, m{"name": "Copy", "from": servertest.A}).
		Want(t, 403, "insufficient_service_scope")
}

// TestAddressesInTheLog: whoever may read the log alone is not told what users are known
// by now.
func TestAddressesInTheLog(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.Apply(t, servertest.Document(servertest.A, ""))
	alice := c.SignIn(t, servertest.A, "alice@example.com")
	for scopes, told := range map[string]bool{"audit.read": false, "audit.read users.read": true} {
		header := servertest.Bearer(c.ServiceToken(t, "", strings.Fields(scopes)))
		for _, path := range []string{"/audit", "/environments/" + servertest.A + "/audit"} {
			page := c.Do(t, http.MethodGet, "/api/v0/admin"+path+"?userId="+alice.UserID, header, nil).Want(t, 200, "")
			if got := strings.Contains(string(page.Body), alice.Email); got != told {
				t.Errorf("%s at %s: %s", scopes, path, page.Body)
			}
		}
		c.Do(t, http.MethodGet, "/api/v0/admin/audit?userId=nobody", header, nil).Want(t, 404, "not_found")
	}
}
