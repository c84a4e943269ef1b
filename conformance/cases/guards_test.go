package cases_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stepup-auth/stepup"
)

const (
	casesFolder = "guards"
	casesIssuer = "https://auth.example/api/v0/sdk/7c2a1c0e-5f5b-4c9c-9d5e-2f1f6a3f0b11"
	casesClock  = 1800000000
)

// caseFile is a file of conformance/cases.
type caseFile struct {
	Given map[string]any
	Cases []guardCase
}

type guardCase struct {
	Name    string
	Given   map[string]any
	Clock   int64
	Network map[string][]any
	Steps   []caseStep
}

type caseStep struct {
	After    float64
	Call     string
	With     map[string]any
	Expect   map[string]any
	Requests []struct {
		To         string
		Headers    map[string]any
		Body, Form any
	}
}

// TestCases runs conformance/cases/guards on this library.
func TestCases(t *testing.T) {
	vectors := readVectors(t)
	verdicts := map[string]string{}
	each(t, func(name string, one guardCase) {
		verdicts[name] = "ok"
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, fault := range newCaseWorld(vectors, one, sound).run() {
					t.Error(fault)
				}
			})
			if t.Failed() {
				verdicts[name] = "FAILED"
			}
		})
	})
	if len(verdicts) < 300 {
		t.Errorf("only %d cases ran", len(verdicts))
	}
	if folder := os.Getenv("CASES_RESULTS"); folder != "" {
		text, err := json.Marshal(verdicts)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, "guards.go.json"), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestCasesCatch breaks the rules of a guard, one at a time, as somebody might who
// puts this library together wrongly: a case notices each.
func TestCasesCatch(t *testing.T) {
	t.Parallel()
	vectors := readVectors(t)
	for name, broken := range doubles {
		caught := ""
		each(t, func(name string, one guardCase) {
			if caught != "" {
				return
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(*testing.T) {
					if len(newCaseWorld(vectors, one, broken).run()) > 0 {
						caught = name
					}
				})
			})
		})
		if caught == "" {
			t.Errorf("no case notices a guard with %s", name)
		} else {
			t.Logf("%s: caught by %s", name, caught)
		}
	}
}

// double is a guard of which one rule may be broken.
type double struct {
	config func(*caseWorld, *stepup.Config)
	guard  func(*caseWorld, *stepup.GuardConfig)
	header func(http.Header)
	answer func(http.Handler) http.Handler
}

var sound = double{}

