package account_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

var revokeLink = regexp.MustCompile(regexp.QuoteMeta(tenanttest.PublicURL+"/api/v0/sdk/"+tenanttest.ID+"/notMe#") + `(\S+)`)

// links are the "this was not me" links that were mailed, by recipient.
func links(t testing.TB, w *tenanttest.World) map[string]secret.Text {
	t.Helper()
	found := map[string]secret.Text{}
	for _, m := range w.Mails(t) {
		if link := revokeLink.FindStringSubmatch(m.Text); link != nil {
			found[m.To] = secret.Text(link[1])
		}
	}
	return found
}

func notMe(t testing.TB, w *tenanttest.World, link secret.Text) error {
	t.Helper()
	return w.DB.Write(t.Context(), func(tx *store.Tx) error { return account.NotMe(w.From(""), tx, link) })
}

func live(t testing.TB, w *tenanttest.World, userID string) (n int) {
	t.Helper()
	w.Read(t, func(tx *store.Tx) error {
		rows, err := tx.Sessions(tenanttest.ID, userID)
		n = len(rows)
		return err
	})
	return n
}

// The link in a notice takes back what was added and ends all sessions, once.
func TestNotMeRemoves(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada, bob := w.SignIn(t, "ada@example.com"), w.SignIn(t, "bob@example.com")
		if _, err := link(t, w, ada.UserID, "evil@example.com", store.ProvenanceElevatedToken); err != nil {
			t.Fatal(err)
		}
		mailed := links(t, w)
		text, ok := mailed["ada@example.com"]
		if !ok || len(mailed) != 1 || len(text.Reveal()) < 26 {
			t.Fatalf("links to %v", mailed)
		}
		thief := w.SignIn(t, "evil@example.com")
		token := w.Elevate(t, thief, "evil@example.com", stepup.WalletExport)
		for _, bad := range []secret.Text{"", "x", text[:len(text)-1], text + "A", secret.Text(strings.ToLower(text.Reveal()))} {
			if err := notMe(t, w, bad); !fault.Has(err, fault.InvalidRevokeLink) {
				t.Errorf("%q: %v", bad.Reveal(), err)
			}
		}
		if err := notMe(t, w, text); err != nil {
			t.Fatal(err)
		}
		if got := addresses(t, w, ada.UserID); got != "ada@example.com" {
			t.Errorf("addresses %q", got)
		}
		if a, b := live(t, w, ada.UserID), live(t, w, bob.UserID); a != 0 || b != 1 {
			t.Errorf("%d sessions of hers, %d of somebody else's", a, b)
		}
		if _, err := w.Spend(t, thief, token, stepup.WalletExport); !fault.Has(err, fault.ElevatedTokenRequired) {
			t.Errorf("the thief's token: %v", err)
		}
		if err := notMe(t, w, text); !fault.Has(err, fault.InvalidRevokeLink) {
			t.Errorf("a second time: %v", err)
		}
		if n := w.Audited(t, "user.denied_change"); n != 1 {
			t.Errorf("%d entries", n)
		}
	})
}

func settle(t testing.TB, w *tenanttest.World, userID, id string, keep bool) error {
	t.Helper()
	return w.DB.Write(t.Context(), func(tx *store.Tx) error {
		return account.Settle(w.About(userID), tx, account.Decision{CredentialID: id, Keep: keep})
	})
}

// withheld are the addresses of the user that a dispute withholds.
func withheld(t testing.TB, w *tenanttest.World, userID string) string {
	t.Helper()
	var found []string
	w.Read(t, func(tx *store.Tx) error {
		rows, err := tx.Credentials(tenanttest.ID, userID)
		ids := account.Withheld(rows)
		for _, row := range rows {
			if slices.Contains(ids, row.ID) {
				found = append(found, row.Identifier)
			}
		}
		return err
	})
	return strings.Join(found, " ")
}

