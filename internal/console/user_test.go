package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// person makes a user of the preview's environment with credentials and a session.
func person(t *testing.T, c *Console, name string) (id, app, session string) {
	t.Helper()
	made, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	id, app, session = made.String(), name+"-app", name+"-session"
	err = c.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertUser(store.UserRow{ID: id, EnvironmentID: previewEnvironment, Username: name, Profile: "{}"}); err != nil {
			return err
		}
		for _, row := range []store.CredentialRow{
			{ID: name + "-mail", Format: store.FormatEmail, PublicIdentifier: name + "@example.com", SignInEnabled: true},
			{ID: name + "-phone", Format: store.FormatPhone, PublicIdentifier: "+1415555" + name, SignInEnabled: true},
			{ID: app, Format: store.FormatTOTP, PublicIdentifier: "phone"},
			{ID: name + "-wallet", Format: store.FormatBlockchain, PublicIdentifier: "0x" + name,
				Detail: account.Detail{EmbeddedWalletID: "w"}.JSON()},
		} {
			row.EnvironmentID, row.UserID, row.Identifier, row.Provenance = previewEnvironment, id, row.ID, store.ProvenanceSignUp
			if err := tx.InsertCredential(row); err != nil {
				return err
			}
		}
		return tx.InsertSession(store.SessionRow{ID: session, EnvironmentID: previewEnvironment, UserID: id,
			SignInCredentialID: name + "-mail", ExpiresAt: tx.Now().Add(day), EndsAt: tx.Now().Add(day)})
	})
	if err != nil {
		t.Fatal(err)
	}
	return id, app, session
}

// post sends a form.
func post(t *testing.T, c http.Handler, path string, form url.Values) *http.Response {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	c.ServeHTTP(w, req)
	return w.Result()
}

// Support helps people; developers and auditors look, and change nothing.
func TestWhoMayChangeUsers(t *testing.T) {
	const users = Root + "e/" + previewEnvironment + "/users"
	for role, may := range map[operator.Role]bool{operator.Owner: true, operator.Support: true, operator.Developer: false,
		operator.Auditor: false} {
		c := previewed(t, canneds{operator: operator.Operator{ID: "o", Email: "o@example.com",
			Grants: []operator.Grant{{EnvironmentID: previewEnvironment, Role: role}}}, elevates: true})
		id, app, session := person(t, c, "grace")
		if text := body(t, call(t, c, "GET", users+"?search=gra", nil)); !strings.Contains(text, id) {
			t.Errorf("%s does not find her", role)
		}
		_, page, _ := strings.Cut(body(t, call(t, c, "GET", users+"/"+id, nil)), "<main")
		if !strings.Contains(page, "grace@example.com") || strings.Contains(page, `method="post"`) != may {
			t.Errorf("%s sees her page, or its forms, otherwise than they should:\n%s", role, page)
		}
		for _, action := range []string{"/disable", "/enable", "/unlock", "/sessions/" + session + "/revoke", "/revoke-sessions",
			"/invite", "/credentials/grace-phone/unlink", "/credentials/" + app + "/settle", "/addresses", "/recover",
			"/reset-mfa", "/export", "/delete"} {
			got := post(t, c, users+"/"+id+action, url.Values{"decision": {"keep"}, "confirm": {"grace"}, "abandon": {"yes"}})
			switch {
			case !may && got.StatusCode != http.StatusForbidden:
				t.Errorf("%s may %s: %d", role, action, got.StatusCode)
			case may && got.StatusCode == http.StatusForbidden && !strings.Contains(body(t, got), "second_operator_needed"):
				t.Errorf("%s may not %s", role, action)
			}
		}
		err := c.DB.Read(t.Context(), func(tx *store.Tx) error {
			_, err := tx.User(previewEnvironment, id)
			return err
		})
		if (err == nil) == may {
			t.Errorf("%s: she is there: %v", role, err == nil)
		}
	}
}

// Deciding a dispute takes a factor away, or lets one in: it needs a fresh proof.
func TestSettlingIsDangerous(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	id, app, _ := person(t, c, "grace")
	got := post(t, c, Root+"e/"+previewEnvironment+"/users/"+id+"/credentials/"+app+"/settle", url.Values{"decision": {"remove"}})
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != Root+"step-up" {
		t.Errorf("%d to %q", got.StatusCode, got.Header.Get("Location"))
	}
}

