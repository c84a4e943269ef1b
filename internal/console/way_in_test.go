package console

import (
	"encoding/base64"
	"html"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/operator/operatortest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// browser is one without JavaScript: it follows nothing by itself, keeps the one cookie,
// and sends forms.
type browser struct {
	t       *testing.T
	console http.Handler
	cookie  string
}

// opened is a console whose operators are in sessions, as they are in production.
func opened(t testing.TB) (*operatortest.World, *Console) {
	t.Helper()
	clock := &storetest.Clock{}
	w := operatortest.New(t, storetest.SQLite(t, storetest.WithClock(clock)), clock)
	c := New(Config{
		DB: w.DB, Now: w.Now, Tenants: w.Desk.Tenants, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		RequestID:  func(*http.Request) string { return "REQUEST" },
		ClientAddr: func(*http.Request) string { return "192.0.2.7" },
		PublicURL:  "https://auth.example.com", Secrets: environment.Secrets{}, Operators: func() []string { return nil },
	}, w.Desk)
	return w, c
}

func (b *browser) send(method, path string, form url.Values, header map[string]string) *http.Response {
	b.t.Helper()
	req := httptest.NewRequestWithContext(b.t.Context(), method, operatortest.URL+path, strings.NewReader(form.Encode()))
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if b.cookie != "" {
		req.AddCookie(&http.Cookie{Name: "__Host-stepup-console", Value: b.cookie})
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	b.console.ServeHTTP(w, req)
	answer := w.Result()
	for _, c := range answer.Cookies() {
		if c.Name != "__Host-stepup-console" {
			continue
		}
		if !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
			b.t.Errorf("the cookie is %s", c.Raw)
		}
		b.cookie = c.Value
	}
	return answer
}

func (b *browser) get(path string) (*http.Response, string) {
	b.t.Helper()
	answer := b.send("GET", path, nil, nil)
	return answer, body(b.t, answer)
}

func (b *browser) post(path string, form url.Values) (*http.Response, string) {
	b.t.Helper()
	answer := b.send("POST", path, form, nil)
	return answer, body(b.t, answer)
}

// leads fails unless the answer leads there.
func (b *browser) leads(answer *http.Response, to string) {
	b.t.Helper()
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != to {
		b.t.Fatalf("%d to %q, want %s", answer.StatusCode, answer.Header.Get("Location"), to)
	}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// fields are the hidden fields of the forms of a page.
func fields(page string) url.Values {
	form := url.Values{}
	for _, found := range hidden.FindAllStringSubmatch(page, -1) {
		form.Add(found[1], found[2])
	}
	return form
}

// The way in without JavaScript: an invitation, an app, out, and in again.
func TestWayIn(t *testing.T) {
	t.Parallel()
	w, c := opened(t)
	b := &browser{t: t, console: c}
	secret := w.Invite(t, "ada@example.com", operator.Grant{Role: operator.Owner})
	for range 3 { // whoever previews links uses nothing up
		if answer, _ := b.get("/console/invitation"); answer.StatusCode != http.StatusOK || b.cookie != "" {
			t.Fatalf("%d, cookie %q", answer.StatusCode, b.cookie)
		}
	}
	answer, _ := b.post("/console/invitation", url.Values{"secret": {operatortest.URL + "/console/invitation#" + secret}})
	b.leads(answer, "/console/enrol")
	for _, path := range []string{"/console/", "/console/environments", "/console/operators", "/console/account"} {
		answer, _ := b.get(path) // nothing else until the factor is there
		b.leads(answer, "/console/enrol")
	}
	_, page := b.post("/console/enrol/app", url.Values{})
	form := fields(page)
	ada := w.Keep("ada@example.com", "", form.Get("secret"))
	form.Set("code", "000 000")
	if answer, again := b.post("/console/enrol/app/confirm", form); answer.StatusCode != http.StatusUnprocessableEntity ||
		!strings.Contains(again, form.Get("secret")) {
		t.Errorf("a wrong code: %d, or the secret is gone", answer.StatusCode)
	}
	form.Set("code", ada.Code())
	before := b.cookie
	answer, _ = b.post("/console/enrol/app/confirm", form)
	b.leads(answer, "/console/")
	if b.cookie == before {
		t.Error("F6: the cookie is the same after the factor")
	}
	if answer, text := b.get("/console/account"); answer.StatusCode != http.StatusOK || !strings.Contains(text, "ada@example.com") {
		t.Errorf("her account: %d", answer.StatusCode)
	}

	in := b.cookie
	answer, _ = b.post("/console/sign-out", nil)
	b.leads(answer, "/console/sign-in")
	b.cookie = in
	answer, _ = b.get("/console/account")
	b.leads(answer, "/console/sign-in?to=%2Fconsole%2Faccount")

	b.cookie = ""
	_, page = b.post("/console/sign-in", url.Values{"email": {"ada@example.com"}, "to": {"/console/account"}})
	form = fields(page)
	form.Set("code", w.MailedCode(t, "ada@example.com"))
	planted := &browser{t: t, console: c, cookie: "planted"}
	answer, _ = planted.post("/console/sign-in/code", form)
	planted.leads(answer, "/console/sign-in/factor?to=%2Fconsole%2Faccount")
	if planted.cookie == "planted" {
		t.Error("F6: a cookie of before the sign-in is taken over")
	}
	half := planted.cookie
	answer, _ = planted.get("/console/account")
	planted.leads(answer, "/console/sign-in/factor?to=%2Fconsole%2Faccount")
	answer, _ = planted.post("/console/sign-in/factor", url.Values{"code": {ada.Code()}, "to": {"/console/account"}})
	planted.leads(answer, "/console/account")
	if planted.cookie == half {
		t.Error("F6: the cookie is the same after the second factor")
	}
}

// Whoever has no factor yet sets one up on the way, and what was typed waits: all of it, and
// nothing else. It goes on here and nowhere else.
func TestEnrolOnTheWay(t *testing.T) {
	t.Parallel()
	const invite = "/console/operators/invite"
	for at, want := range map[string]string{invite: invite, "https://evil.example/": "/console/"} {
		w, c := opened(t)
		b := &browser{t: t, console: c}
		secret := w.Invite(t, "ada@example.com", operator.Grant{Role: operator.Owner})
		b.post("/console/invitation", url.Values{"secret": {operatortest.URL + "/console/invitation#" + secret}})
		_, page := b.post("/console/enrol", url.Values{"to": {"/console/operators"}, fieldAction: {at}, fieldMethod: {"POST"},
			fieldKept + "email": {hostile}, fieldKept + "scope": {"a", "b"}, fieldKept + "secret": {"typed"}, "planted": {"x"}})
		_, form, _ := strings.Cut(page, `action="/console/enrol/app"`)
		_, page = b.post("/console/enrol/app", unescaped(fields(form)))
		set := unescaped(fields(page))
		ada := w.Keep("ada@example.com", "", set.Get("secret"))
		set.Set("code", ada.Code())
		answer, page := b.post("/console/enrol/app/confirm", set)
		kept := url.Values{"email": {hostile}, "scope": {"a", "b"}, "secret": {"typed"}}
		if got := unescaped(fields(page)); answer.StatusCode != http.StatusOK || !maps.EqualFunc(got, kept, slices.Equal) ||
			!strings.Contains(page, `method="post" action="`+want+`"`) {
			t.Errorf("%s: %d with %v, want %v\n%s", at, answer.StatusCode, got, kept, page)
		}
		if answer, _ := b.get("/console/account"); answer.StatusCode != http.StatusOK {
			t.Errorf("her account: %d", answer.StatusCode)
		}
	}
}

// unescaped are fields as a browser reads them.
func unescaped(form url.Values) url.Values {
	for _, values := range form {
		for i := range values {
			values[i] = html.UnescapeString(values[i])
		}
	}
	return form
}

// Nobody learns from the page of the code whether an address is an operator's.
func TestSignInTellsNobody(t *testing.T) {
	t.Parallel()
	w, c := opened(t)
	w.Join(t, "ada@example.com", operator.Grant{Role: operator.Owner})
	pages := map[string]string{}
	for _, email := range []string{"ada@example.com", "eve@example.com"} {
		b := &browser{t: t, console: c}
		answer, page := b.post("/console/sign-in", url.Values{"email": {email}})
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d", email, answer.StatusCode)
		}
		page = strings.ReplaceAll(page, email, "EMAIL")
		pages[email] = strings.ReplaceAll(page, fields(page).Get("challenge"), "CHALLENGE")
	}
	if pages["ada@example.com"] != pages["eve@example.com"] {
		t.Error("the pages differ")
	}
}

// A dangerous action waits in the form while its operator proves that it is them, and is
// then done as it was typed. Nothing that was typed is in an address.
func TestDetour(t *testing.T) {
	t.Parallel()
	w, c := opened(t)
	ada := w.Join(t, "ada@example.com", operator.Grant{Role: operator.Owner})
	b := &browser{t: t, console: c, cookie: ada.Cookie}
	typed := url.Values{"email": {`"<b>"bob@example.com`}, "role": {"auditor"}}
	answer, page := b.post("/console/operators/invite", typed)
	if answer.StatusCode != http.StatusForbidden || strings.Contains(page, "<b>") {
		t.Fatalf("%d, or what was typed is markup", answer.StatusCode)
	}
	typed.Set("email", "bob@example.com")
	_, page = b.post("/console/operators/invite", typed)
	form := fields(page)
	if form.Get("email") != "bob@example.com" || form.Get("role") != "auditor" ||
		form.Get("_step_up_action") != "/console/operators/invite" {
		t.Fatalf("kept: %v", form)
	}
	form.Set("code", "000000")
	if answer, again := b.post("/console/step-up", form); answer.StatusCode != http.StatusForbidden ||
		fields(again).Get("email") != "bob@example.com" {
		t.Errorf("a wrong code: %d, or what was typed is gone", answer.StatusCode)
	}
	if len(w.Mail(t, "bob@example.com")) != 0 {
		t.Fatal("bob is invited without a proof")
	}
	form.Set("code", ada.Code())
	before := b.cookie
	answer, _ = b.post("/console/step-up", form)
	if answer.StatusCode != http.StatusTemporaryRedirect || answer.Header.Get("Location") != "/console/operators/invite" ||
		b.cookie == before {
		t.Fatalf("%d to %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	answer, _ = b.post("/console/operators/invite", form) // as browsers do after 307
	b.leads(answer, "/console/operators")
	if mail := w.Mail(t, "bob@example.com"); len(mail) != 1 || strings.Contains(page, "invitation#") {
		t.Errorf("%d mails to bob", len(mail))
	}
	bob := w.Join(t, "carol@example.com", operator.Grant{Role: operator.Owner})
	other := &browser{t: t, console: c, cookie: bob.Cookie}
	if answer, _ := other.post("/console/operators/invite", typed); answer.StatusCode != http.StatusForbidden {
		t.Errorf("one operator's proof does for another: %d", answer.StatusCode)
	}
	for _, action := range []string{"https://evil.example/", "//evil.example/console/", `/console/\evil.example`, "/api/v0/x",
		"javascript:x"} {
		form.Set("_step_up_action", action)
		answer, _ := b.post("/console/step-up", form)
		if to := answer.Header.Get("Location"); to != "" && to != "/console/" {
			t.Errorf("%s leads to %s", action, to)
		}
	}
}

// Pages of other sites can neither sign anybody in nor out, nor show the console.
func TestOtherSites(t *testing.T) {
	t.Parallel()
	w, c := opened(t)
	mallory := w.Invite(t, "mallory@example.com", operator.Grant{Role: operator.Auditor})
	ada := w.Join(t, "ada@example.com", operator.Grant{Role: operator.Owner})
	for path, form := range map[string]url.Values{
		"/console/invitation": {"secret": {mallory}}, "/console/sign-in": {"email": {"mallory@example.com"}}, "/console/sign-out": {},
		"/console/step-up/prompt": {}, "/console/operators/invite": {"email": {"mallory@example.com"}, "role": {"owner"}},
	} {
		b := &browser{t: t, console: c, cookie: ada.Cookie}
		for _, header := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"},
			{"Origin": "null"}} {
			answer := b.send("POST", path, form, header)
			if answer.StatusCode != http.StatusForbidden || b.cookie != ada.Cookie {
				t.Errorf("F5: %s with %v: %d", path, header, answer.StatusCode)
			}
		}
	}
	ada.Visit(t) // still there
	for _, path := range []string{"/console/sign-in", "/console/invitation", "/console/account"} {
		b := &browser{t: t, console: c, cookie: ada.Cookie}
		answer, _ := b.get(path)
		if !strings.Contains(answer.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") ||
			answer.Header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("F5: %s can be framed", path)
		}
	}
	two := httptest.NewRequestWithContext(t.Context(), "GET", operatortest.URL+"/console/account", nil)
	two.Header.Set("Cookie", "__Host-stepup-console="+ada.Cookie+"; __Host-stepup-console=planted")
	answered := httptest.NewRecorder()
	c.ServeHTTP(answered, two)
	if answered.Code != http.StatusSeeOther {
		t.Errorf("two cookies of the name: %d", answered.Code)
	}
}

// Losing the role ends what it showed with the next request, and an operator of one
// environment learns nothing of another one.
func TestRoleGone(t *testing.T) {
	t.Parallel()
	w, c := opened(t)
	const shop, bank = "5b000000-55d0-4f0c-9d0e-2f6f7e1b3a10", "ba000000-55d0-4f0c-9d0e-2f6f7e1b3a10"
	w.Environment(t, shop)
	w.Environment(t, bank)
	ada := w.Join(t, "ada@example.com", operator.Grant{EnvironmentID: shop, Role: operator.Owner})
	bob := w.Join(t, "bob@example.com", operator.Grant{EnvironmentID: bank, Role: operator.Owner})
	b := &browser{t: t, console: c, cookie: ada.Cookie}
	if answer, page := b.get("/console/e/" + shop + "/members"); answer.StatusCode != http.StatusOK || strings.Contains(page, "bob@") {
		t.Errorf("her members: %d", answer.StatusCode)
	}
	_, there := b.get("/console/e/" + bank + "/members")
	_, unknown := b.get("/console/e/" + strings.Replace(bank, "ba", "cc", 1) + "/members")
	if answer, _ := b.get("/console/e/" + bank + "/members"); answer.StatusCode != http.StatusNotFound || there != unknown {
		t.Errorf("F9: another environment answers %d, or otherwise than none", answer.StatusCode)
	}
	ada.Elevate(t, scopeMember)
	b.cookie = ada.Cookie
	id := bob.Visit(t).ID
	for _, action := range []string{"/role", "/remove"} {
		answer, _ := b.post("/console/e/"+shop+"/members/"+id+action, url.Values{"role": {"auditor"}})
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("F9: %s of an operator of another environment: %d", action, answer.StatusCode)
		}
	}
	if v := bob.Visit(t); !v.May(operator.MembersWrite, bank) {
		t.Error("his role is gone")
	}
	w.Write(t, func(tx *store.Tx) error {
		return operator.SetRole(operatortest.Host, tx, operator.Host{}, ada.Visit(t).ID,
			operator.Grant{EnvironmentID: shop, Role: operator.Auditor})
	})
	answer, _ := b.post("/console/e/"+shop+"/members/invite", url.Values{"email": {"x@example.com"}, "role": {"owner"}})
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("C8: with a role that is gone: %d", answer.StatusCode)
	}
	w.Write(t, func(tx *store.Tx) error {
		return operator.Remove(operatortest.Host, tx, operator.Host{}, ada.Visit(t).ID, shop)
	})
	answer, _ = b.get("/console/e/" + shop + "/members")
	b.leads(answer, "/console/sign-in?to="+url.QueryEscape("/console/e/"+shop+"/members"))
}