// An address that was pushed out comes back, for sign-in, until it is decided which
// of the two stays.
func TestNotMeRestores(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "Ada@example.com")
		evil, err := replace(t, w, ada.UserID, "evil@example.com", store.ProvenanceElevatedToken)
		if err != nil {
			t.Fatal(err)
		}
		if err := notMe(t, w, links(t, w)["Ada@example.com"]); err != nil {
			t.Fatal(err)
		}
		if got := addresses(t, w, ada.UserID); got != "ada@example.com evil@example.com" || withheld(t, w, ada.UserID) != got {
			t.Errorf("addresses %q, withheld %q", got, withheld(t, w, ada.UserID))
		}
		if userID, err := signIn(t, w, "ada@example.com"); err != nil || userID != ada.UserID {
			t.Errorf("signing in: %s, %v", userID, err)
		}
		if _, err := replace(t, w, ada.UserID, "third@example.com", store.ProvenanceElevatedToken); !fault.Has(err, fault.Disputed) {
			t.Errorf("another change meanwhile: %v", err)
		}
		if err := settle(t, w, ada.UserID, evil.ID, false); err != nil {
			t.Fatal(err)
		}
		if got := addresses(t, w, ada.UserID); got != "ada@example.com" || withheld(t, w, ada.UserID) != "" {
			t.Errorf("settled: addresses %q, withheld %q", got, withheld(t, w, ada.UserID))
		}
		// Unless somebody else holds it by now.
		if _, err := replace(t, w, ada.UserID, "evil@example.com", store.ProvenanceElevatedToken); err != nil {
			t.Fatal(err)
		}
		text := links(t, w)["Ada@example.com"]
		stranger := w.SignIn(t, "ada@example.com")
		if err := notMe(t, w, text); err != nil {
			t.Fatal(err)
		}
		if a, s := addresses(t, w, ada.UserID), addresses(t, w, stranger.UserID); a != "evil@example.com" || s != "ada@example.com" {
			t.Errorf("hers %q, the stranger's %q", a, s)
		}
		if got := withheld(t, w, ada.UserID); got != "evil@example.com" {
			t.Errorf("withheld %q", got)
		}
	})
}

// A change to an address the user had already is taken back without taking that one.
func TestNotMeAfterChangeToOwn(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document())
	ada := w.SignIn(t, "ada@example.com")
	work, err := link(t, w, ada.UserID, "work@example.com", store.ProvenanceElevatedToken)
	if err != nil {
		t.Fatal(err)
	}
	links(t, w)
	w.Clock.Advance(time.Second)
	if _, err := replace(t, w, ada.UserID, "work@example.com", store.ProvenanceElevatedToken); err != nil {
		t.Fatal(err)
	}
	if err := notMe(t, w, links(t, w)["ada@example.com"]); err != nil {
		t.Fatal(err)
	}
	if got := withheld(t, w, ada.UserID); got != "ada@example.com work@example.com" {
		t.Errorf("withheld %q", got)
	}
	if err := settle(t, w, ada.UserID, work.ID, false); err != nil {
		t.Fatal(err)
	}
	if got := addresses(t, w, ada.UserID); got != "ada@example.com work@example.com" || withheld(t, w, ada.UserID) != "" {
		t.Errorf("settled: addresses %q, withheld %q", got, withheld(t, w, ada.UserID))
	}
}

func TestNotMeExpiresAndRaces(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		if _, err := link(t, w, ada.UserID, "one@example.com", store.ProvenanceElevatedToken); err != nil {
			t.Fatal(err)
		}
		late := links(t, w)["ada@example.com"]
		w.Clock.Advance(account.RevokeLinkLife)
		if err := notMe(t, w, late); !fault.Has(err, fault.InvalidRevokeLink) {
			t.Errorf("after %v: %v", account.RevokeLinkLife, err)
		}
		if _, err := link(t, w, ada.UserID, "two@example.com", store.ProvenanceElevatedToken); err != nil {
			t.Fatal(err)
		}
		text := links(t, w)["ada@example.com"]
		w.Clock.Advance(account.RevokeLinkLife - time.Minute)
		var won atomic.Int64
		var done sync.WaitGroup
		for range 30 {
			done.Go(func() {
				if err := notMe(t, w, text); err == nil {
					won.Add(1)
				} else if !fault.Has(err, fault.InvalidRevokeLink) {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if won.Load() != 1 {
			t.Errorf("%d won", won.Load())
		}
		if got := addresses(t, w, ada.UserID); got != "ada@example.com one@example.com" {
			t.Errorf("addresses %q", got)
		}
	})
}

// A thief who links an address and then removes the owner's leaves the owner a way
// in: the link about the removal brings the address back. The earlier link went with it.
func TestNotMeLeavesAWayIn(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		if _, err := link(t, w, ada.UserID, "evil@example.com", store.ProvenanceElevatedToken); err != nil {
			t.Fatal(err)
		}
		early := links(t, w)["ada@example.com"]
		w.Clock.Advance(time.Second) // what came in the very millisecond of the removal would be withheld too
		w.Write(t, func(tx *store.Tx) error {
			return account.Unlink(w.About(ada.UserID), tx, ada.SignInCredentialID, proven)
		})
		if err := notMe(t, w, early); !fault.Has(err, fault.InvalidRevokeLink) {
			t.Errorf("a link of an address that is gone: %v", err)
		}
		if err := notMe(t, w, links(t, w)["ada@example.com"]); err != nil {
			t.Fatal(err)
		}
		if again := w.SignIn(t, "ada@example.com"); again.UserID != ada.UserID {
			t.Error("the owner's address signs in somebody else")
		}
		if got := withheld(t, w, ada.UserID); got != "ada@example.com" {
			t.Errorf("withheld %q", got)
		}
	})
}