// doubles are guards that lack a rule each.
var doubles = map[string]double{
	"no session check": {guard: func(w *caseWorld, c *stepup.GuardConfig) {
		c.Caller = func(r *http.Request) (stepup.Caller, error) {
			claims, _ := c.Verifier.Elevated(r.Context(), r.Header.Get(stepup.HeaderElevatedAccessToken))
			return stepup.Caller{Subject: claims.Subject, Session: claims.Session}, nil
		}
	}},
	"a caller of whom only the user is compared": {guard: func(w *caseWorld, c *stepup.GuardConfig) {
		if c.Caller != nil {
			return
		}
		session := stepup.SessionCaller(c.Verifier)
		c.Caller = func(r *http.Request) (stepup.Caller, error) {
			caller, err := session(r)
			claims, wrong := c.Verifier.Elevated(r.Context(), r.Header.Get(stepup.HeaderElevatedAccessToken))
			if wrong == nil && claims.Subject == caller.Subject {
				caller.Session = claims.Session
			}
			return caller, err
		}
	}},
	"a clock that stands still": {config: func(_ *caseWorld, c *stepup.Config) {
		c.Now = func() time.Time { return time.Unix(casesClock, 0) }
	}},
	"a clock that is a minute late": {config: func(w *caseWorld, c *stepup.Config) {
		c.Now = func() time.Time { return w.clock.Add(-time.Minute) }
	}},
	"an audience too many":  {config: func(_ *caseWorld, c *stepup.Config) { c.Audiences = append(c.Audiences, "https://shop.example") }},
	"sessions of every app": {config: func(_ *caseWorld, c *stepup.Config) { c.SessionAudiences = nil }},
	"another issuer":        {config: func(_ *caseWorld, c *stepup.Config) { c.Issuer = strings.Replace(c.Issuer, "auth", "evil", 1) }},
	"tokens that are not spent": {guard: func(w *caseWorld, c *stepup.GuardConfig) {
		c.Client, _ = stepup.NewClient(stepup.ClientConfig{Issuer: casesIssuer, ServiceToken: "stp_guard",
			HTTP: &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
				body, err := json.Marshal(w.vectors.answers["first"]["body"])
				return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(body)), Header: http.Header{}}, err
			})}})
	}},
	"an operation id that the client makes": {guard: func(_ *caseWorld, c *stepup.GuardConfig) {
		if c.Operation != nil {
			c.Operation = nil
		}
	}},
	"replays that are let through": {answer: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			if recorder.Code == http.StatusConflict {
				recorder.Code = http.StatusOK
			}
			maps.Copy(w.Header(), recorder.Header())
			w.WriteHeader(recorder.Code)
			_, _ = w.Write(recorder.Body.Bytes())
		})
	}},
	"the first of two tokens": {header: func(h http.Header) {
		for _, name := range []string{stepup.HeaderElevatedAccessToken, stepup.HeaderDynamicElevatedAccessToken} {
			if values := h.Values(name); len(values) > 1 {
				h[name] = values[:1]
			}
		}
	}},
	"refusals without a challenge": {answer: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			recorder.Header().Del("WWW-Authenticate")
			maps.Copy(w.Header(), recorder.Header())
			w.WriteHeader(recorder.Code)
			_, _ = w.Write(recorder.Body.Bytes())
		})
	}},
	"keys that are never fetched again": {config: func(w *caseWorld, c *stepup.Config) {
		if remote, ok := c.Keys.(*stepup.RemoteKeySet); ok {
			remote.MaxAge = 24 * time.Hour
		}
	}},
}

// each calls run for every case there is.
func each(t *testing.T, run func(name string, one guardCase)) {
	t.Helper()
	files, err := filepath.Glob(casesFolder + "/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if filepath.Base(file) == "schema.json" {
			continue
		}
		var content caseFile
		readJSON(t, file, &content)
		for _, one := range content.Cases {
			given := maps.Clone(content.Given)
			if given == nil {
				given = map[string]any{}
			}
			maps.Copy(given, one.Given)
			one.Given = given
			run(filepath.Base(file)+": "+one.Name, one)
		}
	}
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// caseVectors is what stands in the folder vectors.
type caseVectors struct {
	keys    map[string]map[string]any // public JWKs
	tokens  *strings.Replacer         // of "{name}"
	texts   []string                  // the tokens
	answers map[string]map[string]any
}

func readVectors(t *testing.T) caseVectors {
	t.Helper()
	v := caseVectors{keys: map[string]map[string]any{}}
	var keys map[string]struct{ Public map[string]any }
	readJSON(t, casesFolder+"/vectors/keys.json", &keys)
	for name, key := range keys {
		v.keys[name] = key.Public
	}
	var tokens []struct{ Name, Token string }
	readJSON(t, casesFolder+"/vectors/tokens.json", &tokens)
	var pairs []string
	for _, one := range tokens {
		pairs = append(pairs, "{"+one.Name+"}", one.Token)
		v.texts = append(v.texts, one.Token)
	}
	v.tokens = strings.NewReplacer(pairs...)
	readJSON(t, casesFolder+"/vectors/answers.json", &v.answers)
	return v
}

