package console

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// call sends one request to a console.
func call(t *testing.T, c http.Handler, method, path string, header map[string]string) *http.Response {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, req)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every answer forbids frames, scripts of others and text as markup, whatever it is.
func TestHeaders(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	for _, path := range []string{Root, Root + "environments", Root + "nowhere", Root + "assets/none.js"} {
		h := call(t, c, "GET", path, nil).Header
		for name, want := range map[string]string{
			"Content-Security-Policy": "require-trusted-types-for 'script'", "X-Frame-Options": "DENY",
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		} {
			if !strings.Contains(h.Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %s", path, policy)
		}
	}
}

// A form on another site's page reaches no handler.
func TestAnotherSitesForm(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	for _, header := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
	} {
		if got := call(t, c, "POST", "http://auth.example.com"+Root+"environments", header).StatusCode; got != http.StatusForbidden {
			t.Errorf("with %v it is %d", header, got)
		}
	}
}

// Whoever has no grant for an environment learns nothing of whether it exists.
func TestUnseenIsUnknown(t *testing.T) {
	elsewhere := operator.Operator{ID: "o", Email: "eve@example.com",
		Grants: []operator.Grant{{EnvironmentID: "2e8c4b1d-2222-4f0c-9d0e-2f6f7e1b3a12", Role: operator.Owner}}}
	c := previewed(t, canneds{operator: elsewhere})
	strip := func(text, id string) string { return strings.ReplaceAll(text, id, "ID") }
	const unknown = "99999999-55d0-4f0c-9d0e-2f6f7e1b3a10"
	for _, page := range []string{"overview", "settings", "developers", "settings/delete"} {
		there := call(t, c, "GET", Root+"e/"+previewEnvironment+"/"+page, nil)
		not := call(t, c, "GET", Root+"e/"+unknown+"/"+page, nil)
		if there.StatusCode != http.StatusNotFound || strip(body(t, there), previewEnvironment) != strip(body(t, not), unknown) {
			t.Errorf("%s: %d, or another answer than for an environment that does not exist", page, there.StatusCode)
		}
	}
	list := body(t, call(t, c, "GET", Root+"environments", nil))
	if strings.Contains(list, previewEnvironment) || strings.Contains(list, "Acme") {
		t.Error("the list names an environment that the operator may not see")
	}
}

// rows of a table for tests, below a console that has them.
func tabled(t *testing.T, v visitors, rows ...route) http.Handler {
	c := previewed(t, v)
	mux := http.NewServeMux()
	for _, r := range rows {
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, req *http.Request) { c.serve(w, req, r) })
	}
	return mux
}

// The permission and the scope of a row are asked for before its handler runs, and in
// the transaction of its writing again.
func TestRowsAreGuarded(t *testing.T) {
	ran, wrote := 0, 0
	handle := func(r *request) (answer, error) {
		ran++
		r.visitors = canneds{operator: ada} // the elevated token is gone meanwhile
		if err := r.write(func(*store.Tx) error { wrote++; return nil }); err != nil {
			return nil, err
		}
		return redirect(Root, "Done.")
	}
	const path = inEnvironment + "act"
	at := Root + "e/" + previewEnvironment + "/act"
	auditor := operator.Operator{ID: "a", Grants: []operator.Grant{{Role: operator.Auditor}}}
	for _, test := range []struct {
		name       string
		who        canneds
		permission operator.Permission
		scope      string
		status     int
		to         string
		ran, wrote int
	}{
		{"nobody", canneds{}, operator.EnvironmentsRead, "", 303, Root + "sign-in", 0, 0},
		{"may not", canneds{operator: auditor}, operator.EnvironmentsWrite, "", 403, "", 0, 0},
		{"may", canneds{operator: ada}, operator.EnvironmentsWrite, "", 303, Root, 1, 1},
		{"no token", canneds{operator: ada}, operator.EnvironmentsWrite, "console:mfa:reset", 303, Root + "step-up", 0, 0},
		{"token gone", canneds{operator: ada, elevates: true}, operator.EnvironmentsWrite, "console:mfa:reset", 303,
			Root + "step-up", 1, 0},
	} {
		ran, wrote = 0, 0
		h := tabled(t, test.who, route{"POST", path, test.permission, stepup.Scope(test.scope), handle, nil})
		got := call(t, h, "POST", at, nil)
		if got.StatusCode != test.status || got.Header.Get("Location") != test.to || ran != test.ran || wrote != test.wrote {
			t.Errorf("%s: %d to %q, ran %d times and wrote %d times", test.name, got.StatusCode, got.Header.Get("Location"), ran, wrote)
		}
	}
}

// What an action says is shown on the next page, once, as text.
func TestFlash(t *testing.T) {
	w := httptest.NewRecorder()
	c := previewed(t, canneds{operator: ada})
	c.leaveFlash(w, "<b>Revoked</b>")
	cookie := w.Result().Cookies()[0]
	if cookie.Name != "__Host-stepup-console-flash" || cookie.Path != "/" || !cookie.Secure || !cookie.HttpOnly {
		t.Errorf("another host of the domain can plant it: %v", cookie)
	}
	first := call(t, c, "GET", Root+"environments", map[string]string{"Cookie": cookie.Name + "=" + cookie.Value})
	if text := body(t, first); !strings.Contains(text, "&lt;b&gt;Revoked&lt;/b&gt;") {
		t.Error("the page does not say it, or as markup")
	}
	if gone := first.Cookies(); len(gone) != 1 || gone[0].MaxAge >= 0 {
		t.Errorf("the cookie stays: %v", gone)
	}
}
