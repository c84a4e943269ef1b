package social_test

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// try begins a trial and takes the browser to the provider and back.
func (h house) try(t testing.TB, r social.Request) (state string) {
	t.Helper()
	state = rand.Text()
	e, to := h.endpoint(t, r), ""
	h.Write(t, func(tx *store.Tx) (err error) {
		to, err = social.Try(tx, r, e, state)
		return err
	})
	if got, err := social.Tried(t.Context(), h.DB, h.client, r, state); err != nil || !got.Pending {
		t.Errorf("before anybody came back: %+v, %v", got, err)
	}
	b, err := h.returned(t, r, visit(t, to))
	if err != nil || b.to.String() != "" {
		t.Fatalf("came back to %q, %v", b.to, err)
	}
	return state
}

func (h house) users(t testing.TB) (n int) {
	t.Helper()
	h.Read(t, func(tx *store.Tx) error {
		return tx.Row(`SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM sessions) +
			(SELECT count(*) FROM credentials)`).Scan(&n)
	})
	return n
}

// A trial goes the whole way and says who came back; nobody is signed in, made or linked
// by it, and it is the operator's own, once.
func TestTrial(t *testing.T) {
	engines(t, func(t *testing.T, h house) {
		r := h.request(nil, "acme")
		r.Trial = "operator:ada"
		state := h.try(t, r)
		before := h.users(t)

		other := r
		other.Trial = "operator:eve"
		if _, err := social.Tried(t.Context(), h.DB, h.client, other, state); !fault.Has(err, fault.OtherVerifyFailure) {
			t.Errorf("another operator: %v", err)
		}
		h.Read(t, func(tx *store.Tx) error {
			for _, asks := range []social.Request{r, h.request(nil, "acme")} {
				if done, code, _, err := social.Result(tx, asks, state); done || code != "" || err == nil {
					t.Errorf("an app is told %t, %q, %v", done, code, err)
				}
			}
			return nil
		})

		got, err := social.Tried(t.Context(), h.DB, h.client, r, state)
		if err != nil || got.Pending || len(got.Steps) < 3 || got.Account.Subject == "" {
			t.Fatalf("%+v, %v", got, err)
		}
		for _, step := range got.Steps {
			if step.Did == "" || step.Failed != "" {
				t.Errorf("%+v", step)
			}
		}
		if _, err := social.Tried(t.Context(), h.DB, h.client, r, state); err == nil {
			t.Error("a trial is good twice")
		}
		if after := h.users(t); after != before {
			t.Errorf("%d rows of users, sessions and credentials, %d before", after, before)
		}
	})
}

// Whoever learns all that a trial leaves behind signs nobody in by it.
func TestTrialSignsNobodyIn(t *testing.T) {
	h := sqlite(t)
	r := h.request(nil, "acme")
	r.Trial = "operator:ada"
	state := h.try(t, r)
	code := h.codeOf(t, state)
	m := social.Method{Client: h.client, Provider: "acme", State: state}
	err := method.Check(t.Context(), h.DB, m, method.Attempt{Caller: h.As(nil), Response: secret.Text(code)},
		func(tx *store.Tx, p method.Proof) error {
			_, err := tenanttest.Enter(tx, h.Tenant, p)
			return err
		})
	if !fault.Has(err, fault.OtherVerifyFailure) {
		t.Errorf("signing in with the code of a trial: %v", err)
	}
}

// codeOf is the code of ours that a flow holds, which nobody is told.
func (h house) codeOf(t testing.TB, state string) (code string) {
	t.Helper()
	h.Read(t, func(tx *store.Tx) (err error) {
		code, err = social.CodeOf(tx, tenanttest.ID, state)
		return err
	})
	if code == "" {
		t.Fatal("the flow has no code")
	}
	return code
}

// What goes wrong at the provider is said, and holds no secret.
func TestTrialOfABadSetup(t *testing.T) {
	h := sqlite(t)
	r := h.request(nil, "acme")
	r.Trial = "operator:ada"
	state := rand.Text()
	e := h.endpoint(t, r)
	var to string
	h.Write(t, func(tx *store.Tx) (err error) {
		to, err = social.Try(tx, r, e, state)
		return err
	})
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	h.Write(t, func(tx *store.Tx) error {
		_, err := social.Return(tx, r, e, social.Returned{State: u.Query().Get("state"), Code: "made up", Issuer: e.Issuer})
		return err
	})
	got, err := social.Tried(t.Context(), h.DB, h.client, r, state)
	if err != nil || got.Account.Subject != "" || len(got.Steps) != 2 ||
		!strings.Contains(got.Steps[1].Failed, "token endpoint answered 400") {
		t.Errorf("%+v, %v", got, err)
	}
}