// expand puts tokens in place of their names.
func (v caseVectors) expand(value any) any {
	switch value := value.(type) {
	case string:
		return v.tokens.Replace(value)
	case []any:
		out := make([]any, len(value))
		for i := range value {
			out[i] = v.expand(value[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(value))
		for name := range value {
			out[name] = v.expand(value[name])
		}
		return out
	}
	return value
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// caseWorld is what is around a guard while a case runs.
type caseWorld struct {
	vectors caseVectors
	one     guardCase
	double  double
	clock   time.Time
	issuer  string
	log     bytes.Buffer
	same    map[string]any
	faults  []string

	mu       sync.Mutex
	answered map[string]int
	requests []madeRequest

	verifier *stepup.Verifier
	client   *stepup.Client
	guard    *stepup.Guard
	options  []stepup.Option
	built    error
}

type madeRequest struct {
	to     string
	header http.Header
	body   []byte
}

func newCaseWorld(vectors caseVectors, one guardCase, d double) *caseWorld {
	w := &caseWorld{vectors: vectors, one: one, double: d, clock: time.Unix(cmp.Or(one.Clock, casesClock), 0),
		same: map[string]any{}, answered: map[string]int{}}
	w.issuer = text(one.Given, "issuer", casesIssuer)
	w.built = w.build()
	return w
}

func text(given map[string]any, name, otherwise string) string {
	if s, ok := given[name].(string); ok {
		return s
	}
	return otherwise
}

func texts(value any) (list []string) {
	all, _ := value.([]any)
	for _, one := range all {
		list = append(list, fmt.Sprint(one))
	}
	return list
}

func (w *caseWorld) yes(name string) bool { b, _ := w.one.Given[name].(bool); return b }

func (w *caseWorld) build() (err error) {
	defer func() {
		if problem := recover(); problem != nil { // Require panics
			err = fmt.Errorf("%v", problem)
		}
	}()
	given, network := w.one.Given, &http.Client{Transport: transport(w.answer)}
	config := stepup.Config{Issuer: w.issuer, Audiences: []string{"https://bank.example"}, PlainHTTP: w.yes("plainHttp"),
		SessionAudiences: texts(given["sessionAudiences"]), Now: func() time.Time { return w.clock }}
	if list, ok := given["audiences"]; ok {
		config.Audiences = texts(list)
	}
	remote := given["keys"] == "remote"
	if !remote {
		names := []string{"main"}
		if list, ok := given["keys"]; ok {
			names = texts(list)
		}
		if config.Keys, err = w.keys(names); err != nil {
			return err
		}
	} else if w.one.Network != nil {
		config.Keys = &stepup.RemoteKeySet{URL: w.issuer + "/.well-known/jwks.json", HTTP: network, Now: config.Now}
	}
	if w.double.config != nil {
		w.double.config(w, &config)
	}
	if w.verifier, err = stepup.NewVerifier(config); err != nil {
		return err
	}
	if given["client"] != false {
		if w.client, err = stepup.NewClient(stepup.ClientConfig{Issuer: w.issuer, HTTP: network, PlainHTTP: w.yes("plainHttp"),
			ServiceToken: stepup.ServiceToken(text(given, "serviceToken", "stp_guard"))}); err != nil {
			return err
		}
	}
	guard := stepup.GuardConfig{Verifier: w.verifier, Client: w.client, OfflineOnly: w.yes("offlineOnly"),
		AlwaysConsume: w.yes("alwaysConsume"), IgnoreSession: w.yes("ignoreSession"), Log: slog.New(slog.NewTextHandler(&w.log, nil))}
	w.complete(&guard)
	if w.double.guard != nil {
		w.double.guard(w, &guard)
	}
	if w.guard, err = stepup.NewGuard(guard); err != nil {
		return err
	}
	if bound, ok := given["boundTo"]; ok {
		w.options = []stepup.Option{stepup.BoundTo(func(r *http.Request) (any, error) { return transaction(r, bound) })}
	}
	w.guard.Require(stepup.Scope(text(given, "scope", "transfer:create")), w.options...)
	return nil
}

// complete gives the guard the functions that a case asks for.
func (w *caseWorld) complete(guard *stepup.GuardConfig) {
	given := w.one.Given
	if caller, ok := given["caller"].(map[string]any); ok {
		guard.Caller = func(*http.Request) (stepup.Caller, error) {
			return stepup.Caller{Subject: text(caller, "subject", ""), Session: text(caller, "session", ""),
				ExternalIssuer: text(caller, "externalIssuer", ""), ExternalSubject: text(caller, "externalSubject", "")}, failure(caller)
		}
	}
	if header, ok := given["operation"].(string); ok {
		guard.Operation = func(r *http.Request) string { return r.Header.Get(header) }
	}
	if digest, ok := given["digest"].(string); ok {
		guard.Digest = func(*http.Request) (string, error) { return digest, nil }
	}
	if w.yes("replays") {
		guard.OnReplay = func(rw http.ResponseWriter, r *http.Request) {
			if _, claims := stepup.FromContext(r.Context()); claims {
				w.fault("a replay has claims")
			}
			tell(rw, "replayed", map[string]any{"operation": stepup.OperationFromContext(r.Context())})
		}
	}
	if nine, ok := given["rfc9470"].(map[string]any); ok {
		age, _ := nine["maxAge"].(float64)
		guard.Refuse = stepup.RFC9470(time.Duration(age)*time.Second, texts(nine["acrValues"])...)
	}
}

func failure(how map[string]any) error {
	switch how["fails"] {
	case "unavailable":
		return fmt.Errorf("asking: %w", stepup.ErrUnavailable)
	case "somehow":
		return errors.New("somehow")
	}
	return nil
}

// transaction is what boundTo says.
func transaction(r *http.Request, bound any) (any, error) {
	if how, ok := bound.(map[string]any); ok {
		return json.RawMessage(text(how, "json", "")), failure(how)
	}
	var order struct{ To, Amount any }
	decoder := json.NewDecoder(r.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&order); err != nil {
		return nil, err
	}
	return []map[string]any{{"type": "transfer", "amount": order.Amount, "payee": order.To}}, nil
}

func (w *caseWorld) keys(names []string) (stepup.StaticKeySet, error) {
	var set stepup.StaticKeySet
	for _, name := range names { // one by one: a set leaves out what is ambiguous
		document, err := json.Marshal(map[string]any{"keys": []any{w.vectors.keys[name]}})
		if err != nil {
			return nil, err
		}
		keys, err := stepup.ParseJWKS(document)
		if err != nil || len(keys) != 1 {
			return nil, fmt.Errorf("key %s: %w", name, err)
		}
		set = append(set, keys...)
	}
	return set, nil
}

// answer is the network.
func (w *caseWorld) answer(r *http.Request) (*http.Response, error) {
	path, ours := strings.CutPrefix(r.URL.String(), w.issuer)
	to := r.Method + " " + path
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, madeRequest{to, r.Header, body})
	list := w.one.Network[to]
	if !ours || len(list) == 0 {
		w.faults = append(w.faults, "a request to "+r.Method+" "+r.URL.String())
		return nil, errors.New("no such address")
	}
	next := list[min(w.answered[to], len(list)-1)]
	w.answered[to]++
	return w.write(next)
}

func (w *caseWorld) write(answer any) (*http.Response, error) {
	said, _ := answer.(map[string]any)
	if name, ok := answer.(string); ok {
		said = w.vectors.answers[name]
	} else if name, ok := said["answer"].(string); ok {
		named := maps.Clone(w.vectors.answers[name])
		body, _ := named["body"].(map[string]any)
		body = maps.Clone(body)
		for member, value := range said["body"].(map[string]any) {
			if body[member] = value; value == nil {
				delete(body, member)
			}
		}
		named["body"] = body
		said = named
	}
	if said["fails"] == true {
		return nil, errors.New("the connection broke")
	}
	status, ok := said["status"].(float64)
	if !ok {
		w.faults = append(w.faults, fmt.Sprintf("no answer %v", answer))
	}
	response := &http.Response{StatusCode: int(status), Status: fmt.Sprint(status), Header: http.Header{}}
	if headers, ok := said["headers"].(map[string]any); ok {
		for name := range headers {
			response.Header.Set(name, fmt.Sprint(headers[name]))
		}
	}
	content, ok := said["text"].(string)
	if jwks, is := said["jwks"].([]any); is {
		keys := make([]any, len(jwks))
		for i := range jwks {
			if keys[i] = jwks[i]; reflect.TypeOf(jwks[i]).Kind() == reflect.String {
				keys[i] = w.vectors.keys[jwks[i].(string)]
			}
		}
		said = map[string]any{"body": map[string]any{"keys": keys}}
	}
	if !ok {
		encoded, err := json.Marshal(said["body"])
		if err != nil {
			return nil, err
		}
		content = string(encoded)
	}
	response.Body = io.NopCloser(strings.NewReader(content))
	return response, nil
}

func (w *caseWorld) fault(format string, arguments ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, fmt.Sprintf(format, arguments...))
}

// run runs the steps and returns what is not as expected.
func (w *caseWorld) run() []string {
	if w.built != nil && w.one.Steps[0].Call != "configure" {
		return []string{"making the guard: " + w.built.Error()}
	}
	for i, step := range w.one.Steps {
		w.clock = w.clock.Add(time.Duration(step.After * float64(time.Second)))
		w.requests = nil
		w.log.Reset()
		with, _ := w.vectors.expand(step.With).(map[string]any)
		got, err := w.call(step.Call, with)
		synctest.Wait() // for what goes on in the background
		if err != nil {
			w.fault("step %d: %v", i+1, err)
			continue
		}
		w.compare(fmt.Sprintf("step %d: ", i+1), w.vectors.expand(step.Expect), plain(got))
		w.compareRequests(i+1, step)
		w.secrets(i+1, got)
	}
	return w.faults
}

// secrets: no token, elevated, session or service, stands in a log or an answer.
func (w *caseWorld) secrets(step int, got any) {
	seen := w.log.String() + fmt.Sprint(got)
	for _, secret := range append(w.vectors.texts, "stp_guard") {
		if len(secret) > 6 && strings.Contains(seen, secret) {
			w.fault("step %d: a token in a log or an answer", step)
		}
	}
}

func (w *caseWorld) compareRequests(number int, step caseStep) {
	if len(step.Requests) != len(w.requests) {
		w.fault("step %d: %d requests, want %d", number, len(w.requests), len(step.Requests))
		return
	}
	for i, want := range step.Requests {
		at, got := fmt.Sprintf("step %d, request %d: ", number, i+1), w.requests[i]
		w.compare(at+"to", want.To, got.to)
		for name, value := range want.Headers {
			w.compare(at+name, value, header(got.header, name))
		}
		if want.Body != nil {
			var body any
			if err := json.Unmarshal(got.body, &body); err != nil {
				w.fault("%sits body is not JSON", at)
			}
			w.compare(at+"body", w.vectors.expand(want.Body), body)
		}
		if want.Form != nil {
			values, _ := url.ParseQuery(string(got.body))
			form := map[string]any{}
			for name, list := range values {
				form[name] = strings.Join(list, ", ")
			}
			w.compare(at+"form", w.vectors.expand(want.Form), form)
		}
	}
}

func header(h http.Header, name string) any {
	if values := h.Values(name); len(values) > 0 {
		return strings.Join(values, ", ")
	}
	return nil
}

// plain is a value as JSON reads it back.
func plain(value any) (out any) {
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		return err
	}
	return out
}

