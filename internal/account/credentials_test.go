package account_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

func email(address string) account.Address {
	return account.Address{Format: store.FormatEmail, Identifier: strings.ToLower(address), Written: address}
}

func link(t testing.TB, w *tenanttest.World, userID, address, provenance string) (c store.CredentialRow, err error) {
	t.Helper()
	w.Clock.Advance(time.Millisecond) // what was there before is older
	err = w.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
		c, err = account.Link(w.About(userID), tx, email(address), account.Authority{Provenance: provenance})
		return err
	})
	return c, err
}

func replace(t testing.TB, w *tenanttest.World, userID, address, provenance string) (c store.CredentialRow, err error) {
	t.Helper()
	w.Clock.Advance(time.Millisecond) // what was there before is older
	err = w.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
		c, err = account.Replace(w.About(userID), tx, email(address), account.Authority{Provenance: provenance})
		return err
	})
	return c, err
}

func unlink(t testing.TB, w *tenanttest.World, userID, id string) error {
	t.Helper()
	return w.DB.Write(t.Context(), func(tx *store.Tx) error { return account.Unlink(w.About(userID), tx, id, proven) })
}

func confirm(t testing.TB, w *tenanttest.World, userID, id string) error {
	t.Helper()
	return w.DB.Write(t.Context(), func(tx *store.Tx) error { return account.Confirm(w.About(userID), tx, id, proven) })
}

// addresses lists what the user has, oldest first.
func addresses(t testing.TB, w *tenanttest.World, userID string) string {
	t.Helper()
	var list []string
	w.Read(t, func(tx *store.Tx) error {
		rows, err := tx.Credentials(tenanttest.ID, userID)
		for _, row := range rows {
			list = append(list, row.Identifier)
		}
		return err
	})
	return strings.Join(list, " ")
}

// signIn reports whether the address signs in.
func signIn(t testing.TB, w *tenanttest.World, address string) (userID string, err error) {
	t.Helper()
	id, code := w.Ask(t, w.From(address), emailcode.Request{Purpose: method.SignIn, Address: address})
	err = w.Check(t.Context(), w.Attempt(nil, id, code), func(tx *store.Tx, p method.Proof) error {
		row, err := tenanttest.Enter(tx, w.Tenant, p)
		userID = row.UserID
		return err
	})
	return userID, err
}

// recipients lists who was mailed, sorted by the mail's own order.
func recipients(t testing.TB, w *tenanttest.World) map[string]int {
	t.Helper()
	to := map[string]int{}
	for _, m := range w.Mails(t) {
		to[m.To]++
	}
	return to
}

// An identifier belongs to one user, and accounts are never joined by it.
func TestOneOwner(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada, bob := w.SignIn(t, "ada@example.com"), w.SignIn(t, "bob@example.com")
		for _, provenance := range []string{store.ProvenanceElevatedToken, store.ProvenanceNothing} {
			if _, err := link(t, w, bob.UserID, "ADA@example.com", provenance); !fault.Has(err, fault.AccountWithEmailExists) {
				t.Errorf("linking somebody else's address: %v", err)
			}
			if _, err := replace(t, w, bob.UserID, "ada@example.com", provenance); !fault.Has(err, fault.AccountWithEmailExists) {
				t.Errorf("changing to somebody else's address: %v", err)
			}
		}
		if c, err := link(t, w, ada.UserID, "ada@example.com", store.ProvenanceElevatedToken); err != nil ||
			c.ID != ada.SignInCredentialID {
			t.Errorf("linking one's own address again: %+v, %v", c, err)
		}
		if a, b := addresses(t, w, ada.UserID), addresses(t, w, bob.UserID); a != "ada@example.com" || b != "bob@example.com" {
			t.Errorf("%q and %q", a, b)
		}
		if len(recipients(t, w)) != 0 {
			t.Error("mails about nothing")
		}
		var won sync.Map
		var done sync.WaitGroup
		for i := range 20 {
			done.Go(func() {
				userID := []string{ada.UserID, bob.UserID}[i%2]
				if _, err := link(t, w, userID, "shared@example.com", store.ProvenanceElevatedToken); err == nil {
					won.Store(userID, true)
				} else if !fault.Has(err, fault.AccountWithEmailExists) {
					t.Error(err)
				}
			})
		}
		done.Wait()
		owners := 0
		won.Range(func(any, any) bool { owners++; return true })
		if owners != 1 {
			t.Errorf("%d users won the address", owners)
		}
	})
}

