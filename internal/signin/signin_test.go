package signin_test

import (
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/who"
)

// Whatever stands in front of it signs in, steps up and links like this: no request,
// no answer, a caller and a transaction.

// code asks for an email code, signed out or in the session, and hands the proof of
// it to then.
func code(
	t testing.TB, w *tenanttest.World, s *store.SessionRow, address string,
	then func(who.Caller, *store.Tx, method.Proof) (signin.Signed, error),
) (answer signin.Answer, err error) {
	t.Helper()
	purpose := method.SignIn
	if s != nil {
		purpose = method.InSession
	}
	id, typed := w.Ask(t, w.As(s), emailcode.Request{Purpose: purpose, Address: address})
	var signed signin.Signed
	err = w.Check(t.Context(), w.Attempt(s, id, typed), func(tx *store.Tx, proof method.Proof) (err error) {
		signed, err = then(w.As(s), tx, proof)
		return err
	})
	if err != nil {
		return answer, err
	}
	answer, err = signed.Sign(w.Tenant, w.Now())
	if err != nil {
		t.Fatal(err)
	}
	return answer, nil
}

func in(mayLinkFactor bool) func(who.Caller, *store.Tx, method.Proof) (signin.Signed, error) {
	return func(c who.Caller, tx *store.Tx, proof method.Proof) (signin.Signed, error) {
		return signin.In(c, tx, proof, session.Device{Origin: "https://app.example.com"}, mayLinkFactor)
	}
}

func prove(step signin.Step) func(who.Caller, *store.Tx, method.Proof) (signin.Signed, error) {
	return func(c who.Caller, tx *store.Tx, proof method.Proof) (signin.Signed, error) {
		return signin.Prove(c, tx, proof, step)
	}
}

// Signing in opens a session and mints nothing, unless a first factor is to be linked.
func TestIn(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		first, err := code(t, w, nil, "ada@example.com", in(false))
		if err != nil || !first.User.NewUser || first.User.Email != "ada@example.com" || first.Session.Minified == "" ||
			first.Elevated != "" {
			t.Errorf("%+v, %v", first, err)
		}
		again, err := code(t, w, nil, "ada@example.com", in(true))
		if err != nil || again.User.NewUser || again.User.ID != first.User.ID || again.User.SessionID == first.User.SessionID {
			t.Errorf("%+v, %v", again, err)
		}
		ada := w.SignIn(t, "ada@example.com")
		for scope, opens := range map[stepup.Scope]bool{stepup.CredentialLink: true, stepup.CredentialUnlink: false} {
			ada.ID = again.User.SessionID
			if err := w.Judge(t, ada, again.Elevated, scope); (err == nil) != opens {
				t.Errorf("what signing in minted, for %s: %v", scope, err)
			}
		}
		if _, err := code(t, w, &ada, "ada@example.com", in(false)); !fault.Has(err, fault.InvalidEmailVerification) {
			t.Errorf("a code asked for in a session signs in: %v", err)
		}
	})
}

// A proof inside a session mints for the scopes that are asked for, or does what the
// step says, and nothing of both.
func TestProve(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		never := func(*store.Tx, method.Proof) (store.CredentialRow, error) {
			t.Error("linked although scopes were asked for")
			return store.CredentialRow{}, nil
		}
		step := signin.Step{Scopes: []stepup.Scope{stepup.WalletExport}, Otherwise: never}
		stepped, err := code(t, w, &ada, "ada@example.com", prove(step))
		if err != nil || stepped.User.SessionID != ada.ID || w.Judge(t, ada, stepped.Elevated, stepup.WalletExport) != nil {
			t.Errorf("%+v, %v", stepped, err)
		}
		renewed, err := code(t, w, &ada, "ada@example.com", prove(signin.Step{}))
		if err != nil || renewed.Elevated != "" || renewed.Session.Minified == "" {
			t.Errorf("%+v, %v", renewed, err)
		}
		if _, err := code(t, w, &ada, "stranger@example.com", prove(signin.Step{})); !fault.Has(err, fault.MFAInvalidRequest) {
			t.Errorf("an address that is not the user's confirms them: %v", err)
		}
		if _, err := code(t, w, &ada, "ada@example.com", prove(signin.Step{Owes: true})); !fault.Has(err, fault.AdditionalAuthRequired) {
			t.Errorf("a code is a second factor: %v", err)
		}
	})
}

// What is linked is worth what it was allowed by: a token of the user's makes it
// count, nothing does not, and a refusal links nothing.
func TestLink(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		spend := func(token string) signin.Spend {
			return func(tx *store.Tx) (string, error) {
				opened, err := enforce.Spend(w.Caller(t, ada, token), tx, enforce.Demand{Scope: stepup.CredentialLink}, nil)
				return opened.Token.ID, err
			}
		}
		nothing := func(*store.Tx) (string, error) { return "", nil }
		link := func(address string, spend signin.Spend) (account.Credential, error) {
			t.Helper()
			step := signin.Step{}
			answer, err := code(t, w, &ada, address, func(c who.Caller, tx *store.Tx, proof method.Proof) (signin.Signed, error) {
				step.Otherwise = func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
					return signin.Link(c, tx, proof, spend)
				}
				return signin.Prove(c, tx, proof, step)
			})
			for _, credential := range answer.User.VerifiedCredentials {
				if credential.Email == address {
					return credential, err
				}
			}
			return account.Credential{}, err
		}
		if c, err := link("refused@example.com", spend("")); !fault.Has(err, fault.ElevatedTokenRequired) {
			t.Errorf("without a token: %+v, %v", c, err)
		}
		if c, err := link("nothing@example.com", nothing); err != nil || c.Confirmed || c.Provenance != store.ProvenanceNothing {
			t.Errorf("with nothing: %+v, %v", c, err)
		}
		token := w.Elevate(t, ada, "ada@example.com", stepup.CredentialLink)
		if c, err := link("second@example.com", spend(token)); err != nil || !c.Confirmed || c.Provenance != store.ProvenanceElevatedToken {
			t.Errorf("with a token: %+v, %v", c, err)
		}
		if c, err := link("nothing@example.com", spend(token)); err != nil || !c.Confirmed {
			t.Errorf("what is held already is confirmed by a token: %+v, %v", c, err)
		}
		if n := w.Count(t, `SELECT COUNT(*) FROM credentials WHERE user_id = $1`, ada.UserID); n != 3 {
			t.Errorf("%d credentials, want 3", n)
		}
	})
}