// Each action does what it says, leads back to where it is seen, and names the operator in
// the audit log.
func TestUserActions(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	second := operator.Operator{ID: "b", Email: "bob@example.com", Grants: ada.Grants} // who resets what ada decided about
	id, app, session := person(t, c, "grace")
	path := Root + "e/" + previewEnvironment + "/users/" + id
	at := func(what, who string) func(*store.Tx) bool {
		return func(tx *store.Tx) bool {
			rows, err := tx.AuditOfUser(previewEnvironment, id, previewNow.AddDate(100, 0, 0), "", 1)
			return err == nil && len(rows) == 1 && rows[0].Action == what && rows[0].Actor == "operator:"+who
		}
	}
	dispute := func() {
		t.Helper()
		if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
			return tx.DisputeCredential(previewEnvironment, id, app, tx.Now(), "")
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		action string
		form   url.Values
		to     string
		said   string
		first  func()
	}{
		{"/unlock", nil, path, "user.unlocked", nil},
		{"/sessions/" + session + "/revoke", nil, path + "#sessions", "session.revoked", nil},
		{"/revoke-sessions", nil, path + "#sessions", "sessions.revoked", nil},
		{"/credentials/grace-phone/unlink", nil, path + "#credentials", "credential.unlinked", nil},
		{"/credentials/" + app + "/settle", url.Values{"decision": {"keep"}}, path, "credential.settled", dispute},
		{"/reset-mfa", nil, path + "#mfa", "user.mfa_reset", nil},
		{"/disable", nil, path, "user.disabled", nil},
		{"/enable", nil, path, "user.enabled", nil},
		{"/delete", url.Values{"confirm": {"grace@example.com"}, "abandon": {"yes"}}, strings.TrimSuffix(path, "/"+id),
			"user.deleted", nil},
	} {
		if step.first != nil {
			step.first()
		}
		as, by := c, ada.ID
		if step.action == "/reset-mfa" {
			as, by = previewedAs(c, canneds{operator: second, elevates: true}), second.ID
		}
		got := post(t, as, path+step.action, step.form)
		if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != step.to || len(got.Cookies()) == 0 {
			t.Errorf("%s: %d to %q\n%s", step.action, got.StatusCode, got.Header.Get("Location"), body(t, got))
		}
		err := c.DB.Read(t.Context(), func(tx *store.Tx) error {
			if !at(step.said, by)(tx) {
				t.Errorf("%s: the newest entry is not %s of this operator", step.action, step.said)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := call(t, c, "GET", path, nil); got.StatusCode != http.StatusNotFound {
		t.Errorf("the page of nobody: %d", got.StatusCode)
	}
}

// What cannot be done says why; what is dangerous asks for a step-up; and a person's data
// is a file.
// Each action does what it says, leads back to where it is seen, and names the operator in
// the audit log.
func TestUserActionsRefuse(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	id, _, _ := person(t, c, "grace")
	users := Root + "e/" + previewEnvironment + "/users"
	for _, step := range []struct {
		path   string
		form   url.Values
		status int
		says   string
	}{
		{"/" + id + "/delete", url.Values{"confirm": {"somebody"}, "abandon": {"yes"}}, 422, "This is not the name of the user"},
		{"/" + id + "/delete", url.Values{"confirm": {"grace"}}, 422, "abandoned"},
		{"/" + id + "/credentials/nothing/unlink", nil, 404, "no credential with this id"},
		{"/" + id + "/credentials/grace-app/settle", url.Values{"decision": {"perhaps"}}, 400, "Decide"},
		{"/0193c7de-0000-7f0e-8a55-7d6a0f1f2b11/disable", nil, 404, "There is nothing here"},
	} {
		got := post(t, c, users+step.path, step.form)
		if text := body(t, got); got.StatusCode != step.status || !strings.Contains(text, step.says) {
			t.Errorf("%s: %d\n%s", step.path, got.StatusCode, text)
		}
	}
	for _, path := range []string{"?after=%27", "?state=locked"} {
		if got := call(t, c, "GET", users+path, nil); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
	export := post(t, c, users+"/"+id+"/export", nil)
	if text := body(t, export); export.StatusCode != 200 || !strings.Contains(export.Header.Get("Content-Disposition"), "user-"+id) ||
		!strings.Contains(text, "grace@example.com") {
		t.Errorf("the export: %d %v", export.StatusCode, export.Header)
	}
	for _, scoped := range []struct {
		action string
		scope  stepup.Scope
	}{{"/reset-mfa", scopeMFA}, {"/delete", scopeUser}} {
		c.visitors = canneds{operator: ada}
		if got := post(t, c, users+"/"+id+scoped.action, nil); got.Header.Get("Location") != Root+"step-up" {
			t.Errorf("%s asks for nothing: %d", scoped.action, got.StatusCode)
		}
	}
}

// A user is made by the form, invited, and seen; what is wrong with the form is said on it.
func TestCreateUser(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	users := Root + "e/" + previewEnvironment + "/users"
	form := url.Values{"email": {" Grace@example.com"}, "username": {"grace"}, "firstName": {markup}, "invite": {"yes"}}
	got := post(t, c, users, form)
	to := got.Header.Get("Location")
	if got.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, users+"/") {
		t.Fatalf("%d to %q\n%s", got.StatusCode, to, body(t, got))
	}
	page := body(t, call(t, c, "GET", to, nil))
	for _, want := range []string{"Nobody has signed in as this user yet", "Grace@example.com", "an operator said so", "user.invited"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "<img") {
		t.Error("a name is markup")
	}
	log := Root + "e/" + previewEnvironment + "/audit?user=" + strings.TrimPrefix(to, users+"/")
	other, _, _ := person(t, c, "hedy")
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
		return audit.Record(tx, audit.By{Actor: "system", EnvironmentID: previewEnvironment, UserID: other}, "user.frowned", nil)
	}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page, `href="`+log+`"`) {
		t.Error("no link leads to all that happened")
	}
	if text := body(t, call(t, c, "GET", log, nil)); !strings.Contains(text, "user.invited") || strings.Contains(text, "user.frowned") {
		t.Error("the link leads to something else than what happened to this user")
	}
	if again := post(t, c, users, form); again.StatusCode != http.StatusUnprocessableEntity ||
		!strings.Contains(body(t, again), "Another user has Grace@example.com.") {
		t.Errorf("twice: %d", again.StatusCode)
	}
	if got := post(t, c, to+"/invite", nil); got.Header.Get("Location") != to {
		t.Errorf("inviting again: %d", got.StatusCode)
	}
}