// An operator ends sessions of their own, and of nobody else.
func TestOwnSessions(t *testing.T) {
	t.Parallel()
	w, c := opened(t)
	ada := w.Join(t, "ada@example.com", operator.Grant{Role: operator.Owner})
	bob := w.Join(t, "bob@example.com", operator.Grant{Role: operator.Auditor})
	b := &browser{t: t, console: c, cookie: bob.Cookie}
	if answer, _ := b.post("/console/account/sessions/"+ada.Visit(t).Session.ID+"/end", nil); answer.StatusCode != http.StatusNotFound {
		t.Errorf("somebody else's: %d", answer.StatusCode)
	}
	ada.Visit(t)
	answer, _ := b.post("/console/account/sessions/"+bob.Visit(t).Session.ID+"/end", nil)
	b.leads(answer, "/console/account")
	answer, _ = b.get("/console/account")
	b.leads(answer, "/console/sign-in?to=%2Fconsole%2Faccount")
}

// C8: every role at every row of the table, here and elsewhere: what the role does not
// allow is refused before the row's handler runs.
func TestEveryRoleAtEveryRoute(t *testing.T) {
	const elsewhere, unknown = "2e8c4b1d-2222-4f0c-9d0e-2f6f7e1b3a12", "99999999-55d0-4f0c-9d0e-2f6f7e1b3a10"
	name := regexp.MustCompile(`\{[^}]*\}`)
	at := func(path, environmentID string) string {
		path = strings.ReplaceAll(strings.TrimSuffix(path, "{$}"), "{environmentId}", environmentID)
		return name.ReplaceAllString(path, "00000000-0000-4000-8000-000000000000")
	}
	strip := func(text, id string) string { return strings.ReplaceAll(text, id, "ID") }
	rows := 0
	nobody := previewed(t, canneds{})
	for _, row := range append(nobody.routes(), (&sessions{}).routes()...) {
		if row.permission == everybody {
			continue
		}
		got := call(t, nobody, row.method, at(row.path, previewEnvironment), nil)
		if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != Root+"sign-in" {
			t.Errorf("nobody at %s %s: %d", row.method, row.path, got.StatusCode)
		}
	}
	for _, role := range operator.Roles {
		for _, where := range []string{operator.Everywhere, previewEnvironment} {
			o := operator.Operator{ID: "o", Email: "o@example.com", Grants: []operator.Grant{{EnvironmentID: where, Role: role}}}
			c := previewed(t, canneds{operator: o})
			for _, row := range append(c.routes(), (&sessions{}).routes()...) {
				if row.permission == everybody || row.permission == operators {
					continue
				}
				rows++
				of := operator.Everywhere
				if strings.Contains(row.path, "{environmentId}") {
					of = previewEnvironment
				}
				got := 0
				if may := o.May(row.permission, of); !may || row.scope != "" { // no handler runs
					got = call(t, c, row.method, at(row.path, previewEnvironment), nil).StatusCode
					if want := map[bool]int{true: http.StatusSeeOther, false: http.StatusForbidden}[may]; got != want {
						t.Errorf("%s of %q at %s %s: %d, want %d", role, where, row.method, row.path, got, want)
					}
				}
				if where == operator.Everywhere || of == operator.Everywhere {
					continue
				}
				cost := func(environmentID string) (*http.Response, store.Counts) {
					before := c.DB.Counts()
					got := call(t, c, row.method, at(row.path, environmentID), nil)
					return got, c.DB.Counts().Sub(before)
				}
				other, itCosts := cost(elsewhere)
				none, noneCosts := cost(unknown)
				if itCosts != noneCosts {
					t.Errorf("F9: %s %s of another environment asks the store %+v; of none %+v", row.method, row.path, itCosts, noneCosts)
				}
				if other.StatusCode != http.StatusNotFound || strip(body(t, other), elsewhere) != strip(body(t, none), unknown) {
					t.Errorf("F9: %s of one environment at %s %s of another: %d", role, row.method, row.path, other.StatusCode)
				}
			}
		}
	}
	if rows < 100 {
		t.Errorf("only %d rows were walked", rows)
	}
}

