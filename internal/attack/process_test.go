package attack_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/stepup-auth/stepup/internal/deliver/delivertest"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/server/processtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil { // they wait for disks and mails, not for processors
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(processtest.Main(m))
}

// cluster is one database and the server processes on it.
type cluster struct {
	nodes  []*processtest.Process
	mail   *delivertest.Server
	key    secret.Text
	db     string
	guard  string // service token
	client *http.Client
	env    []string
}

const publicURL = processtest.PublicURL

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
	c.env = processtest.Environ("STEPUP_DATABASE_URL="+c.db, "STEPUP_MASTER_KEY="+key.Reveal(), "STEPUP_SMTP_URL="+c.mail.URL,
		"STEPUP_PUBLIC_URL="+publicURL, "STEPUP_LISTEN=127.0.0.1:0")
	c.env = append(c.env, extra...)
	c.run(t, servertest.Document(servertest.A, ""), "env", "apply", "-")
	c.guard = c.run(t, "", "token", "create", "--name", "guard", "--env", servertest.A, "--scope", "tokens.consume")
	for range n {
		c.nodes = append(c.nodes, c.start(t))
	}
	return c
}

// run is one command of the program.
func (c *cluster) run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	return processtest.Run(t, c.env, stdin, args...)
}

func (c *cluster) start(t *testing.T, extra ...string) *processtest.Process {
	t.Helper()
	return processtest.Launch(t, append(slices.Clip(c.env), extra...), "serve")
}

// do sends a request to one of the nodes.
func (c *cluster) do(t testing.TB, node int, method, path string, header http.Header, body any) (servertest.Response, error) {
	return call(t.Context(), c.client, method+" "+c.nodes[node%len(c.nodes)].URL+path, header, body)
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
