package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/operator/operatortest"
	"github.com/stepup-auth/stepup/internal/store"
)

// send sends a form as a page of the console does.
func send(t *testing.T, c http.Handler, path string, form url.Values) *http.Response {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	c.ServeHTTP(w, req)
	return w.Result()
}

// An environment from its making to its end: each step as its forms take it.
func TestEnvironmentLife(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	for _, form := range []url.Values{{}, {"name": {" "}}, {"name": {"New"}, "origin": {"no origin"}}} {
		if got := send(t, c, Root+"environments", form); got.StatusCode != 422 || !strings.Contains(body(t, got), `role="alert"`) {
			t.Errorf("%v: %d", form, got.StatusCode)
		}
	}
	made := send(t, c, Root+"environments", url.Values{"name": {"Shop"}, "origin": {"https://shop.example.com"}})
	at := regexp.MustCompile(`^/console/e/[0-9a-f-]{36}/`).FindString(made.Header.Get("Location"))
	if made.StatusCode != 303 || at == "" {
		t.Fatalf("%d to %s", made.StatusCode, made.Header.Get("Location"))
	}
	if text := body(t, call(t, c, "GET", at+"developers", nil)); !strings.Contains(text, "https://shop.example.com") {
		t.Error("its page does not name its origin")
	}

	// Nothing is saved before it was seen what it does.
	change := url.Values{"name": {"Shop, EU"}, "origins": {"https://shop.example.com\r\nhttps://shop.example.eu"}}
	seen := body(t, send(t, c, at+"settings", change))
	if !strings.Contains(seen, "This is what will change") || !strings.Contains(seen, "shop.example.eu") ||
		!strings.Contains(seen, "weakens") {
		t.Error("the effect is not shown first")
	}
	if text := body(t, call(t, c, "GET", at+"settings", nil)); strings.Contains(text, "shop.example.eu") {
		t.Error("it was saved before it was seen")
	}
	change.Set("seen", "yes")
	if got := send(t, c, at+"settings", change); got.StatusCode != 303 {
		t.Errorf("saving: %d", got.StatusCode)
	}
	saved := body(t, call(t, c, "GET", at+"settings", nil))
	if !strings.Contains(saved, "shop.example.eu") || !strings.Contains(saved, "Shop, EU") {
		t.Error("it was not saved")
	}

	copied := send(t, c, Root+"environments", url.Values{"name": {"Copy"}, "from": {strings.Split(at, "/")[3]}})
	if text := body(t, call(t, c, "GET", copied.Header.Get("Location"), nil)); !strings.Contains(text, "shop.example.eu") {
		t.Error("the copy has other settings")
	}

	if text := body(t, call(t, c, "GET", at+"settings/delete", nil)); !strings.Contains(text, "Type <strong>Shop, EU</strong>") {
		t.Error("it is not said what goes")
	}
	if got := send(t, c, at+"settings/delete", url.Values{"typed": {"Shop"}}); got.StatusCode != 422 {
		t.Errorf("with another name: %d", got.StatusCode)
	}
	if got := send(t, c, at+"settings/delete", url.Values{"typed": {"Shop, EU"}}); got.StatusCode != 303 {
		t.Errorf("deleting: %d", got.StatusCode)
	}
	if got := call(t, c, "GET", at+"settings", nil); got.StatusCode != 404 {
		t.Errorf("afterwards: %d", got.StatusCode)
	}
}

// A weaker rule asks for the step-up, and a stricter one does not.
func TestSettingsAskForAProof(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	at := Root + "e/" + previewEnvironment + "/settings"
	weaker := url.Values{"seen": {"yes"}, "name": {"Acme Pay"}, "origins": {"https://app.example.com https://evil.example"}}
	if got := send(t, c, at, weaker); got.Header.Get("Location") != Root+"step-up" {
		t.Errorf("weaker: %d to %q", got.StatusCode, got.Header.Get("Location"))
	}
	if text := body(t, call(t, c, "GET", at, nil)); strings.Contains(text, "evil.example") {
		t.Error("the origin was added without a proof")
	}
	if got := send(t, c, at, url.Values{"seen": {"yes"}, "name": {"Acme Pay"}}); got.Header.Get("Location") != at {
		t.Errorf("stricter: %d to %q", got.StatusCode, got.Header.Get("Location"))
	}
}

