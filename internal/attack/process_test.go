package attack_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/deliver/delivertest"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/token"
)

var folder string // of the binary

func TestMain(m *testing.M) {
	flag.Parse()
	err := flag.Set("test.parallel", "6") // they wait for disks and mails, not for processors
	if err == nil {
		folder, err = os.MkdirTemp("", "stepup-attack")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// binary is the real program, without the race detector.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "stepup")
	build := exec.Command("go", "build", "-o", path, "github.com/stepup-auth/stepup/cmd/stepup")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building stepup: %w\n%s", err, out)
	}
	return path, nil
})

// cluster is one database and the server processes on it.
type cluster struct {
	nodes  []*node
	mail   *delivertest.Server
	key    secret.Text
	db     string
	guard  string // service token
	client *http.Client
	env    []string
}

// publicURL is what all nodes of a cluster say they are; nobody resolves it.
const publicURL = "https://stepup.test"

// startCluster runs n server processes on a fresh database of the engine.
func startCluster(t *testing.T, engine string, n int, extra ...string) *cluster {
	t.Helper()
	key, err := seal.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{
		mail: delivertest.Start(t, delivertest.Options{RequireAuth: true}), key: key, db: storetest.URL(t, engine),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}},
	}
	t.Cleanup(c.client.CloseIdleConnections)
	c.env = append(cleanEnviron(), "STEPUP_DATABASE_URL="+c.db, "STEPUP_MASTER_KEY="+key.Reveal(), "STEPUP_SMTP_URL="+c.mail.URL,
		"STEPUP_PUBLIC_URL="+publicURL, "STEPUP_LISTEN=127.0.0.1:0")
	c.env = append(c.env, extra...)
	c.run(t, servertest.Document(servertest.A, ""), "env", "apply", "-")
	c.guard = c.run(t, "", "token", "create", "--name", "guard", "--env", servertest.A, "--scope", "tokens.consume")
	for range n {
		c.nodes = append(c.nodes, c.start(t))
	}
	return c
}

// cleanEnviron is the environment without settings of the program.
func cleanEnviron() []string {
	return slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "STEPUP_") })
}

// run is one command of the program.
func (c *cluster) run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env, cmd.Stdin = c.env, strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("stepup %v: %v\n%s", args, err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out))
}

// node is one running process: `stepup serve`, or a role of the wallet service.
type node struct {
	url    string
	cmd    *exec.Cmd
	log    *lines
	exited chan struct{}
}

func (c *cluster) start(t *testing.T, extra ...string) *node {
	t.Helper()
	return launch(t, append(slices.Clip(c.env), extra...), "serve")
}

// launch starts the program and waits until it says where it listens.
func launch(t *testing.T, env []string, args ...string) *node {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	n := &node{cmd: exec.Command(path, args...), log: newLines(), exited: make(chan struct{})}
	n.cmd.Env, n.cmd.Stdout, n.cmd.Stderr = env, n.log, n.log
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = n.cmd.Wait(); close(n.exited) }()
	t.Cleanup(n.kill)
	select {
	case n.url = <-n.log.serving:
	case <-n.exited:
		t.Fatalf("stepup %v ended:\n%s", args, n.log)
	case <-time.After(30 * time.Second):
		t.Fatalf("stepup %v does not start:\n%s", args, n.log)
	}
	return n
}

// kill is kill -9.
func (n *node) kill() {
	_ = n.cmd.Process.Kill()
	<-n.exited
}

// lines keeps a log, and finds the address in it.
type lines struct {
	serving chan string

	mu   sync.Mutex
	text bytes.Buffer
	said bool
}

func newLines() *lines { return &lines{serving: make(chan string, 1)} }

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	for line := range bytes.Lines(p) {
		var entry struct{ Msg, Listen string }
		if json.Unmarshal(line, &entry) == nil && entry.Msg == "serving" && !l.said {
			l.said = true
			l.serving <- "http://" + entry.Listen
		}
	}
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// do sends a request to one of the nodes.
func (c *cluster) do(t testing.TB, node int, method, path string, header http.Header, body any) (servertest.Response, error) {
	return call(t.Context(), c.client, method+" "+c.nodes[node%len(c.nodes)].url+path, header, body)
}

