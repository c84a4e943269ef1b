package console

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

const (
	inSecurity = inPreview + "security"
	legacy     = Root + "e/2e8c4b1d-2222-4f0c-9d0e-2f6f7e1b3a12/" // the preview's environment at the older version
)

// inForce is the document of the preview's environment, and its revision.
func inForce(t *testing.T, c *Console) (document string, revision int64) {
	t.Helper()
	if err := c.DB.Read(t.Context(), func(tx *store.Tx) error {
		row, err := tx.Environment(previewEnvironment)
		document, revision = row.Document, row.Revision
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return document, revision
}

// proposed are the fields that the form which makes a change posts.
func proposed(t *testing.T, page string) url.Values {
	t.Helper()
	_, form, ok := strings.Cut(page, `/security/apply">`)
	if !ok {
		t.Fatalf("no form makes the change:\n%s", page)
	}
	values := url.Values{}
	for _, m := range regexp.MustCompile(`(?s)<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(form, -1) {
		values.Set(m[1], unescape(m[2]))
	}
	if m := regexp.MustCompile(`(?s)<textarea name="document"[^>]*>\n(.*?)</textarea>`).FindStringSubmatch(form); m != nil {
		values.Set("document", unescape(m[1]))
	}
	return values
}

func unescape(s string) string {
	return strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&#43;", "+", "&amp;", "&").Replace(s)
}

// A change is shown with its effect, and made by the form below it. What only strengthens
// needs no step-up.
func TestSecurityChange(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	typed := url.Values{
		"was:mfa.actions[wallet.waas.sign].required": {"false"}, "set:mfa.actions[wallet.waas.sign].required": {"false", "true"},
		"was:mfa.methods[totp].enabled": {"false"}, "set:mfa.methods[totp].enabled": {"false", "true"},
		"was:signUp.enabled": {"true"}, "set:signUp.enabled": {"false", "true"}, // as it was
	}
	seen := send(t, c, inSecurity+"/preview", typed)
	page := body(t, seen)
	if seen.StatusCode != 200 || !strings.Contains(page, "wallet:sign") || !strings.Contains(page, "weakens anything") ||
		strings.Contains(page, "signUp") {
		t.Fatalf("%d: %s", seen.StatusCode, page)
	}
	if document, _ := inForce(t, c); strings.Contains(document, "waas") {
		t.Fatal("it was made before it was confirmed")
	}
	if made := send(t, c, inSecurity+"/apply", proposed(t, page)); made.Header.Get("Location") != inSecurity {
		t.Errorf("%d to %q: %s", made.StatusCode, made.Header.Get("Location"), body(t, made))
	}
	if document, revision := inForce(t, c); !strings.Contains(document, "wallet.waas.sign") || revision != 2 {
		t.Errorf("revision %d:\n%s", revision, document)
	}
	for path, want := range map[string]string{
		"security": "WaaS Sign", "security/document": "/security/document/revisions/2",
		"security/document/revisions/1": "going back changes",
		"security/scopes/wallet:sign":   "urn:stepup:phr", "security/document/export": "wallet.waas.sign", "version": "2026_04_01",
	} {
		if got := call(t, c, "GET", inPreview+path, nil); got.StatusCode != 200 || !strings.Contains(body(t, got), want) {
			t.Errorf("%s: %d without %q", path, got.StatusCode, want)
		}
	}
	if got := call(t, c, "GET", inSecurity+"/scopes/console:settings:update", nil); got.StatusCode != 404 {
		t.Errorf("a scope of operators: %d", got.StatusCode)
	}
}

// Whichever form a weaker rule comes by, and beside whatever stricter one, it is not made
// without a step-up of the scope that it needs.
func TestNoWayAroundTheStepUp(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	allowing := previewedAs(c, canneds{operator: ada, elevates: true})
	plain, _ := inForce(t, c)
	weak := plain + "redirectOrigins: [https://evil.example]\n"
	for _, document := range []string{weak, plain} { // so that there is something to go back to
		if got := send(t, allowing, inSecurity+"/apply", url.Values{"document": {document}}); got.StatusCode != 303 {
			t.Fatalf("%d: %s", got.StatusCode, body(t, got))
		}
	}
	before, revision := inForce(t, c)
	for name, form := range map[string]url.Values{
		"a field":              {"set:signUp.enabled": {"false"}, "add:origins": {"https://evil.example"}},
		"a line":               {"lines": {"signUp.enabled=false\norigins[https://evil.example]"}},
		"a line taken away":    {"lines": {"-createdAtVersion\nsessions.idle=24h"}},
		"a document":           {"document": {plain + "signUp: {enabled: false}\nlimits: {codeAttempts: 12}\n"}},
		"a document in JSON":   {"document": {`{"id": "` + previewEnvironment + `", "name": "Evil"}`}},
		"a revert":             {"revert": {"2"}},
		"a revert and a lie":   {"revert": {"2"}, "lines": {"signUp.enabled=false"}},
		"a login":              {"lines": {"providers[google].clientId=x"}},
		"a compatibility":      {"add:compatibility": {"update-user"}},
		"a name in the middle": {"lines": {"name=Evil"}},
	} {
		form.Set("revision", strconv.FormatInt(revision, 10))
		if got := send(t, c, inSecurity+"/apply", form); got.Header.Get("Location") != Root+"step-up" {
			t.Errorf("%s: %d to %q: %s", name, got.StatusCode, got.Header.Get("Location"), body(t, got))
		}
		if after, now := inForce(t, c); after != before || now != revision {
			t.Fatalf("%s changed the document:\n%s", name, after)
		}
	}
	accept := url.Values{"version": {"2026_04_01"}, "typed": {"2026_04_01"}}
	if got := send(t, c, legacy+"version/accept", accept); got.Header.Get("Location") != Root+"step-up" {
		t.Errorf("accepting: %d", got.StatusCode)
	}
	for _, role := range []operator.Role{operator.Support, operator.Auditor} {
		reader := previewedAs(c, canneds{elevates: true, operator: operator.Operator{ID: "r", Email: "r@example.com",
			Grants: []operator.Grant{{EnvironmentID: previewEnvironment, Role: role}}}})
		for _, path := range []string{"security/preview", "security/apply", "security/document/import", "version/accept"} {
			if got := send(t, reader, inPreview+path, url.Values{"lines": {"signUp.enabled=false"}}); got.StatusCode != 403 {
				t.Errorf("%s posts to %s: %d", role, path, got.StatusCode)
			}
		}
		if got := call(t, reader, "GET", inSecurity, nil); got.StatusCode != 200 ||
			strings.Contains(body(t, got), "See what this changes") {
			t.Errorf("%s reads: %d", role, got.StatusCode)
		}
	}
}

// Two operators change the environment at once: the second is told, sees what the change
// does on top of the first, and types nothing twice.
func TestSecondOperatorIsTold(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	first := proposed(t, body(t, send(t, c, inSecurity+"/preview", url.Values{"lines": {"signUp.enabled=false"}})))
	second := proposed(t, body(t, send(t, c, inSecurity+"/preview", url.Values{"lines": {"sessions.idle=5m"}})))
	document, _ := inForce(t, c)
	whole := proposed(t, body(t, send(t, c, inSecurity+"/preview", url.Values{"document": {document + "sessions: {idle: 7m}\n"}})))
	if got := send(t, c, inSecurity+"/apply", first); got.StatusCode != 303 {
		t.Fatalf("%d: %s", got.StatusCode, body(t, got))
	}
	for name, form := range map[string]url.Values{"5m": second, "7m": whole} {
		told := body(t, send(t, c, inSecurity+"/apply", form))
		if !strings.Contains(told, "changed meanwhile") || !strings.Contains(told, "operator:"+ada.ID) || !strings.Contains(told, name) {
			t.Fatalf("not told: %s", told)
		}
		if _, revision := inForce(t, c); revision != 2 {
			t.Errorf("revision %d", revision)
		}
		// A whole document would take the other change back, which is shown as what it is.
		if name == "7m" && !strings.Contains(told, "unknown addresses become users") {
			t.Error("what is taken back is not shown")
		}
		proposed(t, told) // the form is there again
	}
	told := body(t, send(t, c, inSecurity+"/apply", url.Values{"lines": {"sessions.idle=5m"}, "revision": {"1"}}))
	if got := send(t, c, inSecurity+"/apply", proposed(t, told)); got.StatusCode != 303 {
		t.Errorf("%d", got.StatusCode)
	}
	if document, _ := inForce(t, c); !strings.Contains(document, "5m") || !strings.Contains(document, "signUp") {
		t.Errorf("one of the two is lost:\n%s", document)
	}
}

// What cannot be applied comes back as it was typed, with what is wrong with it.
func TestSecurityTypedWrong(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	got := send(t, c, inSecurity+"/preview", url.Values{"document": {"id: " + previewEnvironment + "\r\nname: Acme\r\norgins: []\r\n"}})
	if page := body(t, got); got.StatusCode != 422 || !strings.Contains(page, "Line 3") || !strings.Contains(page, "orgins: []") {
		t.Errorf("a document: %d: %s", got.StatusCode, page)
	}
	for _, line := range []string{"signUp.enbled=false", "mfa.actions[wallet.waas.sign].tokenExpirySeconds=301",
		"minApiVersion=2026_01_01"} {
		got := send(t, c, inSecurity+"/preview", url.Values{"lines": {line}})
		if page := body(t, got); got.StatusCode != 422 || !strings.Contains(page, line) || !strings.Contains(page, `role="alert"`) {
			t.Errorf("%s: %d: %s", line, got.StatusCode, page)
		}
	}
	if got := send(t, c, inSecurity+"/preview", url.Values{}); got.Header.Get("Location") != inSecurity {
		t.Errorf("nothing: %d", got.StatusCode)
	}
	if got := call(t, c, "GET", inSecurity+"/document/revisions/99", nil); got.StatusCode != 404 {
		t.Errorf("no revision: %d", got.StatusCode)
	}
	// A file comes into the editor, as text.
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, _ := form.CreateFormFile("file", "env.yaml")
	_, _ = part.Write([]byte("name: </textarea><script>alert(1)</script>"))
	form.Close()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, inSecurity+"/document/import", &b)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	c.ServeHTTP(w, req)
	if page := w.Body.String(); w.Code != 200 || !strings.Contains(page, "&lt;script&gt;alert(1)") ||
		strings.Contains(page, "<script>alert(1)") {
		t.Errorf("a file: %d: %s", w.Code, page)
	}
}

// The version is accepted when it was typed, and goes back where the environment began
// older.
func TestVersionAccept(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	accept := func(version, typed string) *http.Response {
		return send(t, c, legacy+"version/accept", url.Values{"version": {version}, "typed": {typed}})
	}
	if page := body(t, call(t, c, "GET", legacy+"version", nil)); !strings.Contains(page, "must be fully updated first") ||
		!strings.Contains(page, "Type <strong>2026_04_01") {
		t.Errorf("the page: %s", page)
	}
	if got := accept("2026_04_01", "yes"); got.StatusCode != 422 || !strings.Contains(body(t, got), "Nothing was changed") {
		t.Errorf("typed otherwise: %d", got.StatusCode)
	}
	if got := accept("tomorrow", "tomorrow"); got.StatusCode != 400 {
		t.Errorf("no version: %d", got.StatusCode)
	}
	if got := accept("2026_04_01", "2026-04-01"); got.StatusCode != 303 {
		t.Errorf("typed: %d: %s", got.StatusCode, body(t, got))
	}
	if page := body(t, call(t, c, "GET", legacy+"version", nil)); !strings.Contains(page, "Go back to 2026_01_01") {
		t.Errorf("no way back: %s", page)
	}
	if got := accept("2026_01_01", "2026_01_01"); got.StatusCode != 303 {
		t.Errorf("back: %d: %s", got.StatusCode, body(t, got))
	}
	// One that began at the newest cannot.
	back := url.Values{"version": {"2026_01_01"}, "typed": {"2026_01_01"}}
	if got := send(t, c, inPreview+"version/accept", back); got.StatusCode != 422 || !strings.Contains(body(t, got), "cannot go back") {
		t.Errorf("a new environment goes back: %d", got.StatusCode)
	}
}

// A user is added to the rehearsal and taken out of it by the same forms as any change;
// adding ends what a credential without proof opened, and nothing else.
func TestRehearsal(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	const environmentID, userID = "2e8c4b1d-2222-4f0c-9d0e-2f6f7e1b3a12", "0193c7de-6f55-7f0e-8a55-7d6a0f1f2b13"
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertUser(store.UserRow{ID: userID, EnvironmentID: environmentID, Profile: "{}"}); err != nil {
			return err
		}
		for id, provenance := range map[string]string{"proven": store.ProvenanceSignUp, "unproven": store.ProvenanceNothing} {
			if err := tx.InsertCredential(store.CredentialRow{ID: id, EnvironmentID: environmentID, UserID: userID,
				Format: store.FormatEmail, Identifier: id, PublicIdentifier: id, Provenance: provenance, SignInEnabled: true}); err != nil {
				return err
			}
			if err := tx.InsertSession(store.SessionRow{ID: id, EnvironmentID: environmentID, UserID: userID, SignInCredentialID: id,
				ExpiresAt: tx.Now().Add(day), EndsAt: tx.Now().Add(day)}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	ended := func(id string) bool {
		err := c.DB.Read(t.Context(), func(tx *store.Tx) error {
			_, err := tx.LiveSession(environmentID, id)
			return err
		})
		return errors.Is(err, store.ErrNotFound)
	}
	made := func(form url.Values) string {
		form.Set("back", "version")
		seen := body(t, send(t, c, legacy+"security/preview", form))
		if got := send(t, c, legacy+"security/apply", proposed(t, seen)); got.Header.Get("Location") != legacy+"version" {
			t.Fatalf("%d to %q: %s", got.StatusCode, got.Header.Get("Location"), body(t, got))
		}
		return body(t, call(t, c, "GET", legacy+"version", nil))
	}
	if ended("proven") || ended("unproven") {
		t.Fatal("a session has ended before")
	}
	if page := made(url.Values{"add:rehearsal.users": {userID}}); !strings.Contains(page, "Remove "+userID+" from the rehearsal") ||
		!strings.Contains(page, "ends their sessions") {
		t.Errorf("added: %s", page)
	}
	if ended("proven") || !ended("unproven") {
		t.Errorf("the proven session ended: %v, the unproven: %v", ended("proven"), ended("unproven"))
	}
	if page := made(url.Values{"remove": {"rehearsal.users[" + userID + "]"}}); strings.Contains(page, userID) {
		t.Errorf("taken out: %s", page)
	}
}
