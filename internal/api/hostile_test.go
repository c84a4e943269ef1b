package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// hostile sends what no client would, with credentials that open every gate, so
// that the handlers themselves have to cope.
type hostile struct {
	*client
	t        *testing.T
	user     *servertest.Session
	service  string
	elevated string
	wallets  string // elevated for those
	prompt   string // open in the browser that has the cookie
	cookie   string
	document *openapi3.T
}

// What reaches the store runs on both engines, because they refuse different
// things: NUL and bytes that are not UTF-8 are errors to PostgreSQL only.
func TestHostile(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromData(api.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := start(t, servertest.WithEngine(engine), servertest.WithWallets(&servertest.Wallets{}))
			c.Apply(t, servertest.Document(servertest.A, servertest.WalletsOn+`
  methods: [{type: totp, enabled: true}]
prompt: {redirectUris: ["http://localhost/"]}`))
			h := &hostile{client: c, t: t, document: document, user: c.SignIn(t, servertest.A, "alice@example.com"),
				service: c.ServiceToken(t, "", serviceauth.Scopes)}
			h.elevated = c.StepUp(t, h.user, "credential:link", "credential:unlink", "credential:update", "user:update")
			h.wallets = c.StepUp(t, h.user, walletScopes...)
			h.open()
			attacks := []func(*hostile, door.Route){(*hostile).members, (*hostile).ids, (*hostile).queries, (*hostile).headers}
			if engine == store.SQLite { // these do not get as far as the store
				attacks = append(attacks, (*hostile).bodies, (*hostile).mediaTypes, (*hostile).methods)
			}
			for _, attack := range attacks {
				for _, r := range api.Routes() {
					attack(h, r)
				}
			}
			c.Do(t, "GET", h.user.Path("/users"), h.user.Header(), nil).Want(t, 200, "")
		})
	}
}

// open makes a prompt and opens it.
func (h *hostile) open() {
	at := servertest.SDK(servertest.A) + "/stepUp/prompts"
	made := h.Do(h.t, "POST", at, h.user.Header(), m{"requestedScopes": []string{"user:update"}, "redirectUri": "http://localhost/",
		"state": strings.Repeat("s", 16), "codeChallenge": strings.Repeat("c", 43), "codeChallengeMethod": "S256", "enrol": true}).
		Want(h.t, 200, "")
	h.prompt = made.Member("promptId")
	_, secret, _ := strings.Cut(made.Member("url"), "#")
	opened := h.Do(h.t, "POST", at+"/"+h.prompt+"/open", http.Header{"Origin": {h.URL}}, m{"secret": secret}).Want(h.t, 200, "")
	h.cookie, _, _ = strings.Cut(opened.Header.Get("Set-Cookie"), ";")
}

// header opens the route's gate.
func (h *hostile) header(r door.Route) http.Header {
	switch r.Gate.Kind {
	case door.ServiceGate:
		return servertest.Bearer(h.service)
	case door.PromptGate:
		return http.Header{"Origin": {h.URL}, "Cookie": {h.cookie}}
	case door.PublicGate:
		if r.PromptPage {
			return http.Header{"Origin": {h.URL}}
		}
		if r.OptionalSession {
			return h.user.Header()
		}
		return http.Header{}
	}
	if r.Operation {
		return h.user.Header(h.wallets) // single-use, but no wallet is the user's
	}
	return h.user.Header(h.elevated)
}

func (h *hostile) path(r door.Route) string { return at(r.Path, h.places(r)) }

// places are what stands in a path: administration happens to another
// environment, so that what it does not refuse does not disturb the rest.
func (h *hostile) places(r door.Route) map[string]string {
	p := map[string]string{"environmentId": servertest.A, "userId": "unknown", "credentialId": "unknown", "walletId": "unknown",
		"promptId": h.prompt}
	if strings.HasPrefix(r.Path, door.Admin) {
		p["environmentId"] = servertest.B
	}
	return p
}

// closing routes would end the session, or the prompt, when an attack lets them through.
func closing(r door.Route) bool {
	return ends(r) || r.Method == "DELETE" || strings.HasSuffix(r.Path, "/cancel")
}

