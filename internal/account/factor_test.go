package account_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

const totpOn = "mfa: {methods: [{type: totp, enabled: true}]}"

// linkFactor gives the user a factor that came to be in some way.
func linkFactor(t testing.TB, w *tenanttest.World, s store.SessionRow, format, identifier, provenance string) store.CredentialRow {
	t.Helper()
	w.Clock.Advance(time.Millisecond) // what was there before is older
	var row store.CredentialRow
	w.Write(t, func(tx *store.Tx) (err error) {
		row, err = account.Link(w.About(s.UserID), tx,
			account.Address{Format: format, Identifier: identifier, Written: "phone"}, account.Authority{Provenance: provenance})
		return err
	})
	return row
}

func decide(t testing.TB, w *tenanttest.World, s store.SessionRow, scope stepup.Scope) (d policy.Decision) {
	t.Helper()
	w.Read(t, func(tx *store.Tx) error {
		person, err := account.Person(tx, w.Tenant.Environment, s)
		if err != nil {
			return err
		}
		d, err = policy.Decide(w.Tenant.Environment, person, scope)
		return err
	})
	return d
}

// A user's first factor ends what weaker proofs had begun; a second one does not,
// and one linked with nothing does so only when it is confirmed.
func TestFirstFactorEndsWeakerTokens(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(totpOn), func(t *testing.T, w *tenanttest.World) {
		ada, bob := w.SignIn(t, "ada@example.com"), w.SignIn(t, "bob@example.com")
		token := w.Elevate(t, ada, "ada@example.com", stepup.CredentialLink)
		others := w.Elevate(t, bob, "bob@example.com", stepup.CredentialLink)
		planted := linkFactor(t, w, ada, store.FormatTOTP, "planted", store.ProvenanceNothing)
		if err := w.Judge(t, ada, token, stepup.CredentialLink); err != nil {
			t.Errorf("after a factor that counts for nothing: %v", err)
		}
		if d := decide(t, w, ada, stepup.WalletExport); len(d.Offers) != 1 || d.Offers[0].Format != store.FormatEmail {
			t.Errorf("a factor linked with nothing is offered, or keeps the address away: %v", d.Offers)
		}
		linkFactor(t, w, ada, store.FormatTOTP, "own", store.ProvenanceElevatedToken)
		if err := w.Judge(t, ada, token, stepup.CredentialLink); !fault.Has(err, fault.ElevatedTokenRequired) {
			t.Errorf("the token of a weaker proof: %v", err)
		}
		if err := w.Judge(t, bob, others, stepup.CredentialLink); err != nil {
			t.Errorf("somebody else's token: %v", err)
		}
		if d := decide(t, w, ada, stepup.WalletExport); len(d.Offers) != 1 || d.Offers[0].Type != "totp" {
			t.Errorf("offers %v, want the factor alone", d.Offers)
		}
		w.Write(t, func(tx *store.Tx) error {
			return account.Confirm(w.About(ada.UserID), tx, planted.ID, proven)
		})
		if d := decide(t, w, ada, stepup.WalletExport); len(d.Offers) != 2 {
			t.Errorf("offers %v, want both factors", d.Offers)
		}
	})
}

// A method that was switched off proves nothing any more, and does not make a
// weaker proof enough.
func TestSwitchedOffFactorStillExcludes(t *testing.T) {
	t.Parallel()
	const both = "passkeys: {rpId: example.com, origins: ['https://example.com']}\n" +
		"mfa: {methods: [{type: totp, enabled: %t}, {type: passkey, enabled: true}]}"
	w := tenanttest.SQLite(t, tenanttest.Document(fmt.Sprintf(both, true)))
	ada := w.SignIn(t, "ada@example.com")
	linkFactor(t, w, ada, store.FormatTOTP, "own", store.ProvenanceElevatedToken)
	w.Apply(t, tenanttest.Document(fmt.Sprintf(both, false)))
	if d := decide(t, w, ada, stepup.WalletExport); !d.NoMethod() {
		t.Errorf("offers %v, want none", d.Offers)
	}
}

