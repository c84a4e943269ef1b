package legacymfa_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/legacymfa"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

const totpOn = "mfa: {methods: [{type: totp, enabled: true}], actions: [{action: wallet.waas.sign, required: true}]}"

// enrolled is a user with an authenticator app, linked by provenance.
func enrolled(t *testing.T, w *tenanttest.World, name, provenance string) (store.SessionRow, store.CredentialRow) {
	t.Helper()
	s := w.SignIn(t, name+"@example.com")
	var row store.CredentialRow
	w.Write(t, func(tx *store.Tx) (err error) {
		row, err = account.Link(w.About(s.UserID), tx, account.Address{ID: name + "-app", Format: store.FormatTOTP,
			Identifier: name + "-app", Written: "app"}, account.Authority{Provenance: provenance})
		return err
	})
	return s, row
}

func totpProof(row store.CredentialRow, purpose method.Purpose) tenanttest.Stub {
	return tenanttest.Stub{Is: assurance.TOTP, Evidence: method.Evidence{Format: row.Format, Identifier: row.Identifier, Purpose: purpose}}
}

func mint(t *testing.T, w *tenanttest.World, m method.Method, s store.SessionRow, singleUse bool) (text secret.Text, err error) {
	t.Helper()
	err = method.Check(t.Context(), w.DB, m, w.Attempt(&s, "", "x"), func(tx *store.Tx, p method.Proof) (err error) {
		text, err = legacymfa.Tokens{}.Mint(w.As(&s), tx, p, singleUse)
		return err
	})
	return text, err
}

func judge(t *testing.T, w *tenanttest.World, s store.SessionRow, text secret.Text) (reason stepup.Reason) {
	t.Helper()
	w.Read(t, func(tx *store.Tx) (err error) {
		reason, err = legacymfa.Tokens{}.Present(text.Reveal()).Judge(w.Caller(t, s, ""), tx)
		return err
	})
	return reason
}

func spend(t *testing.T, w *tenanttest.World, s store.SessionRow, text secret.Text) error {
	return w.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := legacymfa.Tokens{}.Present(text.Reveal()).Spend(w.Caller(t, s, ""), tx, stepup.WalletSign)
		return err
	})
}

func TestSingleUseAndLasting(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Old(totpOn), func(t *testing.T, w *tenanttest.World) {
		s, app := enrolled(t, w, "ada", store.ProvenanceElevatedToken)
		for _, single := range []bool{true, false} {
			text, err := mint(t, w, totpProof(app, method.InSession), s, single)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(text.Reveal(), legacymfa.Prefix) || fmt.Sprint(text) != secret.Hidden {
				t.Errorf("the token is printed as %v", text)
			}
			if reason := judge(t, w, s, text); reason != "" {
				t.Fatalf("a new token is refused: %s", reason)
			}
			var passed atomic.Int64
			var group sync.WaitGroup
			for range 8 {
				group.Go(func() {
					switch err := spend(t, w, s, text); {
					case err == nil:
						passed.Add(1)
					case !errors.Is(err, store.ErrNotFound):
						t.Error(err)
					}
				})
			}
			group.Wait()
			want, reason := int64(1), stepup.ReasonSpent
			if !single {
				want, reason = 8, ""
			}
			if passed.Load() != want || judge(t, w, s, text) != reason {
				t.Errorf("single use %v: %d of 8 parallel uses passed, then %q", single, passed.Load(), judge(t, w, s, text))
			}
		}
		if minted, used := w.Audited(t, "mfa_token.minted"), w.Audited(t, "mfa_token.used"); minted != 2 || used != 9 {
			t.Errorf("%d minted and %d used in the audit log", minted, used)
		}
	})
}

// Whose token it is, what it came from and when it dies.
func TestTokenDies(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Old(totpOn), func(t *testing.T, w *tenanttest.World) {
		s, app := enrolled(t, w, "ada", store.ProvenanceElevatedToken)
		other, _ := enrolled(t, w, "eve", store.ProvenanceElevatedToken)
		text, err := mint(t, w, totpProof(app, method.InSession), s, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := judge(t, w, other, text); got != stepup.ReasonWrongSubject {
			t.Errorf("another user's token: %q", got)
		}
		if got := judge(t, w, w.Another(t, s), text); got != stepup.ReasonWrongSubject {
			t.Errorf("a token of another session of the same user: %q", got)
		}
		for _, junk := range []secret.Text{"x", legacymfa.Prefix, text + "A", text[:len(text)-1],
			secret.Text(strings.ToLower(text.Reveal())), secret.Text(strings.Repeat("A", 1<<20))} {
			if got := judge(t, w, s, junk); got != stepup.ReasonMissing {
				t.Errorf("%d bytes of junk: %q", len(junk), got)
			}
			if err := spend(t, w, s, junk); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("spending junk: %v", err)
			}
		}
		if (legacymfa.Tokens{}).Present("") != nil || (legacymfa.Tokens{}).Present(" ") != nil {
			t.Error("an empty header is a token")
		}
		single, err := mint(t, w, totpProof(app, method.InSession), s, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.RestoreEpoch(t.Context(), w.DB); err != nil {
			t.Fatal(err)
		}
		if got := judge(t, w, s, single); got != stepup.ReasonSuperseded {
			t.Errorf("a single-use token of an older epoch: %q", got)
		}
		if got := judge(t, w, s, text); got != "" {
			t.Errorf("a lasting token after a failover: %q", got)
		}
		w.Write(t, func(tx *store.Tx) error {
			return account.Unlink(w.About(s.UserID), tx, app.ID,
				account.Authority{Provenance: store.ProvenanceElevatedToken})
		})
		if got := judge(t, w, s, text); got == "" {
			t.Error("the token outlives the factor it came from")
		}
		if err := spend(t, w, s, text); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("spending it: %v", err)
		}
	})
}