const watched = "aaaaaaaa-0000-4000-8000-000000000001"

// A page that keeps itself as it is now does not keep the session of somebody who went away.
func TestLivePageIsNoUse(t *testing.T) {
	w, c := opened(t)
	w.Environment(t, watched)
	b := &browser{t: t, console: c, cookie: w.Join(t, "ada@example.com", operator.Grant{Role: operator.Owner}).Cookie}
	for range 9 * 60 {
		w.Clock.Advance(61 * time.Second)
		b.send("GET", Root+"e/"+watched+"/audit?live=1", nil, map[string]string{unwatched: "1"})
	}
	if answer, _ := b.get(Root + "account"); answer.StatusCode == http.StatusOK {
		t.Error("signed in after nine hours in which only the page's script asked")
	}
}

// What no database keeps is the asker's mistake, wherever it is in a request.
func TestUnreadableText(t *testing.T) {
	w, c := opened(t)
	w.Environment(t, watched)
	b := &browser{t: t, console: c, cookie: w.Join(t, "ada@example.com", operator.Grant{Role: operator.Owner}).Cookie}
	for _, path := range []string{"audit?user=%00", "audit?token=%00", "audit?after=1_%00", "audit/%00", "users/%00", "users/%ff",
		"members?after=%ff", "audit?%00=1", "audit?user=%zz"} {
		if answer, _ := b.get(Root + "e/" + watched + "/" + path); answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
	for _, name := range []string{"a\x00b", "\xff"} {
		if answer, _ := b.post(Root+"e/"+watched+"/settings", url.Values{"name": {name}}); answer.StatusCode != http.StatusBadRequest {
			t.Errorf("a form with %q: %d", name, answer.StatusCode)
		}
	}
}

// Another host of the domain cannot put words into the console's mouth.
func TestPlantedFlash(t *testing.T) {
	_, c := opened(t)
	b := &browser{t: t, console: c}
	text := base64.RawURLEncoding.EncodeToString([]byte("Your account is locked. Call +1 202 555 0100."))
	const name = "stepup-console-flash="
	for _, planted := range []string{name + text, "__Host-" + name + "eA; __Host-" + name + text} {
		answer := b.send("GET", Root+"sign-in", nil, map[string]string{"Cookie": planted})
		if strings.Contains(body(t, answer), "Your account is locked") {
			t.Errorf("the sign-in page shows the planted notice of %s", planted)
		}
	}
}