func (w *caseWorld) compare(at string, want, got any) {
	if !w.equal(want, got) {
		a, _ := json.Marshal(want)
		b, _ := json.Marshal(got)
		w.fault("%s: want %s, got %s", strings.TrimSuffix(at, ": "), a, b)
	}
}

func (w *caseWorld) equal(want, got any) bool {
	switch want := want.(type) {
	case []any:
		list, ok := got.([]any)
		return ok && slices.EqualFunc(want, list, w.equal)
	case map[string]any:
		if want["$any"] == true {
			return got != nil
		}
		if pattern, ok := want["$match"].(string); ok {
			s, is := got.(string)
			return is && regexp.MustCompile("^(?:"+pattern+")$").MatchString(s)
		}
		if name, ok := want["$same"].(string); ok {
			first, known := w.same[name]
			if !known {
				w.same[name] = got
				for other, value := range w.same {
					if other != name && value == got {
						return false // what has another name is something else
					}
				}
			}
			return got != nil && got != "" && (!known || first == got)
		}
		members, ok := got.(map[string]any)
		return ok && maps.EqualFunc(want, members, w.equal)
	}
	return want == got
}

// call does what a step says and returns the outcome.
func (w *caseWorld) call(call string, with map[string]any) (any, error) {
	token, ctx := text(with, "token", ""), context.Background()
	switch call {
	case "require", "signedIn":
		return w.serve(call, with)
	case "elevated":
		claims, err := w.verifier.Elevated(ctx, token)
		return outcome("claims", elevatedClaims(claims), err), nil
	case "session":
		claims, err := w.verifier.Session(ctx, token)
		return outcome("claims", sessionClaims(claims), err), nil
	case "consume":
		said := func(name string) string { return text(with, name, "") }
		consumption, err := w.client.Consume(ctx, stepup.ConsumeRequest{Token: token, Scope: stepup.Scope(said("scope")),
			OperationID: said("operationId"), RequestDigest: said("requestDigest"), Audience: said("audience"),
			AuthorizationDetailsHash: said("authorizationDetailsHash"), AuthorizationDetails: []byte(said("authorizationDetails"))})
		return outcome("consumed", consumed(consumption), err), nil
	case "introspect":
		introspection, err := w.client.Introspect(ctx, token)
		return outcome("introspection", introspected(introspection), err), nil
	case "canonical":
		canonical, err := stepup.Canonical([]byte(text(with, "document", "")))
		return readable("text", string(canonical), err), nil
	case "hashDetails":
		hash, err := stepup.HashDetails([]byte(text(with, "document", "")))
		return readable("hash", hash, err), nil
	case "parseJwks":
		keys, err := stepup.ParseJWKS([]byte(text(with, "document", "")))
		list := []any{}
		for _, key := range keys {
			list = append(list, map[string]any{"kid": key.ID, "alg": key.Algorithm})
		}
		return readable("keys", list, err), nil
	case "parseScope":
		scope, err := stepup.ParseScope(text(with, "scope", ""))
		if err != nil {
			return readable("", nil, err), nil
		}
		return map[string]any{"reserved": scope.Reserved(), "builtIn": scope.BuiltIn()}, nil
	case "configure":
		return readable("made", true, w.built), nil
	}
	return nil, fmt.Errorf("this runner does not know the call %q", call)
}