func TestTokenDiesWithItsSession(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Old(totpOn), func(t *testing.T, w *tenanttest.World) {
		s, app := enrolled(t, w, "ada", store.ProvenanceElevatedToken)
		text, err := mint(t, w, totpProof(app, method.InSession), s, false)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(t, func(tx *store.Tx) error { _, err := tx.RevokeSessions(s.EnvironmentID, s.UserID, "test"); return err })
		if err := spend(t, w, s, text); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a token of a dead session: %v", err)
		}
		w.Write(t, func(tx *store.Tx) error { _, _, err := legacymfa.Tokens{}.Chore().Do(tx, 100); return err })
		if n := w.Count(t, `SELECT COUNT(*) FROM mfa_tokens`); n != 0 {
			t.Errorf("%d tokens are kept", n)
		}
	})
}

// A factor linked with nothing earns tokens under the old version as before, and
// neither earns nor keeps them under the new one.
func TestProvenance(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Old(totpOn))
	s, app := enrolled(t, w, "ada", store.ProvenanceNothing)
	text, err := mint(t, w, totpProof(app, method.InSession), s, false)
	if err != nil || judge(t, w, s, text) != "" {
		t.Fatalf("under the old version: %v, %q", err, judge(t, w, s, text))
	}
	w.Apply(t, tenanttest.Document(totpOn, "createdAtVersion: 2026_01_01", "minApiVersion: 2026_04_01", "compatibility: [refresh]"))
	if got := judge(t, w, s, text); got != stepup.ReasonSuperseded {
		t.Errorf("under the new version it is still good: %q", got)
	}
	if err := spend(t, w, s, text); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("spending it: %v", err)
	}
	if _, err := mint(t, w, totpProof(app, method.InSession), s, false); err == nil {
		t.Error("a factor linked with nothing mints under the new version")
	}
}

// Confirming a factor earns a token as it always did, under the old version alone.
func TestMintOfAnEnrolment(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Old(totpOn))
	s, app := enrolled(t, w, "ada", store.ProvenanceElevatedToken)
	text, err := mint(t, w, totpProof(app, method.Enrol), s, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := spend(t, w, s, text); err != nil {
		t.Error(err)
	}
	w.Apply(t, tenanttest.Document(totpOn, "createdAtVersion: 2026_01_01", "minApiVersion: 2026_04_01"))
	if _, err := mint(t, w, totpProof(app, method.Enrol), s, false); err == nil {
		t.Error("an enrolment mints an MFA token under the new version")
	}
}

func TestMintRefuses(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Old(totpOn))
	s, app := enrolled(t, w, "ada", store.ProvenanceElevatedToken)
	_, eve := enrolled(t, w, "eve", store.ProvenanceElevatedToken)
	for name, m := range map[string]method.Method{
		"a sign-in":              totpProof(app, method.SignIn),
		"somebody else's factor": totpProof(eve, method.InSession),
		"a factor nobody holds":  totpProof(store.CredentialRow{Format: store.FormatTOTP, Identifier: "none"}, method.InSession),
		"re-authentication by e-mail": tenanttest.Stub{Is: assurance.EmailCode,
			Evidence: method.Evidence{Format: store.FormatEmail, Identifier: "ada@example.com", Purpose: method.InSession}},
	} {
		if _, err := mint(t, w, m, s, true); err == nil {
			t.Errorf("%s mints an MFA token", name)
		}
	}
	w.Write(t, func(tx *store.Tx) error {
		if _, err := (legacymfa.Tokens{}).Mint(w.As(&s), tx, method.Proof{}, true); err == nil {
			t.Error("the zero proof mints")
		}
		return nil
	})
	if n := w.Count(t, `SELECT COUNT(*) FROM mfa_tokens`); n != 0 {
		t.Errorf("%d tokens", n)
	}
}
