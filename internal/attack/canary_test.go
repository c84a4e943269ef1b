package attack_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/deliver/delivertest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// canaries are the secrets of a scenario by name; people are addresses, which
// belong in mails and in answers to their owners only.
type canaries map[string]string

var digits = regexp.MustCompile(`^[0-9]{6,8}$`)

// in reports the secrets that a text gives away.
func (c canaries) in(t *testing.T, what, text string) {
	t.Helper()
	for name, secret := range c {
		if len(secret) < 6 {
			t.Fatalf("canary %s is %q", name, secret)
		}
		found := strings.Index(text, secret)
		if digits.MatchString(secret) { // inside a longer number it is chance
			found = -1
			if at := regexp.MustCompile(`(^|[^0-9.])` + secret + `($|[^0-9])`).FindStringIndex(text); at != nil {
				found = at[0]
			}
		}
		if found >= 0 {
			t.Errorf("%s gives %s away: …%s…", what, name, text[max(0, found-120):min(len(text), found+len(secret)+40)])
		}
	}
}

// buffer is a log that several goroutines write.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// D9, F13, I7: what is secret turns up in a log at its most talkative, in the
// audit log, in the body of a refusal or in an address.
func TestD9SecretsStayInside(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			log := &buffer{}
			s := start(t, servertest.WithEngine(engine), servertest.WithLog(log))
			secrets := canaries{"the service token": s.guard}
			refusals := s.tellSecrets(t, secrets)
			secrets.in(t, "the body of a refusal", refusals)

			for name, email := range map[string]string{"an address": "canary-alice@example.com", "a new address": "canary-new@example.com",
				"a refused address": "canary-bad@@example.com"} {
				secrets[name] = email
			}
			if !strings.Contains(log.String(), `"refused"`) {
				t.Error("the log is empty")
			}
			secrets.in(t, "the log", log.String())
			secrets.in(t, "the audit log", s.auditLog(t))
			if strings.Count(s.auditLog(t), "token.") < 3 {
				t.Error("the audit log is empty")
			}
		})
	}
}

// tellSecrets walks through everything that has a secret, right and wrong. It
// adds the secrets and returns what refusals said.
func (s scene) tellSecrets(t *testing.T, secrets canaries) string {
	t.Helper()
	var refusals strings.Builder
	send := func(method, path string, header http.Header, body any) servertest.Response {
		t.Helper()
		r := s.Do(t, method, path, header, body)
		if r.Status >= 400 {
			fmt.Fprintln(&refusals, string(r.Body), r.Header)
		}
		return r
	}
	email := "canary-alice@example.com"
	id, code := s.SendCode(t, servertest.A, email, nil)
	secrets["a sign-in code"], secrets["a wrong code"] = code, wrong(code, 7)
	send("POST", sdk("/emailVerifications/signin"), nil, typed(id, secrets["a wrong code"])).Want(t, 422, "")
	send("POST", sdk("/emailVerifications/signin"), nil, `{"verificationUUID":"`+id+`","verificationToken":`+code+`}`).Want(t, 400, "")
	signed := send("POST", sdk("/emailVerifications/signin"), nil, typed(id, code)).Want(t, 200, "")
	secrets["the session token"], secrets["the full token"] = signed.Member("minifiedJwt"), signed.Member("jwt")
	session := servertest.Bearer(signed.Member("minifiedJwt"))
	send("POST", sdk("/emailVerifications/create"), nil, m{"email": "canary-bad@@example.com"}).Want(t, 422, "")

	stepUp := func(scopes ...string) string {
		id, code := s.SendCode(t, servertest.A, email, session)
		token := send("POST", sdk("/emailVerifications/verify"), session, typed(id, code, scopes...)).
			Want(t, 200, "").Member("elevatedAccessToken")
		secrets["code for "+scopes[0]], secrets["token for "+scopes[0]] = code, token
		return token
	}
	transferToken, update := stepUp(transfer), stepUp("credential:update")
	guard := servertest.Bearer(s.guard)
	send("POST", sdk("/tokens/consume"), guard, question(transferToken, transfer, "canary")).Want(t, 200, "")
	send("POST", sdk("/tokens/consume"), guard, question(transferToken, transfer, "again")).Want(t, 403, "")
	send("POST", sdk("/tokens/consume"), guard, question(transferToken+"x", transfer, "again")).Want(t, 403, "")
	send("POST", sdk("/tokens/consume"), guard, question(transferToken, transferToken[:60], "again"))
	send("POST", sdk("/tokens/consume"), guard, question(transferToken, transfer, transferToken[:100]+"/"))
	send("POST", sdk("/tokens/introspect"), guard, m{"token": transferToken, "token_type_hint": transferToken})
	send("POST", sdk("/tokens/introspect"), servertest.Bearer(s.guard+"x"), m{"token": transferToken}).Want(t, 401, "")
	send("DELETE", sdk("/users"), servertest.Bearer(signed.Member("minifiedJwt"), update, transferToken), nil).Want(t, 400, "")
	send("DELETE", sdk("/users"), servertest.Bearer(signed.Member("minifiedJwt"), update), nil).Want(t, 403, "")
	send("GET", sdk("/users"), servertest.Bearer(signed.Member("minifiedJwt")+"x"), nil).Want(t, 401, "")
	send("GET", sdk("/users"), servertest.Bearer(signed.Member("jwt")), nil).Want(t, 401, "")
	send("GET", sdk("/users")+"?token="+signed.Member("minifiedJwt"), nil, nil).Want(t, 401, "")
	send("GET", sdk("/nowhere/")+signed.Member("minifiedJwt"), nil, nil).Want(t, 404, "")

	var changing struct {
		EmailVerification struct{ VerificationUUID string }
	}
	before := len(s.Inbox.To(email))
	send("PUT", sdk("/users"), servertest.Bearer(signed.Member("minifiedJwt"), update), m{"email": "canary-new@example.com"}).
		Want(t, 200, "").JSON(t, &changing)
	secrets["a code to a new address"] = s.Inbox.WaitCode(t, "canary-new@example.com", 0)
	send("POST", sdk("/emailVerifications/verify"), session,
		typed(changing.EmailVerification.VerificationUUID, secrets["a code to a new address"])).Want(t, 200, "")
	notice := s.Inbox.Wait(t, email, before)
	link := linkSecret(t, notice.Text)
	secrets["a revoke link"] = link
	for _, address := range regexp.MustCompile(`https?://[^\s"<>]+`).FindAllString(notice.Text+notice.HTML, -1) {
		if u, err := url.Parse(address); err != nil || u.RawQuery != "" || strings.Contains(u.Path, link) {
			t.Errorf("a link carries its secret where servers and proxies see it: %s", address)
		}
	}
	nonce := s.nonce(t, servertest.A)
	signature := newDevice(t).sign(t, nonce, session)
	secrets["a device signature"] = signature.Get("x-dynamic-device-signed-nonce")
	send("POST", sdk("/refresh"), signature, nil).Want(t, 200, "")
	send("POST", sdk("/refresh"), signature, nil).Want(t, 403, "")
	send("POST", sdk("/notMe"), nil, m{"token": link + "x"}).Want(t, 422, "")
	send("POST", sdk("/notMe"), nil, m{"token": link}).Want(t, 204, "")
	send("POST", sdk("/notMe"), nil, m{"token": link}).Want(t, 422, "")
	all := servertest.Bearer(s.ServiceToken(t, "", serviceauth.Scopes))
	secrets["a second service token"] = strings.TrimPrefix(all.Get("Authorization"), "Bearer ")
	send("PUT", servertest.Admin(servertest.A), all, "id: "+servertest.A+
		"\nname: x\nproviders: [{provider: github, clientId: x, clientSecret: canary-client-secret}]\n").Want(t, 422, "")
	send("POST", servertest.Admin(servertest.A)+"/keys/rotate", all, nil).Want(t, 200, "")
	return refusals.String()
}

