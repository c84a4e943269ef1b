package attack_test

import (
	"encoding/base32"
	"fmt"
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
	answer := c.must(t, 0, "GET", user.Path("/users/mfa/register/totp"), user.Header(c.stepUp(t, user, "credential:link")), nil).
		Want(t, 200, "")
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(answer.Member("secret"))
	if err != nil {
		t.Fatal(err)
	}
	code = func(step int64) string { return totp.Code(key, totp.StepAt(time.Now())+step) }
	c.must(t, 0, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"id": answer.Member("id"), "code": code(-1)}).Want(t, 200, "")
	return code
}

// oldWallets is an environment on action-based MFA whose users have wallets.
const oldWallets = servertest.EmbeddedOn + `sessions: {lifetime: 10d, idle: 10d}
mfa:
  methods: [{type: totp, enabled: true, allowBackupCodes: true}]
  actions:
    - {action: user.update, required: true}
    - {action: wallet.waas.export, required: true}
    - {action: wallet.waas.sign, required: true}
    - {action: wallet.waas.refresh, required: true}
    - {action: wallet.waas.reshare, required: true}
`

// C1: the newest version is accepted with --strict on the command line while two
// server processes, with a wallet service of processes of its own, are under a
// constant load of calls with an MFA token: changes of the user, signatures and
// exports. Of those begun after the acknowledgement not one opens a gate, on
// either; calls with an elevated token pass before, during and after.
func TestC1AcceptanceUnderLoad(t *testing.T) {
	t.Parallel()
	wallets := startWallets(t, "{signaturesPerMinute: 1000000, exportsPerDay: 1000000}")
	c := startCluster(t, store.Postgres, 0)
	c.startWith(t, wallets, 2)
	c.run(t, servertest.Document(servertest.Legacy, oldWallets), "env", "apply", "-")
	withWallet := func(email string) (user *servertest.Session, wallet string) {
		user = c.signInAt(t, servertest.Legacy, email)
		id := c.must(t, 0, "POST", user.Path("/waas/create"), user.Header(), m{"chain": "EVM"}).Want(t, 200, "").Member("walletId")
		return user, user.Path("/waas/" + id)
	}
	legacy, legacyWallet := withWallet("legacy-load@example.com")
	code := c.enrolled(t, legacy)
	token := c.must(t, 0, "POST", legacy.Path("/users/mfa/auth/totp"), legacy.Header(),
		m{"code": code(0), "createMfaToken": m{"singleUse": false}}).Want(t, 200, "").Member("mfaToken")

	type action struct {
		name, scope, method, path string
		single                    bool // its elevated token is good for one call
		body                      m
	}
	actions := func(user *servertest.Session, wallet string) []action {
		return []action{
			{"update", "user:update", "PUT", user.Path("/users"), false, m{"alias": "Ada"}},
			{"sign", "wallet:sign", "POST", wallet + "/signMessage", true, m{"message": "hi"}},
			{"export", "wallet:export", "POST", wallet + "/privateKey/export", true, m{"exportPublicKey": exportKey(9)}},
		}
	}
	var accepted atomic.Bool
	var before, after []*milestone
	stop := make(chan struct{})
	var load sync.WaitGroup
	end := sync.OnceFunc(func() { close(stop); load.Wait() })
	defer end()
	run := func(call func()) {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					call()
				}
			}
		})
	}
	do := func(node int, a action, header http.Header) servertest.Response {
		r, err := c.do(t, node, a.method, a.path, header, a.body)
		if err != nil {
			t.Error(err)
		}
		return r
	}
	for node := range c.nodes {
		for _, a := range actions(legacy, legacyWallet) {
			what := fmt.Sprintf("%s on node %d", a.name, node)
			open, refused := newMilestone(what), newMilestone(what)
			before, after = append(before, open), append(after, refused)
			run(func() {
				late := accepted.Load()
				switch r := do(node, a, withMFAToken(legacy, token)); {
				case late:
					if r.Status != 403 || r.Code != "elevated_access_token_required" {
						t.Errorf("%s with an MFA token after the acknowledgement: %d %s", what, r.Status, r.Body)
					}
					refused.add()
				case r.Status == 200:
					open.add()
				case r.Status != 403:
					t.Errorf("%s: %d %s", what, r.Status, r.Body)
				}
			})
		}
		// Without a factor of action-based MFA, so that codes by mail are strong enough:
		// there are as many as the load needs.
		modern, modernWallet := withWallet(fmt.Sprintf("modern-load-%d@example.com", node))
		lasting := c.stepUp(t, modern, "user:update")
		what := fmt.Sprintf("calls with an elevated token on node %d", node)
		passed, passedLate := newMilestone(what), newMilestone(what)
		before, after = append(before, passed), append(after, passedLate)
		run(func() {
			for _, a := range actions(modern, modernWallet) {
				text := lasting
				if a.single {
					text = c.stepUp(t, modern, a.scope)
				}
				late := accepted.Load()
				if r := do(node, a, modern.Header(text)); r.Status != 200 {
					t.Errorf("%s with a good elevated token on node %d: %d %s", a.name, node, r.Status, r.Body)
				}
				if late {
					passedLate.add()
				} else {
					passed.add()
				}
			}
		})
	}
	for _, counted := range before {
		counted.wait(t, "before the acceptance")
	}
	c.run(t, "", "env", "accept", "--strict", "--yes", servertest.Legacy)
	accepted.Store(true)
	for _, counted := range after {
		counted.wait(t, "after the acceptance")
	}
	end()
	for i := range before {
		t.Logf("%s: %d passed before, %d counted after", before[i].what, before[i].n.Load(), after[i].n.Load())
	}
}

// milestone counts, and tells when it has counted far enough.
type milestone struct {
	what    string
	n       atomic.Int64
	reached chan struct{}
}

func newMilestone(what string) *milestone {
	return &milestone{what: what, reached: make(chan struct{})}
}

func (c *milestone) add() {
	if c.n.Add(1) == 20 {
		close(c.reached)
	}
}

func (c *milestone) wait(t *testing.T, when string) {
	t.Helper()
	select {
	case <-c.reached:
	case <-time.After(time.Minute):
		t.Errorf("%s %s: only %d", c.what, when, c.n.Load())
	}
}