func (c *cluster) must(t testing.TB, node int, method, path string, header http.Header, body any) servertest.Response {
	t.Helper()
	r, err := c.do(t, node, method, path, header, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// signIn returns the session token and the user.
func (c *cluster) signIn(t testing.TB, email string) *servertest.Session {
	t.Helper()
	return c.signInAt(t, servertest.A, email)
}

func (c *cluster) signInAt(t testing.TB, environment, email string) *servertest.Session {
	t.Helper()
	path := servertest.SDK(environment) + "/emailVerifications"
	id := c.must(t, 0, "POST", path+"/create", nil, m{"email": email}).Want(t, 200, "").Member("verificationUUID")
	var answer struct {
		MinifiedJWT string
		User        struct{ ID, SessionID, LastVerifiedCredentialID string }
	}
	c.must(t, 0, "POST", path+"/signin", nil, typed(id, c.mail.Wait(t, email).Code())).Want(t, 200, "").JSON(t, &answer)
	return &servertest.Session{
		Environment: environment, Email: email, Token: answer.MinifiedJWT, UserID: answer.User.ID, ID: answer.User.SessionID,
		CredentialID: answer.User.LastVerifiedCredentialID,
	}
}

// sendCode asks for a code in the session.
func (c *cluster) sendCode(t testing.TB, user *servertest.Session) (id, code string) {
	t.Helper()
	id = c.must(t, 0, "POST", user.Path("/emailVerifications/create"), user.Header(), m{"email": user.Email}).
		Want(t, 200, "").Member("verificationUUID")
	return id, c.mail.Wait(t, user.Email).Code()
}

func (c *cluster) stepUp(t testing.TB, user *servertest.Session, scopes ...string) string {
	t.Helper()
	id, code := c.sendCode(t, user)
	r := c.must(t, 0, "POST", user.Path("/emailVerifications/verify"), user.Header(), typed(id, code, scopes...)).Want(t, 200, "")
	return r.Member("elevatedAccessToken")
}

// mint writes single-use tokens into the database of a cluster that is down,
// as step-ups would have, only faster.
func (c *cluster) mint(t *testing.T, user *servertest.Session, n int) []string {
	t.Helper()
	box, err := seal.ParseMasterKey(c.key)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Config{URL: c.db, Box: box})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const audience = "https://bank.example"
	var tokens []string
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		tokens = nil
		keys, err := token.Load(tx, servertest.A)
		if err != nil {
			return err
		}
		issued := tx.Now().Truncate(time.Second)
		expires := issued.Add(300 * time.Second)
		for range n {
			row := store.ElevatedTokenRow{
				ID: uuid.NewString(), EnvironmentID: servertest.A, UserID: user.UserID, SessionID: user.ID, CredentialID: user.CredentialID,
				Method: "email_otp", Scopes: []string{transfer}, Audience: audience, ACR: "urn:stepup:reauth", SingleUse: true,
				IssuedAt: issued, ExpiresAt: expires,
			}
			if err := tx.InsertElevatedToken(row); err != nil {
				return err
			}
			text, err := keys.Sign(tx.Now(), token.Elevated, m{
				"iss": publicURL + servertest.SDK(servertest.A), "aud": audience, "sub": user.UserID, "sid": user.ID,
				"environment_id": servertest.A, "scope": transfer, "singleUse": true, "jti": row.ID, "iat": issued.Unix(),
				"exp": expires.Unix(), "auth_time": issued.Unix(),
				"acr": row.ACR, "amr": []string{"otp"}, "credential_id": user.CredentialID,
			})
			if err != nil {
				return err
			}
			tokens = append(tokens, text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// A1, K1: the serving process is killed at random moments; what it had said was
// consumed is never consumed again.
func TestA1KilledServerForgetsNoConsume(t *testing.T) {
	t.Parallel()
	rounds, perRound := 10, 48
	if long() {
		rounds = 50
	}
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := startCluster(t, engine, 1)
			user := c.signIn(t, "killed@example.com")
			acknowledged, silent := 0, 0
			var before []string
			wasAcknowledged := map[string]bool{}
			for round := range rounds + 1 {
				c.nodes[0].kill()
				tokens := c.mint(t, user, perRound)
				c.nodes[0] = c.start(t)
				for _, text := range before {
					first := c.first(t, text, uuid.NewString()) == nil
					switch {
					case first && wasAcknowledged[text]:
						t.Fatalf("round %d: an acknowledged consume came back", round)
					case !first && !wasAcknowledged[text]:
						silent++
					}
				}
				if round == rounds {
					break
				}
				wasAcknowledged = c.consumeUntilKilled(t, tokens)
				acknowledged += len(wasAcknowledged)
				before = tokens
			}
			t.Logf("%d rounds: %d consumes acknowledged, %d done without an acknowledgement", rounds, acknowledged, silent)
		})
	}
}

var errNotFirst = errors.New("not the first")

// first consumes a token and reports whether the answer is a permission.
func (c *cluster) first(t testing.TB, text, operation string) error {
	r, err := c.do(t, 0, "POST", sdk("/tokens/consume"), servertest.Bearer(c.guard), question(text, transfer, operation))
	switch {
	case err != nil:
		return err
	case r.Status == 200 && r.Member("result") == "first":
		return nil
	case r.Status == 200 || r.Status == 403 && reason(r) == "spent":
		return errNotFirst
	}
	return fmt.Errorf("answer %d: %s", r.Status, r.Body)
}

// consumeUntilKilled lets two workers race for each token, kills the server
// after a random number of answers, and returns which were acknowledged.
func (c *cluster) consumeUntilKilled(t *testing.T, tokens []string) map[string]bool {
	t.Helper()
	const workers = 8
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	last := 1 + rand.IntN(len(tokens)-workers)
	var killing sync.WaitGroup
	together(workers, func(worker int) {
		for i := worker / 2; i < len(tokens); i += workers / 2 {
			err := c.first(t, tokens[i], uuid.NewString())
			if errors.Is(err, errNotFirst) {
				continue
			}
			if err != nil {
				return // killed
			}
			mu.Lock()
			if acknowledged[tokens[i]] {
				t.Error("two workers were both the first")
			}
			acknowledged[tokens[i]] = true
			if len(acknowledged) == last {
				killing.Go(c.nodes[0].kill)
			}
			mu.Unlock()
		}
	})
	killing.Wait()
	if len(acknowledged) < last {
		t.Fatalf("only %d of %d consumes were acknowledged:\n%s", len(acknowledged), last, c.nodes[0].log)
	}
	return acknowledged
}