// some is the list for the first route of each kind of gate, and its beginning
// for the others: they share the code that reads headers and addresses.
func some[T any](r door.Route, list []T) []T {
	first := slices.IndexFunc(api.Routes(), func(o door.Route) bool { return o.Gate.Kind == r.Gate.Kind && o.Device == r.Device })
	if found := api.Routes()[first]; found.Method == r.Method && found.Path == r.Path {
		return list
	}
	return list[:min(3, len(list))]
}

// attempt is a request to a route, with the path and the header of a good one unless it
// has its own.
type attempt struct {
	path   string
	header http.Header
	body   any
}

// refused sends a request that must be refused.
func (h *hostile) refused(r door.Route, what string, a attempt, codes ...string) {
	h.t.Helper()
	if a.path == "" {
		a.path = h.path(r)
	}
	if a.header == nil {
		a.header = h.header(r)
	}
	answer := h.send(h.t, r, a.path, a.header, a.body)
	if answer.Status < 400 || answer.Status >= 500 || len(codes) > 0 && !slices.Contains(codes, answer.Code) {
		h.t.Errorf("%s %s with %s: %d %s, want %v\n%.300s", r.Method, a.path, what, answer.Status, answer.Code, codes, answer.Body)
	}
}

// survived sends a request that may be refused or not; send checks the answer.
func (h *hostile) survived(r door.Route, path string, header http.Header, body any) {
	h.send(h.t, r, path, header, body)
}