func readable(name string, value any, err error) map[string]any {
	if err != nil {
		return map[string]any{"refused": true}
	}
	return map[string]any{name: value}
}

var kinds = []struct {
	name string
	err  error
}{ // the narrower before the wider
	{"missing", stepup.ErrMissing}, {"invalid", stepup.ErrInvalid}, {"expired", stepup.ErrExpired}, {"spent", stepup.ErrSpent},
	{"wrong_scope", stepup.ErrWrongScope}, {"wrong_subject", stepup.ErrWrongSubject}, {"wrong_binding", stepup.ErrWrongBinding},
	{"superseded", stepup.ErrSuperseded}, {"disputed", stepup.ErrDisputed}, {"no_method", stepup.ErrNoMethod},
	{"invalid_session", stepup.ErrInvalidSession}, {"unauthenticated", stepup.ErrUnauthenticated}, {"ambiguous", stepup.ErrAmbiguous},
	{"bad_request", stepup.ErrBadRequest}, {"replayed", stepup.ErrReplayed}, {"conflict", stepup.ErrConflict},
	{"single_use_unsupported", stepup.ErrSingleUseUnsupported}, {"service_token", stepup.ErrServiceToken},
	{"unavailable", stepup.ErrUnavailable}, {"denied", stepup.ErrDenied},
}