// Taking the last factor away takes its recovery codes, and is refused where one is required.
func TestLastFactor(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(totpOn), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		first := linkFactor(t, w, ada, store.FormatTOTP, "first", store.ProvenanceElevatedToken)
		second := linkFactor(t, w, ada, store.FormatTOTP, "second", store.ProvenanceElevatedToken)
		linkFactor(t, w, ada, store.FormatRecovery, "set", store.ProvenanceElevatedToken)
		unlink := func(id string) error {
			return w.DB.Write(t.Context(),
				func(tx *store.Tx) error { return account.Unlink(w.About(ada.UserID), tx, id, proven) })
		}
		left := func() int64 { return w.Count(t, `SELECT COUNT(*) FROM credentials WHERE user_id = $1`, ada.UserID) }
		if err := unlink(first.ID); err != nil || left() != 3 {
			t.Errorf("the first of two: %v, %d credentials left", err, left())
		}
		w.Apply(t, tenanttest.Document("mfa: {required: true, methods: [{type: totp, enabled: true}]}"))
		if err := unlink(second.ID); !fault.Has(err, fault.LastFactor) || left() != 3 {
			t.Errorf("the last one where one is required: %v, %d left", err, left())
		}
		w.Apply(t, tenanttest.Document(totpOn))
		if err := unlink(second.ID); err != nil || left() != 1 {
			t.Errorf("the last one: %v, %d left", err, left())
		}
	})
}

// A scope that cools down is minted by nothing for a while after a factor was
// added, whoever added it; others go on.
func TestCoolDown(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t,
		tenanttest.Document("  - {scope: wallet:export, coolDown: 24h}", "sessions: {lifetime: 3d, idle: 3d}", totpOn))
	ada := w.SignIn(t, "ada@example.com")
	if d := decide(t, w, ada, stepup.WalletExport); d.CoolDown != 0 {
		t.Errorf("before any change: %v", d.CoolDown)
	}
	linkFactor(t, w, ada, store.FormatTOTP, "own", store.ProvenanceElevatedToken)
	d := decide(t, w, ada, stepup.WalletExport)
	if d.CoolDown <= 23*time.Hour || d.NoMethod() || d.Admits("totp", "urn:stepup:mfa") {
		t.Errorf("right after it: wait %v, offers %v", d.CoolDown, d.Offers)
	}
	if d := decide(t, w, ada, stepup.CredentialLink); d.CoolDown != 0 || !d.Admits("totp", "urn:stepup:mfa") {
		t.Errorf("another scope waits %v", d.CoolDown)
	}
	w.Clock.Advance(24 * time.Hour)
	if d := decide(t, w, ada, stepup.WalletExport); d.CoolDown != 0 || !d.Admits("totp", "urn:stepup:mfa") {
		t.Errorf("a day later: %v", d.CoolDown)
	}
}

// A link about a factor takes nothing away but the sessions: the factor is disputed,
// withheld with its recovery codes and the address, and goes only by a decision.
func TestNotMeDisputesAFactor(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(totpOn), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		w.Mails(t)
		factor := linkFactor(t, w, ada, store.FormatTOTP, "thief's", store.ProvenanceElevatedToken)
		notice := links(t, w)["ada@example.com"]
		w.Write(t, func(tx *store.Tx) error {
			_, err := account.NewRecoverySet(w.About(ada.UserID), tx,
				account.Authority{Provenance: store.ProvenanceMFA, Credential: factor.ID, Method: "totp"})
			return err
		})
		if err := notMe(t, w, notice); err != nil {
			t.Fatal(err)
		}
		if n := w.Count(t, `SELECT COUNT(*) FROM credentials WHERE user_id = $1`, ada.UserID); n != 3 {
			t.Errorf("%d credentials left, want all", n)
		}
		if n := w.Count(t, `SELECT COUNT(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL`, ada.UserID); n != 0 {
			t.Errorf("%d sessions live", n)
		}
		if got := withheld(t, w, ada.UserID); !strings.Contains(got, "ada@example.com") || strings.Count(got, " ") < 2 {
			t.Errorf("withheld %q", got)
		}
		if err := settle(t, w, ada.UserID, factor.ID, false); err != nil {
			t.Fatal(err)
		}
		if n := w.Count(t, `SELECT COUNT(*) FROM credentials WHERE user_id = $1`, ada.UserID); n != 1 {
			t.Errorf("%d credentials left, want the address", n)
		}
		if err := settle(t, w, ada.UserID, factor.ID, true); !fault.Has(err, fault.NotDisputed) {
			t.Errorf("a second decision: %v", err)
		}
	})
}
