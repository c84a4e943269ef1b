package attack_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/method/external/externaltest"
	"github.com/stepup-auth/stepup/internal/method/social/socialtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/who"
)

// unanswered wants a 503 that is no verdict and says when to ask again, unless nobody
// can tell whether something was done.
func unanswered(t testing.TB, what string, r servertest.Response, named bool) {
	t.Helper()
	switch again := r.Header.Get("Retry-After") != ""; {
	case r.Status == 503 && r.Code == "temporarily_unavailable" && again:
	case r.Status == 503 && r.Code == "outcome_unknown" && again == named:
	default:
		t.Errorf("%s: %d %s, Retry-After %q", what, r.Status, r.Body, r.Header.Get("Retry-After"))
	}
}

// eachRoute goes through the routes of the OpenAPI document: somebody who may asks with
// a body that fits, where one is known.
func eachRoute(t *testing.T, do func(method, path string, header http.Header, body any) servertest.Response, admin string,
	ask func(what string, send func(user http.Header) servertest.Response)) {
	t.Helper()
	bodies := map[string]m{
		"/emailVerifications/create": {"email": "somebody@example.com"},
		"/emailVerifications/signin": typed("7c4f5a52-0000-4000-8000-000000000001", "000000"),
		"/emailVerifications/verify": typed("7c4f5a52-0000-4000-8000-000000000001", "000000", report), "/stepUp/check": {"scope": transfer},
		"/stepUp/bindings":   {"scope": transfer, "authorizationDetails": []m{{"type": "transfer", "amount": "25.00"}}},
		"/tokens/introspect": {"token": "x.y.z"},
		"/tokens/consume":    question("x.y.z", transfer, "operation"), "/users/mfa/auth/totp": {"code": "000000"},
		"/users": {"username": "somebody"}, "/providers/{provider}/initAuth": {"state": "0123456789abcdef0123456789abcdef"},
		"/users/mfa/auth/recovery": {"code": "00000-00000"},
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	do("GET", "/api/v0/openapi.json", nil, nil).Want(t, 200, "").JSON(t, &document)
	asked := 0
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		at := path
		for _, fill := range []struct{ name, value string }{{"environmentId", servertest.A}, {"provider", "github"}} {
			at = strings.ReplaceAll(at, "{"+fill.name+"}", fill.value)
		}
		for strings.Contains(at, "{") {
			before, rest, _ := strings.Cut(at, "{")
			_, after, _ := strings.Cut(rest, "}")
			at = before + "7c4f5a52-0000-4000-8000-000000000001" + after
		}
		var body any = m{}
		if known, ok := bodies[strings.TrimPrefix(path, "/api/v0/sdk/{environmentId}")]; ok {
			body = known
		}
		for method := range document.Paths[path] {
			if method == "parameters" {
				continue
			}
			asked++
			ask(method+" "+path, func(user http.Header) servertest.Response {
				if strings.Contains(path, "/admin/") || strings.Contains(path, "/tokens/") {
					user = servertest.Bearer(admin)
				}
				return do(strings.ToUpper(method), at, user, body)
			})
		}
	}
	if asked < 60 {
		t.Fatalf("%d routes were asked, which cannot be all", asked)
	}
}

