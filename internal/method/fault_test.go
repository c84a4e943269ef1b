package method_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/nonce"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/who"
)

var errCable = errors.New("the cable was pulled")

// breaker fails the nth step of the store, once. Among the steps are both ends
// of every commit: failed and not stored, failed but stored.
type breaker struct {
	n, seen int
	fired   bool
}

func (b *breaker) fault(string) error {
	if b.n == 0 {
		return nil
	}
	if b.seen++; b.seen == b.n {
		b.fired = true
		return errCable
	}
	return nil
}

// pairs are states and the audit entries that must be as many.
var pairs = []struct{ state, action string }{
	{`SELECT COUNT(*) FROM users`, "user.created"},
	{`SELECT COUNT(*) FROM credentials`, "credential.linked"},
	{`SELECT COUNT(*) FROM sessions`, "session.started"},
	{`SELECT COUNT(*) FROM code_challenges WHERE consumed_at IS NOT NULL`, "proof.given"},
	{`SELECT COUNT(*) FROM elevated_tokens`, "token.minted"},
	{`SELECT COUNT(*) FROM elevated_tokens WHERE consumed_at IS NOT NULL`, "token.consumed"},
}

// A flow that must hold: prepare runs undisturbed, do with one step failing. do
// says whether something was handed out, and check what must be true after.
type flow struct {
	name    string
	prepare func(t *testing.T, w *tenanttest.World, i int)
	do      func(ctx context.Context, w *tenanttest.World) (handedOut bool, err error)
	after   func(t *testing.T, w *tenanttest.World)
}

func flows() []flow {
	var ada store.SessionRow
	var id, code, token string
	var once string
	ask := func(purpose method.Purpose, address string) func(*testing.T, *tenanttest.World, int) {
		return func(t *testing.T, w *tenanttest.World, i int) {
			mine := fmt.Sprintf("ada%d@example.com", i) // a fresh user: what earlier rounds left must not add steps
			ada = w.SignIn(t, mine)
			r := emailcode.Request{Purpose: purpose, Address: address}
			if address == "own" {
				r.Address = mine
			} else {
				r.Address = fmt.Sprintf("user%d@example.com", i)
			}
			c := w.As(&ada)
			if purpose == method.SignIn {
				c = w.As(nil)
			}
			id, code = w.Ask(t, c, r)
		}
	}
	elevated := func(t *testing.T, w *tenanttest.World, _ int) {
		ada = w.SignIn(t, "ada@example.com")
		token = w.Elevate(t, ada, "ada@example.com", stepup.WalletExport)
	}
	// again spends what may have been spent already: never with success when it was.
	again := func(t *testing.T, w *tenanttest.World) {
		spent := w.Count(t, `SELECT COUNT(*) FROM elevated_tokens WHERE id = $1 AND consumed_at IS NOT NULL`,
			who.Present(t.Context(), w.Tenant, token).ID())
		if _, err := w.Spend(t, ada, token, stepup.WalletExport); (err == nil) != (spent == 0) {
			t.Errorf("spent before: %d; now: %v", spent, err)
		}
	}
	consume := func(ctx context.Context, w *tenanttest.World) (first bool, err error) {
		d := enforce.Demand{Scope: stepup.WalletExport, OperationID: id}
		c := who.Caller{By: tenanttest.By, Tenant: w.Tenant, Elevated: who.Present(ctx, w.Tenant, token)}
		err = w.DB.Write(ctx, func(tx *store.Tx) error {
			opened, err := enforce.Spend(c, tx, d, enforce.GuardedOperation{RequestDigest: "digest", Guard: "guard"})
			first = !opened.Replayed
			return err
		})
		return first && err == nil, err
	}
	return []flow{
		{"stepping up", ask(method.InSession, "own"), func(ctx context.Context, w *tenanttest.World) (bool, error) {
			text, err := w.Grant(ctx, emailcode.Method{}, w.Attempt(&ada, id, code), stepup.WalletExport)
			return text != "", err
		}, nil},
		{"signing up", ask(method.SignIn, "other"), func(ctx context.Context, w *tenanttest.World) (bool, error) {
			var row store.SessionRow
			err := w.Check(ctx, w.Attempt(nil, id, code), func(tx *store.Tx, p method.Proof) (err error) {
				if row, err = tenanttest.Enter(tx, w.Tenant, p); err != nil {
					return err
				}
				p, err = p.Rebind(tx)
				if err != nil {
					return err
				}
				_, err = elevate.GrantAtSignIn(w.As(&row), tx, p)
				return err
			})
			return err == nil, err
		}, nil},
		{"linking", ask(method.Update, "other"), func(ctx context.Context, w *tenanttest.World) (bool, error) {
			err := w.Check(ctx, w.Attempt(&ada, id, code), func(tx *store.Tx, p method.Proof) error {
				e := p.Evidence()
				_, err := account.Link(w.About(ada.UserID), tx, account.Address{Format: e.Format, Identifier: e.Identifier,
					Written: e.Recipient}, account.Authority{Provenance: store.ProvenanceElevatedToken})
				return err
			})
			return err == nil, err
		}, func(t *testing.T, w *tenanttest.World) { w.Mails(t) }},
		{"a wrong code", ask(method.InSession, "own"), func(ctx context.Context, w *tenanttest.World) (bool, error) {
			text, err := w.Grant(ctx, emailcode.Method{}, w.Attempt(&ada, id, "wrong"), stepup.WalletExport)
			if err == nil {
				return true, errors.New("a wrong code was right")
			}
			return text != "", nilUnless(err, errCable)
		}, nil},
		{"spending", elevated, func(ctx context.Context, w *tenanttest.World) (bool, error) {
			var spent string
			err := w.DB.Write(ctx, func(tx *store.Tx) error {
				c := who.Caller{By: tenanttest.By, Tenant: w.Tenant, Session: &ada, Elevated: who.Present(ctx, w.Tenant, token)}
				opened, err := enforce.Spend(c, tx, enforce.Demand{Scope: stepup.WalletExport}, nil)
				spent = opened.Token.ID
				return err
			})
			return spent != "" && err == nil, err
		}, again},
		{"consuming", func(t *testing.T, w *tenanttest.World, i int) {
			elevated(t, w, i)
			id = fmt.Sprint("operation ", i)
		}, consume, func(t *testing.T, w *tenanttest.World) {
			// The guard asks again under the same id: it never hears "first" twice.
			before := w.Audited(t, "token.consumed")
			first, err := consume(t.Context(), w)
			if now := w.Audited(t, "token.consumed"); err != nil || first != (now > before) {
				t.Errorf("asking again: first %v, %v; consumed %d, then %d", first, err, before, now)
			}
			again(t, w)
		}},
		{"a nonce", func(t *testing.T, w *tenanttest.World, _ int) {
			once = nonce.New(w.DB.Hasher(), tenanttest.ID, storetest.Epoch(t, w.DB), w.Now())
		}, func(ctx context.Context, w *tenanttest.World) (bool, error) {
			err := w.DB.Write(ctx, func(tx *store.Tx) error { return nonce.Spend(tx, tenanttest.ID, once) })
			return err == nil, err
		}, nil},
	}
}