// A token can be given no more than its maker may do, whatever the form says; it is shown
// once; and one of another environment cannot be revoked from here.
func TestTokens(t *testing.T) {
	developer := operator.Operator{ID: "d", Email: "dev@example.com",
		Grants: []operator.Grant{{EnvironmentID: previewEnvironment, Role: operator.Developer}}}
	c := previewed(t, canneds{operator: developer, elevates: true})
	enlist(t, c, developer)
	at := Root + "e/" + previewEnvironment + "/developers"
	got := send(t, c, at+"/tokens", url.Values{"name": {"all"}, "scope": {"users.write"}, "life": {"720h"}})
	if got.StatusCode != 422 {
		t.Errorf("a developer gives users.write: %d", got.StatusCode)
	}
	empty := body(t, call(t, c, "GET", at+"/tokens/new", nil))
	if regexp.MustCompile(`type="checkbox"[^>]* checked`).MatchString(empty) {
		t.Error("something is given that nobody chose")
	}
	form := url.Values{"name": {"guard"}, "scope": {"tokens.consume", "users.write"}, "life": {"720h"}, "once": fields(empty)["once"]}
	if got := send(t, c, at+"/tokens", form); got.StatusCode != 422 {
		t.Errorf("it may spend, and nobody said what: %d", got.StatusCode)
	}
	form.Set("consume", "wallet:sign")
	made := send(t, c, at+"/tokens", form)
	text := regexp.MustCompile(`stp_[A-Z2-7]{40,}`).FindString(body(t, made))
	if made.StatusCode != 200 || text == "" {
		t.Fatalf("making one: %d", made.StatusCode)
	}
	if again := send(t, c, at+"/tokens", form); again.StatusCode != 409 || !strings.Contains(body(t, again), "shown once") {
		t.Errorf("reloading the page with the token: %d", again.StatusCode)
	}
	page := body(t, call(t, c, "GET", at, nil))
	if strings.Contains(page, text) || !strings.Contains(page, "guard") || strings.Contains(page, "users.write") ||
		!strings.Contains(page, "wallet:sign") {
		t.Error("the page shows the token again, or not what it may do")
	}
	id := regexp.MustCompile(`/tokens/([0-9a-f-]{36})/revoke`).FindStringSubmatch(page)[1]
	owner := previewedAs(c, canneds{operator: ada, elevates: true})
	elsewhere := Root + "e/2e8c4b1d-2222-4f0c-9d0e-2f6f7e1b3a12/developers/tokens/" + id + "/revoke"
	if got := send(t, owner, elsewhere, nil); got.StatusCode != 404 {
		t.Errorf("revoked from another environment: %d", got.StatusCode)
	}
	if got := send(t, c, at+"/tokens/"+id+"/revoke", nil); got.StatusCode != 303 {
		t.Errorf("revoking: %d", got.StatusCode)
	}
	if strings.Contains(body(t, call(t, c, "GET", at, nil)), "guard</") {
		t.Error("the token is still listed")
	}
}

// enlist makes an operator of the preview one of the store, where their roles are read again.
func enlist(t testing.TB, c *Console, o operator.Operator) {
	t.Helper()
	err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := operator.Ensure(operatortest.Host, tx, operatortest.URL, false); err != nil {
			return err
		}
		if err := tx.InsertUser(store.UserRow{ID: o.ID, EnvironmentID: environment.Operators}); err != nil {
			return err
		}
		for _, g := range o.Grants {
			if err := tx.PutGrant(store.GrantRow{OperatorID: o.ID, EnvironmentID: g.EnvironmentID, Role: string(g.Role)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// previewedAs is a console on the same database for others.
func previewedAs(c *Console, v visitors) *Console { return build(c.Config, v) }

// What somebody else saved meanwhile is not undone by a form that was made before, and
// what was typed is kept.
func TestSavingOverAnothersChange(t *testing.T) {
	for path, forms := range map[string][2]url.Values{
		"settings": {
			{"name": {"Acme Pay"}, "origins": {""}},
			{"name": {"Typed by the slow one"}, "origins": {"https://app.example.com"}},
		},
		"delivery/templates/step_up/en": {
			{"subject": {"The quick words"}},
			{"subject": {"Typed by the slow one"}},
		},
	} {
		c := previewed(t, canneds{operator: ada, elevates: true})
		at := Root + "e/" + previewEnvironment + "/" + path
		page := body(t, call(t, c, "GET", at, nil))
		shown := fields(page).Get("revision")
		if shown == "" {
			t.Fatalf("%s: the form has no revision: %s", path, page)
		}
		for _, form := range forms {
			form.Set("revision", shown)
			form.Set("seen", "yes")
		}
		if got := send(t, c, at, forms[0]); got.StatusCode != 303 {
			t.Fatalf("%s: the first one: %d", path, got.StatusCode)
		}
		got := send(t, c, at, forms[1])
		text := body(t, got)
		if got.StatusCode != 409 || !strings.Contains(text, "Typed by the slow one") || !strings.Contains(text, "changed meanwhile") {
			t.Errorf("%s: the second one: %d", path, got.StatusCode)
		}
		forms[1].Set("revision", fields(text).Get("revision")) // it was told
		if got := send(t, c, at, forms[1]); got.StatusCode != 303 {
			t.Errorf("%s: once more: %d", path, got.StatusCode)
		}
	}
}