// A7: on every route each call to the store fails once. Whatever would have been said, a
// failed call leaves nothing to say but that it could not be found out.
func TestA7EveryRouteCutAtEachEdge(t *testing.T) {
	t.Parallel()
	s := startStill(t, store.SQLite)
	admin := ""
	err := s.db.Write(t.Context(), func(tx *store.Tx) error {
		text, _, err := serviceauth.Create(who.Caller{By: audit.By{Actor: "system", RequestID: "test"}}, tx,
			serviceauth.New{Name: "all", Scopes: serviceauth.Scopes})
		admin = text.Reveal()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	people, cuts := 0, 0
	var user http.Header
	eachRoute(t, s.do, admin, func(what string, send func(http.Header) servertest.Response) {
		for n := range 60 {
			if user == nil || s.do("GET", sdk("/users"), user, nil).Status != 200 { // the route has ended the session
				people++
				user = s.signIn(fmt.Sprintf("cut-%d@example.com", people))
			}
			s.arm("", n)
			r := send(user)
			op := s.disarm()
			if op == "" {
				return
			}
			cuts++
			if unknown := op == "commit" || op == "committed"; r.Status != 503 || (r.Code == "outcome_unknown") != unknown {
				t.Errorf("%s: store call %d (%s) failed, and the answer was %d %s", what, n, op, r.Status, r.Body)
			}
		}
	})
	if cuts < 300 {
		t.Errorf("%d cuts, which cannot be all", cuts)
	}
}

// A7: the database is stopped, started, read only and out of connections, under load.
// Nobody hears a 500, nobody hears that what they hold is bad, no token opens two
// operations, and when it is back everything goes on.
func TestA7DatabaseAway(t *testing.T) {
	t.Parallel()
	database := storetest.StartServer(t)
	admin := database.Admin()
	run := func(statement string) {
		t.Helper()
		if _, err := admin.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	at, err := url.Parse(database.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	run(`CREATE ROLE app LOGIN`) // limits of connections do not hold for a superuser
	run(`ALTER DATABASE ` + strings.TrimPrefix(at.Path, "/") + ` OWNER TO app`)
	at.User = url.User("app")
	s := start(t, servertest.WithDatabase(at.String(), &storetest.Clock{}))
	session := s.SignIn(t, servertest.A, "away@example.com")
	user := session.Header()
	s.Do(t, "GET", sdk("/users"), user, nil).Want(t, 200, "")

	l := &load{scene: s, user: user, first: map[string]int{}}
	for i := range 6 {
		one := s.SignIn(t, servertest.A, fmt.Sprintf("away-%d@example.com", i))
		l.tokens = append(l.tokens, s.StepUp(t, one, report))
		l.single = append(l.single, s.StepUp(t, one, transfer))
	}
	stop := l.run(t)
	back := func() {
		t.Helper()
		for range 200 {
			if s.Do(t, "GET", sdk("/users"), user, nil).Status == 200 {
				return
			}
			<-time.After(20 * time.Millisecond)
		}
		t.Fatal("the server does not find its database again")
	}

	for range 2 {
		database.Stop(t)
		do := func(method, path string, header http.Header, body any) servertest.Response {
			return s.Do(t, method, path, header, body)
		}
		eachRoute(t, do, s.guard, func(what string, send func(http.Header) servertest.Response) {
			r := send(user)
			if r.Status == 200 && strings.HasSuffix(what, "openapi.json") || r.Status == 200 && strings.Contains(what, "/notMe") ||
				strings.Contains(what, "/prompt/assets/") {
				return // there is nothing to find out
			}
			unanswered(t, what, r, false)
		})
		if r := s.Do(t, "GET", "/readyz", nil, nil); r.Status != 503 {
			t.Errorf("readyz: %d", r.Status)
		}
		if r := s.Do(t, "GET", "/healthz", nil, nil); r.Status != 200 {
			t.Errorf("healthz: %d", r.Status)
		}
		// A page of a listed origin can read why, and when to ask again; another cannot.
		for origin, want := range map[string]string{servertest.Origin(servertest.A): servertest.Origin(servertest.A),
			"https://evil.example": ""} {
			header := user.Clone()
			header.Set("Origin", origin)
			if got := s.Do(t, "GET", sdk("/users"), header, nil).Header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("in an outage %s is answered with Access-Control-Allow-Origin %q", origin, got)
			}
		}
		database.Start(t)
		back()
	}

	// As after a failover: the server is there and takes no writes (25006).
	run(`ALTER SYSTEM SET default_transaction_read_only = on`)
	run(`SELECT pg_reload_conf()`)
	waitFor(t, func() bool {
		return s.Do(t, "POST", sdk("/emailVerifications/create"), nil, m{"email": "readonly@example.com"}).Status != 200
	})
	unanswered(t, "writing to a read-only database",
		s.Do(t, "POST", sdk("/emailVerifications/create"), nil, m{"email": "readonly@example.com"}), false)
	run(`ALTER SYSTEM RESET default_transaction_read_only`) // which is no transaction
	run(`SELECT pg_reload_conf()`)
	back()
	waitFor(t, func() bool { // each connection hears of it by itself, ours too
		var readOnly string
		return admin.QueryRow(`SHOW default_transaction_read_only`).Scan(&readOnly) == nil && readOnly == "off"
	})

	// There is no connection to be had (53300), and ours are broken off (57P01).
	run(`ALTER ROLE app CONNECTION LIMIT 0`)
	run(`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'app'`)
	unanswered(t, "without a connection", s.Do(t, "GET", sdk("/users"), user, nil), false)
	run(`ALTER ROLE app CONNECTION LIMIT -1`)
	back()

	stop()
	l.judge(t)
	s.Do(t, "GET", sdk("/users"), user, nil).Want(t, 200, "")
	s.StepUp(t, session, transfer)
}

// A key set, a token endpoint or a provider's keys that are away say nothing about what
// was shown: a 503, and the very same thing is good when they are back.
func TestA7KeysAndProvidersAway(t *testing.T) {
	t.Parallel()
	s := start(t)
	provider, issuer := s.logins(t)
	jwt := issuer.Sign(t, "ES256", externaltest.Claims(s.Now(), "ada", "", nil))
	external := func() servertest.Response {
		return s.Do(t, "POST", sdk("/externalAuth/signin"), nil, m{"jwt": jwt})
	}
	issuer.Away(true)
	unanswered(t, "the key set is away", external(), false)
	issuer.Away(false)
	s.Clock.Advance(6 * time.Second) // a failure is remembered that long
	external().Want(t, 200, "")

	for _, fault := range []socialtest.Fault{socialtest.KeysAway, socialtest.ServerError} {
		state, code := s.SocialLogin(t, servertest.A, "acme", after, nil)
		social := func() servertest.Response {
			return s.Do(t, "POST", sdk("/providers/acme/signIn"), nil, m{"code": code, "state": state})
		}
		provider.Set(fault)
		unanswered(t, string(fault), social(), false)
		provider.Set(socialtest.None)
		s.Clock.Advance(6 * time.Second)
		if r := social(); fault == socialtest.ServerError {
			r.Want(t, 200, "") // the provider's code was not traded yet
		} else if r.Status == 503 || r.Status == 500 {
			t.Errorf("%s, and back: %d %s", fault, r.Status, r.Body)
		}
	}
}

func waitFor(t *testing.T, ready func() bool) {
	t.Helper()
	for range 500 {
		if ready() {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Fatal("it does not come about")
}

// load asks for what must go on being true while the database comes and goes.
type load struct {
	scene
	user           http.Header
	tokens, single []string

	mu    sync.Mutex
	bad   []string
	tally tally
	first map[string]int // how often each single-use token was let through
}

func (l *load) run(t *testing.T) (stop func()) {
	ended := make(chan struct{})
	var running sync.WaitGroup
	for worker := range 4 {
		running.Go(func() {
			for i := worker; ; i += 4 {
				select {
				case <-ended:
					return
				default:
					l.once(t, i)
				}
			}
		})
	}
	stop = sync.OnceFunc(func() { close(ended); running.Wait() })
	t.Cleanup(stop)
	return stop
}

func (l *load) once(t *testing.T, i int) {
	switch i % 5 {
	case 0:
		l.note("session", l.Do(t, "GET", sdk("/users"), l.user, nil), false, 200)
	case 1: // a time-bound token, under an operation of its own
		l.note("report", l.consume(t, l.tokens[i%len(l.tokens)], report, fmt.Sprintf("report-%d", i)), true, 200)
	case 2: // a single-use token: few operations, each tried often
		token := i % len(l.single)
		operation := fmt.Sprintf("transfer-%d-%d", token, i%3)
		r := l.consume(t, l.single[token], transfer, operation)
		l.note("transfer", r, true, 200, 403)
		if r.Status == 403 && reason(r) != "spent" {
			l.blame("transfer", r)
		}
		if r.Status == 200 && r.Member("result") == "first" {
			l.mu.Lock()
			l.first[l.single[token]]++
			l.mu.Unlock()
		}
	case 3:
		r := l.Do(t, "POST", sdk("/tokens/introspect"), servertest.Bearer(l.guard), m{"token": l.tokens[i%len(l.tokens)]})
		l.note("introspect", r, false, 200)
		if r.Status == 200 && !strings.Contains(string(r.Body), `"active":true`) {
			l.blame("introspect", r)
		}
	case 4:
		l.note("code", l.Do(t, "POST", sdk("/emailVerifications/create"), nil, m{"email": fmt.Sprintf("load-%d@example.com", i)}),
			false, 200, 429)
	}
}

// note remembers an answer that is neither one of these nor an honest 503.
func (l *load) note(what string, r servertest.Response, named bool, right ...int) {
	l.tally.add(fmt.Sprint(what, " ", r.Status, " ", r.Code))
	again := r.Header.Get("Retry-After") != ""
	if slices.Contains(right, r.Status) ||
		r.Status == 503 && (r.Code == "temporarily_unavailable" && again || r.Code == "outcome_unknown" && again == named) {
		return
	}
	l.blame(what, r)
}

func (l *load) blame(what string, r servertest.Response) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.bad) < 20 {
		l.bad = append(l.bad, fmt.Sprintf("%s: %d %s", what, r.Status, r.Body))
	}
}

func (l *load) judge(t *testing.T) {
	t.Helper()
	for _, bad := range l.bad {
		t.Error(bad)
	}
	for token, n := range l.first {
		if n > 1 {
			t.Errorf("the token %.20s… was let through %d times", token, n)
		}
	}
	t.Logf("answers: %v", l.tally.counts)
	if l.tally.of("session 200 ") == 0 || l.tally.of("session 503 temporarily_unavailable") == 0 {
		t.Errorf("the load met no outage, or nothing else: %v", l.tally.counts)
	}
}