func outcome(name string, value map[string]any, err error) map[string]any {
	if err == nil {
		return map[string]any{name: value}
	}
	out := map[string]any{}
	for _, kind := range kinds {
		if errors.Is(err, kind.err) {
			out["denied"] = kind.name
			break
		}
	}
	if refused := (*stepup.RefusedError)(nil); errors.As(err, &refused) {
		maps.Copy(out, present(map[string]any{"code": refused.Code, "scope": refused.Scope, "singleUse": refused.SingleUse,
			"methods": refused.Methods, "requestId": refused.RequestID}))
	}
	return out
}

// present leaves out what is empty.
func present(members map[string]any) map[string]any {
	maps.DeleteFunc(members, func(_ string, value any) bool {
		v := reflect.ValueOf(value)
		return !v.IsValid() || v.Kind() != reflect.Bool && v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
	})
	return members
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func elevatedClaims(c stepup.Claims) map[string]any {
	out := present(map[string]any{"iss": c.Issuer, "aud": c.Audience, "sub": c.Subject, "sid": c.Session, "environment_id": c.EnvironmentID,
		"scope": c.Scopes, "singleUse": c.SingleUse, "jti": c.ID, "iat": seconds(c.IssuedAt), "exp": seconds(c.Expires),
		"auth_time": seconds(c.AuthTime), "acr": c.ACR, "amr": c.AMR, "credential_id": c.CredentialID,
		"session_public_key": c.SessionPublicKey, "ext_iss": c.ExternalIssuer, "ext_sub": c.ExternalSubject, "jkt": c.KeyThumbprint})
	bound(out, c.AuthorizationDetails, c.AuthorizationDetailsHash, c.Displayed)
	return out
}

func bound(out map[string]any, details []byte, hash string, displayed bool) {
	if len(details) > 0 {
		out["authorization_details"], out["authorization_details_hash"], out["displayed"] = json.RawMessage(details), hash, displayed
	}
}

func sessionClaims(c stepup.SessionClaims) map[string]any {
	return present(map[string]any{"iss": c.Issuer, "aud": c.Audience, "sub": c.Subject, "sid": c.Session, "environment_id": c.EnvironmentID,
		"scope": c.Scopes, "iat": seconds(c.IssuedAt), "exp": seconds(c.Expires), "last_verified_credential_id": c.LastVerifiedCredentialID,
		"signin_credential_id": c.SignInCredentialID, "session_public_key": c.SessionPublicKey, "ext_iss": c.ExternalIssuer,
		"ext_sub": c.ExternalSubject, "complete": c.Complete()})
}

func consumed(c stepup.Consumption) map[string]any {
	out := present(map[string]any{"result": c.Result, "jti": c.ID, "sub": c.Subject, "sid": c.Session, "environment_id": c.EnvironmentID,
		"scope": c.Scopes, "aud": c.Audience, "exp": seconds(c.Expires), "auth_time": seconds(c.AuthTime), "acr": c.ACR, "amr": c.AMR,
		"credential_id": c.CredentialID})
	bound(out, c.AuthorizationDetails, c.AuthorizationDetailsHash, c.Displayed)
	return out
}

func introspected(i stepup.Introspection) map[string]any {
	out := present(map[string]any{"active": i.Active, "typ": i.Type, "iss": i.Issuer, "aud": i.Audience, "sub": i.Subject, "sid": i.Session,
		"environment_id": i.EnvironmentID, "scope": i.Scopes, "jti": i.ID, "client_id": i.ClientID, "iat": seconds(i.IssuedAt),
		"exp": seconds(i.Expires), "auth_time": seconds(i.AuthTime), "acr": i.ACR, "amr": i.AMR})
	if i.SingleUse {
		out["singleUse"] = true
	}
	bound(out, i.AuthorizationDetails, i.AuthorizationDetailsHash, i.Displayed)
	return out
}

// tell answers with what a handler saw.
func tell(rw http.ResponseWriter, name string, members map[string]any) {
	rw.Header().Set("X-Case", name)
	_ = json.NewEncoder(rw).Encode(present(members))
}

func handler(rw http.ResponseWriter, r *http.Request) {
	caller, _ := stepup.CallerFromContext(r.Context())
	body, _ := io.ReadAll(r.Body)
	seen := present(map[string]any{"subject": caller.Subject, "session": caller.Session, "externalIssuer": caller.ExternalIssuer,
		"externalSubject": caller.ExternalSubject, "operation": stepup.OperationFromContext(r.Context()), "body": string(body)})
	if claims, ok := stepup.FromContext(r.Context()); ok {
		seen["scopes"], seen["singleUse"] = claims.Scopes, claims.SingleUse
		if claims.Bound() {
			seen["displayed"] = claims.Displayed
		}
	}
	tell(rw, "admitted", seen)
}

// serve sends a request to the guarded route.
func (w *caseWorld) serve(call string, with map[string]any) (map[string]any, error) {
	body := text(with, "body", "")
	if n, ok := with["bodyLength"].(float64); ok {
		body = strings.Repeat("x", int(n))
	}
	r := httptest.NewRequest(text(with, "method", ""), text(with, "target", ""), strings.NewReader(body))
	list, _ := with["headers"].([]any)
	for _, pair := range list {
		field := texts(pair)
		r.Header.Add(field[0], field[1])
	}
	if w.double.header != nil {
		w.double.header(r.Header)
	}
	served := w.guard.SignedIn(http.HandlerFunc(handler))
	if call == "require" {
		served = w.guard.Require(stepup.Scope(text(w.one.Given, "scope", "transfer:create")), w.options...)(http.HandlerFunc(handler))
	}
	if w.double.answer != nil {
		served = w.double.answer(served)
	}
	recorder := httptest.NewRecorder()
	served.ServeHTTP(recorder, r)
	var members map[string]any
	if err := json.Unmarshal(recorder.Body.Bytes(), &members); err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	got := map[string]any{}
	if name := recorder.Header().Get("X-Case"); name != "" {
		got[name] = members
	} else {
		got["refused"] = w.refusal(recorder, members)
	}
	if w.log.Len() > 0 {
		got["warned"] = true
	}
	return got, nil
}

// refusal is a refusal laid flat. What all of them have in common is checked here.
func (w *caseWorld) refusal(recorder *httptest.ResponseRecorder, members map[string]any) map[string]any {
	got := map[string]any{"status": recorder.Code, "code": members["code"]}
	id, _ := members["requestId"].(string)
	for name, want := range map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store",
		"X-Content-Type-Options": "nosniff", "X-Request-Id": id} {
		if value := recorder.Header().Get(name); value != want || value == "" {
			w.fault("a refusal has %s: %q", name, value)
		}
	}
	if message, _ := members["error"].(string); message == "" {
		w.fault("a refusal says nothing")
	}
	if message, _ := members["error"].(string); recorder.Code == http.StatusServiceUnavailable {
		spending := slices.ContainsFunc(w.requests, func(r madeRequest) bool { return r.to == "POST /tokens/consume" })
		if strings.Contains(message, "may have been used up") != spending {
			w.fault("spending %v, and a refusal says: %s", spending, message)
		}
	}
	payload, _ := members["payload"].(map[string]any)
	if payload != nil && payload["requestId"] != id {
		w.fault("a refusal has two request ids")
	}
	for _, name := range []string{"reason", "scope", "singleUse", "methods", "authorizationDetails"} {
		if value, ok := payload[name]; ok {
			got[name] = value
		}
	}
	if challenge := recorder.Header().Get("WWW-Authenticate"); challenge != "" {
		got["challenge"] = challenge
	}
	if after := recorder.Header().Get("Retry-After"); after != "" {
		got["retryAfter"] = after
	}
	return got
}