func (s scene) auditLog(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := s.DB.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.Rows(`SELECT id, environment_id, action, actor, user_id, session_id, request_id, detail, hash FROM audit_events`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			row := make([]string, 9)
			var into []any
			for i := range row {
				into = append(into, &row[i])
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			fmt.Fprintln(&all, row)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// D9, D8, I7: and in what the real program prints, measures and writes to disk.
func TestD9ProgramKeepsSecrets(t *testing.T) {
	t.Parallel()
	metrics := freeAddress(t)
	c := startCluster(t, store.SQLite, 1, "STEPUP_METRICS_LISTEN="+metrics)
	alice := c.signIn(t, "canary-alice@example.com")
	id, code := c.sendCode(t, alice)
	c.must(t, 0, "POST", sdk("/emailVerifications/verify"), alice.Header(), typed(id, wrong(code, 3), transfer)).Want(t, 422, "")
	token := c.must(t, 0, "POST", sdk("/emailVerifications/verify"), alice.Header(), typed(id, code, transfer)).
		Want(t, 200, "").Member("elevatedAccessToken")
	c.must(t, 0, "POST", sdk("/tokens/consume"), servertest.Bearer(c.guard), question(token, transfer, "canary")).Want(t, 200, "")
	c.must(t, 0, "POST", sdk("/tokens/consume"), servertest.Bearer(c.guard), question(token, transfer, "again")).Want(t, 403, "")
	refused, bounced := c.must(t, 0, "GET", sdk("/users"), servertest.Bearer(token), nil), c.must(t, 0, "GET", "/"+token, nil, nil)

	secrets := canaries{
		"the service token": c.guard, "the master key": c.key.Reveal(), "the mail password": delivertest.Password,
		"the mail password, encoded": url.QueryEscape(delivertest.Password), "the mail URL": c.mail.URL,
		"the session token": alice.Token, "the elevated token": token,
	}
	path := strings.TrimPrefix(c.db, "sqlite:")
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if content, err := os.ReadFile(name); err == nil {
			secrets.in(t, "the database file", string(content))
		}
	}
	secrets["a code"], secrets["an address"] = code, alice.Email
	response, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	measured, err := io.ReadAll(response.Body)
	if err != nil || !bytes.Contains(measured, []byte("stepup_request_duration_seconds")) {
		t.Errorf("no metrics: %v", err)
	}
	for what, text := range map[string]string{
		"metrics": string(measured), "the program's log": c.nodes[0].Log(),
		"a refusal":    string(slices.Concat(refused.Body, bounced.Body)),
		"audit export": c.run(t, "", "audit", "export"), "env show": c.run(t, "", "env", "show", servertest.A),
		"token list": c.run(t, "", "token", "list"),
	} {
		secrets.in(t, what, text)
	}
	// What people read names whom it concerns, by the addresses they have now; no entry does.
	delete(secrets, "an address")
	secrets.in(t, "audit query", c.run(t, "", "audit", "query"))
	// F15: nothing of that is on the public side, nor the other way round.
	c.must(t, 0, "GET", "/metrics", nil, nil).Want(t, 404, "")
	c.must(t, 0, "GET", "/debug/pprof/", nil, nil).Want(t, 404, "")
	if r, err := call(t.Context(), http.DefaultClient, "GET http://"+metrics+sdk("/settings"), nil, nil); err != nil || r.Status != 404 {
		t.Errorf("the metrics listener answers %d %v to the API", r.Status, err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