// Two sign-ups by the same address at once make one user.
func TestSignUpRace(t *testing.T) {
	t.Parallel()
	document := tenanttest.Document("limits: {codesPerAddress: {count: 100, per: 10m}}")
	tenanttest.Engines(t, document, func(t *testing.T, w *tenanttest.World) {
		type asked struct{ id, code string }
		var all []asked
		for range 8 {
			id, code := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
			all = append(all, asked{id, code})
		}
		var done sync.WaitGroup
		for _, a := range all {
			done.Go(func() {
				err := w.Check(t.Context(), w.Attempt(nil, a.id, a.code), func(tx *store.Tx, p method.Proof) error {
					_, err := tenanttest.Enter(tx, w.Tenant, p)
					return err
				})
				if err != nil && !fault.Has(err, fault.AccountWithEmailExists) {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if n, audited := w.Count(t, `SELECT COUNT(*) FROM users`), w.Audited(t, "user.created"); n != 1 || audited != 1 {
			t.Errorf("%d users, %d audited", n, audited)
		}
	})
}

// Linking and unlinking tell every address the user had before.
func TestLinkAndUnlink(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada, bob := w.SignIn(t, "ada@example.com"), w.SignIn(t, "bob@example.com")
		if err := unlink(t, w, ada.UserID, ada.SignInCredentialID); !fault.Has(err, fault.LastCredential) {
			t.Errorf("the last one: %v", err)
		}
		second, err := link(t, w, ada.UserID, "Second@example.com", store.ProvenanceElevatedToken)
		if err != nil || second.Provenance != store.ProvenanceElevatedToken || !second.Confirmed() {
			t.Fatal(second, err)
		}
		if to := recipients(t, w); len(to) != 1 || to["ada@example.com"] != 1 {
			t.Errorf("mailed %v", to)
		}
		if err := unlink(t, w, bob.UserID, second.ID); !fault.Has(err, fault.InvalidUnlink) {
			t.Errorf("somebody else's: %v", err)
		}
		if err := unlink(t, w, ada.UserID, "no such id"); !fault.Has(err, fault.InvalidUnlink) {
			t.Errorf("unknown: %v", err)
		}
		if err := unlink(t, w, ada.UserID, ada.SignInCredentialID); err != nil {
			t.Fatal(err)
		}
		if to := recipients(t, w); len(to) != 2 || to["ada@example.com"] != 1 || to["Second@example.com"] != 1 {
			t.Errorf("mailed %v", to)
		}
		if userID, err := signIn(t, w, "second@example.com"); err != nil || userID != ada.UserID {
			t.Errorf("%s, %v", userID, err)
		}
		if userID, err := signIn(t, w, "ada@example.com"); err != nil || userID == ada.UserID {
			t.Errorf("the unlinked address signs in as %s, %v", userID, err)
		}
	})
}

// Two at once cannot remove both of the last two.
func TestUnlinkRace(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		for round := range 5 {
			ada := w.SignIn(t, fmt.Sprintf("ada%d@example.com", round))
			second, err := link(t, w, ada.UserID, fmt.Sprintf("second%d@example.com", round), store.ProvenanceElevatedToken)
			if err != nil {
				t.Fatal(err)
			}
			var done sync.WaitGroup
			for _, id := range []string{ada.SignInCredentialID, second.ID} {
				done.Go(func() {
					if err := unlink(t, w, ada.UserID, id); err != nil && !fault.Has(err, fault.LastCredential) {
						t.Error(err)
					}
				})
			}
			done.Wait()
			if left := addresses(t, w, ada.UserID); left == "" || strings.Contains(left, " ") {
				t.Errorf("left: %q", left)
			}
		}
	})
}

