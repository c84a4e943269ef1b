package attack_test

import (
	"encoding/base32"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

// enrolled gives the user an authenticator app, by a proof, and returns what makes
// its codes: one per time step, so that a test need not wait for the next.
func (c *cluster) enrolled(t *testing.T, user *servertest.Session) (code func(step int64) string) {
	t.Helper()
	answer := c.must(t, 0, "GET", user.Path("/users/mfa/register/totp"), user.Header(c.stepUp(t, user, "credential:link")), nil).Want(t, 200, "")
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(answer.Member("secret"))
	if err != nil {
		t.Fatal(err)
	}
	code = func(step int64) string { return totp.Code(key, totp.StepAt(time.Now())+step) }
	c.must(t, 0, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"id": answer.Member("id"), "code": code(-1)}).Want(t, 200, "")
	return code
}

// C1: the newest version is accepted with --strict on the command line while two
// server processes are under a constant load of calls with an MFA token. Of those
// begun after the acknowledgement not one opens a gate, on either; calls with an
// elevated token pass before, during and after.
func TestC1AcceptanceUnderLoad(t *testing.T) {
	t.Parallel()
	c := startCluster(t, store.Postgres, 2)
	c.run(t, servertest.Document(servertest.Legacy, old), "env", "apply", "-")
	legacy := c.signInAt(t, servertest.Legacy, "legacy-load@example.com")
	code := c.enrolled(t, legacy)
	token := c.must(t, 0, "POST", legacy.Path("/users/mfa/auth/totp"), legacy.Header(), m{"code": code(0), "createMfaToken": m{"singleUse": false}}).Want(t, 200, "").Member("mfaToken")
	modern := c.signInAt(t, servertest.Legacy, "modern-load@example.com")
	elevated := c.stepUp(t, modern, "user:update")

	var accepted atomic.Bool
	before, after, modernCalls := newMilestone(), newMilestone(), newMilestone()
	stop := make(chan struct{})
	var load sync.WaitGroup
	run := func(node int, call func(node int)) {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					call(node)
				}
			}
		})
	}
	update := func(node int, user *servertest.Session, header http.Header) servertest.Response {
		r, err := c.do(t, node, "PUT", user.Path("/users"), header, m{"alias": "Ada"})
		if err != nil {
			t.Error(err)
		}
		return r
	}
	for node := range c.nodes {
		run(node, func(node int) {
			late := accepted.Load()
			switch r := update(node, legacy, withMFAToken(legacy, token)); {
			case late && r.Status != 403:
				t.Errorf("an MFA token opened a gate on node %d after the acknowledgement: %d", node, r.Status)
			case late:
				after.add()
			case r.Status == 200:
				before.add()
			case r.Status != 403:
				t.Errorf("node %d: %d %s", node, r.Status, r.Body)
			}
		})
		run(node, func(node int) {
			if r := update(node, modern, modern.Header(elevated)); r.Status != 200 {
				t.Errorf("a call with a good elevated token failed on node %d: %d %s", node, r.Status, r.Body)
			}
			modernCalls.add()
		})
	}
	before.wait(t, "calls with an MFA token before the acceptance")
	modernCalls.wait(t, "calls with an elevated token before the acceptance")
	c.run(t, "", "env", "accept", "--strict", "--yes", servertest.Legacy)
	accepted.Store(true)
	after.wait(t, "calls with an MFA token after the acceptance")
	close(stop)
	load.Wait()
	t.Logf("%d calls with an MFA token passed before, %d were refused after; %d calls with an elevated token passed", before.n.Load(), after.n.Load(), modernCalls.n.Load())
}

// milestone counts, and tells when it has counted far enough.
type milestone struct {
	n       atomic.Int64
	reached chan struct{}
}

func newMilestone() *milestone { return &milestone{reached: make(chan struct{})} }

func (c *milestone) add() {
	if c.n.Add(1) == 40 {
		close(c.reached)
	}
}

func (c *milestone) wait(t *testing.T, what string) {
	t.Helper()
	select {
	case <-c.reached:
	case <-time.After(time.Minute):
		t.Errorf("%s: only %d", what, c.n.Load())
	}
}