var malformed = map[string]string{
	"nothing": "", "spaces": "  ", "cut off": "{", "only a quote": `{"`, "null": "null", "list": "[]", "text": `"x"`, "number": "1",
	"true": "true", "two values": "{}{}", "trailing text": "{} x", "trailing comma": `{"a":1,}`, "single quotes": "{'a':1}",
	"comment": "{/**/}", "NaN": `{"a":NaN}`,
	"duplicate": `{"a":1,"a":2}`, "NUL": `{"a":"\u0000"}`, "NUL name": `{"\u0000":1}`, "raw NUL": "{\"a\":\"\x00\"}",
	"not UTF-8": "{\"a\":\"\xff\xfe\"}", "overlong": "{\"a\":\"\xc0\xaf\"}", "UTF-16": "\xff\xfe{\x00}\x00", "BOM": "\ufeff{}",
	"XML": "<a/>", "form": "a=b&c=d", "deep lists": `{"a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + "}",
	"very deep": strings.Repeat("[", 30000), "deep objects": strings.Repeat(`{"a":`, 10000) + "1" + strings.Repeat("}", 10000),
}

// documents are no environment documents, among them those that cost a careless
// YAML reader its memory.
var documents = map[string]string{
	"nothing": "", "null": "null", "list": "[]", "text": "x", "number": "1", "NUL": "id: \"a\x00\"", "escaped NUL": `id: "\0"`,
	"not UTF-8": "id: \xff\xfe", "tab": "\tid: x",
	"deep": strings.Repeat("[", 20000), "deep maps": strings.Repeat("{a: ", 9000), "two": "id: a\n---\nid: b\n",
	"tag":    "!!python/object/apply:os.system [id]",
	"binary": "id: !!binary aGVsbG8=", "merge": "<<: *x", "recursive": "a: &a [*a]", "cycle": "id: &a {b: *a}",
	"timestamp": "id: 2026-01-01", "billion laughs": "a: &a [x,x,x,x,x,x,x,x,x]\n" + laughs() + "id: *h\n",
}

func laughs() string {
	var b strings.Builder
	for c := 'b'; c <= 'h'; c++ {
		p := string(c - 1)
		fmt.Fprintf(&b, "%c: &%c [*%s]\n", c, c, strings.Repeat(p+",*", 8)+p)
	}
	return b.String()
}

func (h *hostile) bodies(r door.Route) {
	if r.Document {
		for name, body := range documents {
			h.refused(r, name, attempt{body: body}, "invalid_environment_document")
		}
		h.refused(r, "a huge document", attempt{body: "name: " + strings.Repeat("x", 300<<10)}, "body_too_large")
		return
	}
	huge := `{"a":"` + strings.Repeat("x", 80<<10) + `"}`
	if !r.Handler.HasRequest() {
		if !closing(r) {
			h.survived(r, h.path(r), h.header(r), malformed["cut off"])
		}
		return
	}
	for name, body := range malformed {
		if body == "" && r.OptionalBody {
			continue
		}
		codes := []string{"invalid_json"}
		if strings.HasPrefix(r.Path, door.Admin) { // which also refuses members it does not know
			codes = append(codes, "invalid_request")
		}
		h.refused(r, name, attempt{body: body}, codes...)
	}
	h.refused(r, "a huge body", attempt{body: huge}, "body_too_large")
}

// values are wrong for members of the type they stand for.
var wrongFor = map[string][]string{
	"string":  {"1", "true", "{}", "[]", `["x"]`, "1e999"},
	"boolean": {"1", `"true"`, "{}", "[]"},
	"integer": {`"1"`, "true", "{}", "[]", "1.5", "1e999", "9223372036854775808"},
	"array":   {"1", `"x"`, "{}", "true", "[1]", "[{}]", "[[]]"},
	"object":  {"1", `"x"`, "[]", "true"},
}

// oddities have the right type and are odd all the same.
func oddities(kind string) []any {
	long := strings.Repeat("x", 40<<10)
	switch kind {
	case "string":
		return []any{"", " ", long, "\u202e", "\ufffd", "\u2028", "a\nb", "a\r\nBcc: x@example.com", "'; DROP TABLE users; --", "%00",
			"../../etc/passwd", "${jndi:ldap://x}", "👩‍👩‍👧", "x@" + long, "null", "-1"}
	case "array":
		return []any{[]string{}, slices.Repeat([]string{"wallet:sign"}, 2000), []string{""}, []string{long},
			[]string{"wallet:sign", "wallet:sign"}}
	case "object":
		return []any{json.RawMessage(`{"n":1e999}`), json.RawMessage(`{"n":-0,"m":123456789012345678901234567890}`), m{"a": long},
			m{"": ""}, json.RawMessage(`{"\u2028":"\ud800"}`), m{"__proto__": m{"a": 1}}}
	}
	return []any{true, false, 0, nil, "x", []any{}, m{}}
}

// members makes attacks of every member that the document names.
func (h *hostile) members(r door.Route) {
	if !r.Handler.HasRequest() {
		return
	}
	schema := h.document.Paths.Value(r.Path).GetOperation(r.Method).RequestBody.Value.Content["application/json"].Schema.Value
	fitting := m{}
	for name, property := range schema.Properties {
		if slices.Contains(schema.Required, name) {
			fitting[name] = fit(property.Value)
		}
	}
	for name, property := range schema.Properties {
		kinds := []string{"anything"}
		if property.Value.Type != nil {
			kinds = property.Value.Type.Slice()
		}
		kind := kinds[0]
		wrongs := wrongFor[kind]
		if items := property.Value.Items; items != nil && items.Value.Type.Slice()[0] == "object" {
			wrongs = []string{"1", `"x"`, "{}", "true", "[1]", `["x"]`, "[[]]"}
		}
		for _, wrong := range wrongs {
			if wrong == "{}" && slices.Contains(kinds, "object") {
				continue
			}
			h.refused(r, name+" as "+wrong,
				attempt{body: with(h.t, fitting, name, json.RawMessage(wrong))}, "invalid_request", "invalid_json")
		}
		for _, odd := range oddities(kind) {
			h.survived(r, h.path(r), h.header(r), with(h.t, fitting, name, odd))
		}
		h.survived(r, h.path(r), h.header(r), with(h.t, fitting, name, nil))
		text, _ := json.Marshal(fit(property.Value))
		same := fmt.Sprintf("%q:%s", name, text)
		other := fmt.Sprintf("%q:%s", strings.ToUpper(name[:1])+name[1:], text)
		h.refused(r, name+" twice", attempt{body: "{" + same + "," + same + "}"}, "invalid_json")
		h.refused(r, name+" in another case", attempt{body: "{" + other + "}"}, "invalid_json")
		if kind == "string" {
			h.refused(r, name+" with NUL", attempt{body: with(h.t, fitting, name, "a\x00b")}, "invalid_json")
			h.refused(r, name+" not in UTF-8", attempt{body: fmt.Sprintf("{%q:\"\xed\xa0\x80\"}", name)}, "invalid_json")
		}
	}
	for _, name := range schema.Required {
		rest := m{}
		for other, value := range fitting {
			if other != name {
				rest[other] = value
			}
		}
		h.refused(r, "no "+name, attempt{body: rest})
	}
}

func fit(s *openapi3.Schema) any {
	if s.Type == nil {
		return "x"
	}
	switch s.Type.Slice()[0] {
	case "boolean":
		return false
	case "integer":
		return 1
	case "array":
		return []string{}
	case "object":
		return m{}
	}
	return "x"
}

func with(t *testing.T, members m, name string, value any) string {
	t.Helper()
	changed := m{name: value}
	for other, kept := range members {
		if other != name {
			changed[other] = kept
		}
	}
	// By hand, because json.Marshal checks the raw values.
	var parts []string
	for member, v := range changed {
		text, ok := v.(json.RawMessage)
		if !ok {
			var err error
			if text, err = json.Marshal(v); err != nil {
				t.Fatal(err)
			}
		}
		parts = append(parts, fmt.Sprintf("%q:%s", member, text))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (h *hostile) mediaTypes(r door.Route) {
	if !r.Handler.HasRequest() {
		return
	}
	for _, media := range []string{"", "text/plain", "application/xml", "multipart/form-data; boundary=x",
		"application/x-www-form-urlencoded", "application/jsonp", "json", ";;;", "application/json, text/html", strings.Repeat("a", 5000),
		"application/json; charset"} {
		if media == "application/x-www-form-urlencoded" && r.Form {
			for _, form := range []string{"", "token", "token=a&token=b", "token=%zz", "token=%00", "token=%ff", "token=a;b=c",
				strings.Repeat("a=b&", 9000), "token=" + strings.Repeat("a", 60<<10)} {
				header := h.header(r)
				header.Set("Content-Type", media)
				h.survived(r, h.path(r), header, form)
			}
			continue
		}
		header := h.header(r)
		header.Set("Content-Type", media)
		h.refused(r, "Content-Type "+media, attempt{header: header, body: `{"a":1}`}, "unsupported_media_type")
	}
}

var oddIDs = []string{"%00", "%ff%fe", "x", "a%00b", "%ed%a0%80", "null", "%20", "%2e%2e%2f", "-1", "1'%20OR%20'1'='1", "%F0%9F%91%A9",
	"%7BenvironmentId%7D", "%2F", "*", strings.Repeat("a", 8000), strings.ToUpper("dddddddd-0000-4000-8000-00000000000d")}

func (h *hostile) ids(r door.Route) {
	for _, name := range []string{"environmentId", "userId", "credentialId", "walletId", "promptId"} {
		if r.Gate.Kind == door.PublicGate && name == "promptId" && !r.PromptPage { // the page, which is the same for all
			continue
		}
		if !strings.Contains(r.Path, "{"+name+"}") || r.Document && name == "environmentId" {
			continue
		}
		for _, id := range some(r, oddIDs) {
			values := h.places(r)
			values[name] = id
			h.refused(r, name+" "+id[:min(len(id), 40)], attempt{path: at(r.Path, values), body: bodyFor(r)})
		}
	}
}

// bodyFor is a body that is well-formed and comes to nothing.
func bodyFor(r door.Route) any {
	if r.Handler.HasRequest() {
		return `{}`
	}
	return nil
}

var oddValues = []string{"", "%00", "%ff", "-1", "0", "99999999999999999999", "1e3", "true", "'", "%25", "a;b", "2026-01-01T00:00:00Z",
	"9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "%F0%9F%91%A9", strings.Repeat("a", 8000)}

func (h *hostile) queries(r door.Route) {
	if closing(r) {
		return
	}
	for _, query := range some(r,
		[]string{"%zz", "a=%ff", "environmentId=" + servertest.B, "a=b;c=d", "=", "&&&", "a[]=1", strings.Repeat("a=b&", 2000)}) {
		h.survived(r, h.path(r)+"?"+query, h.header(r), bodyFor(r))
	}
	for _, p := range r.Query {
		for _, value := range oddValues {
			h.survived(r, h.path(r)+"?"+p.Name+"="+value, h.header(r), bodyFor(r))
		}
		h.survived(r, h.path(r)+"?"+p.Name+"=1&"+p.Name+"=2", h.header(r), bodyFor(r))
	}
}

// credentials are headers that gates read; oddHeaders are the others, and some
// that nothing should read.
var (
	credentials = []string{"Authorization", "Elevated-Access-Token", "X-Dyn-Elevated-Access-Token"}
	oddHeaders  = []string{
		"X-Dyn-Version", "X-Dyn-Session-Public-Key", "X-Dyn-Logout-Reason", "X-Dynamic-Device-Nonce", "X-Dynamic-Device-Publickey",
		"X-Dynamic-Device-Signed-Nonce", "User-Agent", "X-Forwarded-For", "X-Request-Id", "Origin", "Accept", "Content-Encoding", "Cookie",
		"If-Modified-Since", "Range",
	}
	headerValues = []string{"\xff\xfe", "", strings.Repeat("a", 1500), "\u202e", "Bearer", "Bearer ", "Bearer \xff", "Basic YTpi", "null",
		"a,b", "'", "bytes=0-1", "Bearer " + strings.Repeat("a.", 700)}
)

func (h *hostile) headers(r door.Route) {
	if closing(r) {
		return
	}
	for _, value := range some(r, headerValues) {
		all := h.header(r)
		for _, name := range oddHeaders {
			all[name] = []string{value}
		}
		h.survived(r, h.path(r), all, bodyFor(r))
		all.Del("Origin") // which is refused before the others are read
		h.survived(r, h.path(r), all, bodyFor(r))
		for _, name := range credentials {
			one := h.header(r)
			one[name] = []string{value}
			h.survived(r, h.path(r), one, bodyFor(r))
		}
	}
	for _, name := range some(r, oddHeaders) {
		one := h.header(r)
		one[name] = []string{strings.Repeat("a", 20000)}
		h.survived(r, h.path(r), one, bodyFor(r))
	}
	if r.Gate.Kind != door.PublicGate && r.Gate.Kind != door.PromptGate {
		twice := h.header(r)
		twice["Authorization"] = append(slices.Clone(twice["Authorization"]), "Bearer x")
		h.refused(r, "two Authorization headers", attempt{header: twice, body: bodyFor(r)}, "sign_in_required", "invalid_service_token")
	}
}

// methods tries what the path does not take, and paths that are nearly right.
func (h *hostile) methods(r door.Route) {
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get"} {
		if routed(method, h.path(r)) {
			continue
		}
		answer := h.Do(h.t, method, h.path(r), h.header(r), nil)
		if answer.Status != 405 || answer.Header.Get("Allow") == "" || method != "HEAD" && answer.Code != "method_not_allowed" {
			h.t.Errorf("%s %s: %d %s, Allow %q", method, h.path(r), answer.Status, answer.Code, answer.Header.Get("Allow"))
		}
	}
	if answer := h.Do(h.t, "OPTIONS", h.path(r), nil, nil); answer.Status != 204 {
		h.t.Errorf("OPTIONS %s: %d", h.path(r), answer.Status)
	}
	for _, path := range []string{h.path(r) + "/", h.path(r) + "/x", "/" + h.path(r), strings.Replace(h.path(r), "/v0/", "//v0/", 1),
		strings.Replace(h.path(r), "/v0/", "/v0/../v0/", 1), strings.ToUpper(h.path(r)), h.path(r) + "%00"} {
		if routed(r.Method, path) { // /users/mfa and then the id of a device
			continue
		}
		answer := h.Do(h.t, r.Method, path, h.header(r), nil)
		if answer.Status != 404 && answer.Status != 405 && answer.Status != 400 {
			h.t.Errorf("%s %s: %d\n%s", r.Method, path, answer.Status, answer.Body)
		}
		for _, problem := range wrongAnyhow(answer) {
			h.t.Errorf("%s %s: %d: %s\n%s", r.Method, path, answer.Status, problem, answer.Body)
		}
	}
}

var table = sync.OnceValue(func() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range api.Routes() {
		mux.Handle(r.Method+" "+r.Path, http.NotFoundHandler())
	}
	return mux
})

// routed reports whether some route takes the method at the path as it is.
func routed(method, path string) bool {
	request, err := http.NewRequest(method, path, nil)
	if err != nil {
		return false
	}
	_, pattern := table().Handler(request)
	return pattern != "" && !strings.Contains(path, "//") && !strings.Contains(path, "/../")
}