func nilUnless(err, target error) error {
	if errors.Is(err, target) {
		return err
	}
	return nil
}

// Every call to the store fails once, at every place of every flow: never a
// token, never success, and each change of state has its audit entry or neither
// is there (A7).
func TestEveryStepFailsOnce(t *testing.T) {
	for _, f := range flows() {
		t.Run(f.name, func(t *testing.T) {
			clock, breaks := &storetest.Clock{}, &breaker{}
			w := tenanttest.New(t, storetest.SQLite(t, storetest.WithClock(clock), storetest.WithFault(breaks.fault)), clock,
				tenanttest.Document("limits: {codesPerHour: 100000, codesPerIP: {count: 100000, per: 10m}}"))
			steps := 0
			for i := 1; ; i++ {
				clock.Advance(time.Hour)
				f.prepare(t, w, i)
				*breaks = breaker{n: i}
				handedOut, err := f.do(t.Context(), w)
				fired := breaks.fired
				*breaks = breaker{}
				if fired && (err == nil || handedOut) {
					t.Errorf("step %d failed, but the flow said %v and handed out: %v", i, err, handedOut)
				}
				for _, p := range pairs {
					if state, audited := w.Count(t, p.state), w.Audited(t, p.action); state != audited {
						t.Errorf("step %d: %d of %s, %d audited", i, state, p.action, audited)
					}
				}
				if f.after != nil {
					f.after(t, w)
				}
				if !fired {
					if err != nil {
						t.Errorf("undisturbed: %v", err)
					}
					break
				}
				steps++
			}
			if steps < 3 {
				t.Errorf("only %d steps were broken", steps)
			}
			t.Logf("%d steps", steps)
		})
	}
}