// Linked with nothing: no sign-in and no step-up at the new version, both at
// the old one, until an older credential confirms it.
func TestLinkedWithNothing(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Old(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		c, err := link(t, w, ada.UserID, "new@example.com", store.ProvenanceNothing)
		if err != nil || c.Confirmed() {
			t.Fatal(c, err)
		}
		stepUp := func() error {
			id, code := w.Ask(t, w.As(&ada), emailcode.Request{Purpose: method.InSession, Address: "new@example.com"})
			_, err := w.Grant(t.Context(), emailcode.Method{}, w.Attempt(&ada, id, code), stepup.WalletExport)
			return err
		}
		for _, test := range []struct {
			document        string
			confirm, counts bool
		}{
			{tenanttest.Old(), false, true},
			{tenanttest.Document("createdAtVersion: '2026_01_01'", "minApiVersion: '2026_04_01'"), false, false},
			{tenanttest.Document("createdAtVersion: '2026_01_01'", "minApiVersion: '2026_04_01'"), true, true},
		} {
			w.Clock.Advance(11 * 60e9)
			w.Apply(t, test.document)
			if test.confirm {
				if err := confirm(t, w, ada.UserID, c.ID); err != nil {
					t.Error(err)
				}
				if err := confirm(t, w, ada.UserID, c.ID); !fault.Has(err, fault.NothingToConfirm) {
					t.Errorf("confirming twice: %v", err)
				}
			}
			userID, err := signIn(t, w, "new@example.com")
			if test.counts && (err != nil || userID != ada.UserID) || !test.counts && !fault.Has(err, fault.CredentialNotForSignIn) {
				t.Errorf("at %s: signed in as %q, %v", w.Tenant.MinAPIVersion, userID, err)
			}
			if err := stepUp(); (err == nil) != test.counts {
				t.Errorf("at %s: stepping up: %v", w.Tenant.MinAPIVersion, err)
			}
			// What does not count is no reason to let the last one that does go.
			if !test.counts {
				if err := unlink(t, w, ada.UserID, ada.SignInCredentialID); !fault.Has(err, fault.LastCredential) {
					t.Errorf("unlinking the last that counts: %v", err)
				}
			}
		}
	})
}

func TestReplace(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		// With a proof: the new one at once, the old one told.
		if _, err := replace(t, w, ada.UserID, "new@example.com", store.ProvenanceElevatedToken); err != nil {
			t.Fatal(err)
		}
		if got := addresses(t, w, ada.UserID); got != "new@example.com" {
			t.Errorf("after the change: %q", got)
		}
		if to := recipients(t, w); len(to) != 1 || to["ada@example.com"] != 1 {
			t.Errorf("mailed %v", to)
		}
		// With nothing: the old one stays and signs in until the new one is confirmed.
		c, err := replace(t, w, ada.UserID, "third@example.com", store.ProvenanceNothing)
		if err != nil {
			t.Fatal(err)
		}
		if got := addresses(t, w, ada.UserID); got != "new@example.com third@example.com" {
			t.Errorf("before it is confirmed: %q", got)
		}
		if to := recipients(t, w); len(to) != 1 || to["new@example.com"] != 1 {
			t.Errorf("mailed %v", to)
		}
		if _, err := signIn(t, w, "third@example.com"); !fault.Has(err, fault.CredentialNotForSignIn) {
			t.Errorf("signing in before: %v", err)
		}
		if userID, err := signIn(t, w, "new@example.com"); err != nil || userID != ada.UserID {
			t.Errorf("the old one: %s, %v", userID, err)
		}
		if err := confirm(t, w, ada.UserID, c.ID); err != nil {
			t.Fatal(err)
		}
		if got := addresses(t, w, ada.UserID); got != "third@example.com" {
			t.Errorf("after it is confirmed: %q", got)
		}
		// To an address that is the user's already: the one that goes is told all the same.
		if _, err := link(t, w, ada.UserID, "fourth@example.com", store.ProvenanceElevatedToken); err != nil {
			t.Fatal(err)
		}
		recipients(t, w)
		if _, err := replace(t, w, ada.UserID, "fourth@example.com", store.ProvenanceElevatedToken); err != nil {
			t.Fatal(err)
		}
		if got := addresses(t, w, ada.UserID); got != "fourth@example.com" {
			t.Errorf("after changing to one's own: %q", got)
		}
		if to := recipients(t, w); to["third@example.com"] != 1 {
			t.Errorf("mailed %v", to)
		}
		if linked, unlinked := w.Audited(t, "credential.linked"), w.Audited(t, "credential.unlinked"); linked != 4 || unlinked != 3 {
			t.Errorf("audited %d links and %d unlinks", linked, unlinked)
		}
	})
}

// proven is the authority of an elevated token, of nobody knows what.
var proven = account.Authority{Provenance: store.ProvenanceElevatedToken}
