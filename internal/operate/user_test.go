package operate_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

const open = "signUp: {enabled: true}\nmfa: {methods: [{type: totp, enabled: true}]}"

func view(t testing.TB, w *tenanttest.World, id string) (detail operate.UserDetail) {
	t.Helper()
	w.Read(t, func(tx *store.Tx) (err error) {
		detail, err = operate.ViewUser(tx, tenanttest.ID, id)
		return err
	})
	return detail
}

// give adds a credential to a user, as if a proof had let it in.
func give(t testing.TB, w *tenanttest.World, userID, format, shown string, more ...func(*store.CredentialRow)) string {
	t.Helper()
	row := store.CredentialRow{ID: uuid.NewString(), EnvironmentID: tenanttest.ID, UserID: userID, Format: format,
		Identifier: strings.ToLower(shown), PublicIdentifier: shown, SignInEnabled: account.KindOf(format).SignsIn,
		Provenance: store.ProvenanceElevatedToken}
	for _, change := range more {
		change(&row)
	}
	w.Write(t, func(tx *store.Tx) error { return tx.InsertCredential(row) })
	return row.ID
}

// keptHere makes a credential that of a wallet which is kept for the user.
func keptHere(c *store.CredentialRow) {
	c.Provenance, c.SignInEnabled, c.Detail = store.ProvenanceEmbedded, false, account.Detail{EmbeddedWalletID: "w"}.JSON()
}

var inSession = emailcode.Request{Purpose: method.InSession, Address: "ada@example.com"}

func change(w *tenanttest.World, t testing.TB, fn func(*store.Tx) error) error {
	t.Helper()
	return w.DB.Write(t.Context(), fn)
}

// One person's page tells what each credential is worth, who is signed in, what is
// locked, what is disputed and what has happened.
func TestViewUser(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(open), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		w.Another(t, ada)
		app := give(t, w, ada.UserID, store.FormatTOTP, "phone")
		planted := give(t, w, ada.UserID, store.FormatPhone, "+14155550132",
			func(c *store.CredentialRow) { c.Provenance = store.ProvenanceNothing })
		wallet := give(t, w, ada.UserID, store.FormatBlockchain, "0x5290", keptHere)
		w.Write(t, func(tx *store.Tx) error {
			for range w.Tenant.Limits.FactorGuesses {
				if err := account.TakeTry(w.As(&ada), tx, app); err != nil {
					return err
				}
			}
			return tx.DisputeCredential(tenanttest.ID, ada.UserID, app, tx.Now(), "")
		})
		got := view(t, w, ada.UserID)
		if !got.Disputed || !got.Unproven || got.Factors != 1 || len(got.Sessions) != 2 || got.Sessions[0].Method != "email_otp" {
			t.Errorf("at first sight: %+v", got.UserSummary)
		}
		for id, want := range map[string][2]bool{got.Sessions[0].Credential: {true, false}, app: {true, true}, planted: {false, false},
			wallet: {false, false}} {
			i := slices.IndexFunc(got.Credentials, func(c operate.UserCredential) bool { return c.ID == id })
			if c := got.Credentials[i]; c.Counts != want[0] || c.Factor != want[1] || (c.DisputedAt != nil) != (id == app) {
				t.Errorf("credential %s: %+v", c.Kind, c)
			}
		}
		if len(got.Locks) != 1 || got.Locks[0].CredentialID != app || got.Locks[0].Limit != "limits.factorGuesses" ||
			got.Locks[0].Until == nil {
			t.Errorf("locks: %+v", got.Locks)
		}
		if len(got.Events) < 3 || got.Events[0].Action != "session.started" || got.Events[0].At.Before(got.Events[1].At) {
			t.Errorf("events: %+v", got.Events)
		}
		w.Write(t, func(tx *store.Tx) error { return operate.UnlockUser(by, tx, tenanttest.ID, ada.UserID) })
		if got := view(t, w, ada.UserID); len(got.Locks) != 0 || got.Events[0].Action != "user.unlocked" {
			t.Errorf("unlocked, and there are %+v", got.Locks)
		}
	})
}

// Wrong codes and codes that were asked for lock what they lock, and unlocking ends it.
func TestLocksOfCodes(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document(open,
		"limits: {codesPerAccount: {count: 2, per: 10m}, guessesHardStop: 3, guessesPerAccount: {count: 100, per: 10m}}"))
	ada := w.SignIn(t, "ada@example.com")
	id, _ := w.Ask(t, w.As(&ada), inSession)
	for range 3 {
		if err := w.Check(t.Context(), w.Attempt(&ada, id, "nonsense"), nil); err == nil {
			t.Fatal("nonsense was a code")
		}
	}
	w.Ask(t, w.As(&ada), inSession)
	var limits []string
	for _, lock := range view(t, w, ada.UserID).Locks {
		limits = append(limits, lock.Limit)
		if (lock.Until == nil) != (lock.Limit == "limits.guessesHardStop") {
			t.Errorf("%+v", lock)
		}
	}
	if want := []string{"limits.codesPerAccount", "limits.guessesHardStop"}; !slices.Equal(limits, want) {
		t.Errorf("locks %v, not %v", limits, want)
	}
	w.Write(t, func(tx *store.Tx) error { return operate.UnlockUser(by, tx, tenanttest.ID, ada.UserID) })
	if locks := view(t, w, ada.UserID).Locks; len(locks) != 0 {
		t.Errorf("unlocked, and there are %+v", locks)
	}
}

// A factor that has stopped is locked without an end.
func TestLockedInARow(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document())
	w.Write(t, func(tx *store.Tx) error {
		key, bound := limit.For(tx, "test"), limit.InARow{Free: 1, Stop: 2}
		for i, want := range []int{0, 1, 1} {
			locks, err := limit.LockedInARow(tx, key, bound, "free", "stop")
			if err != nil || len(locks) != want || want == 1 && (locks[0].Limit == "stop") != (i == 2) {
				t.Errorf("after %d tries: %+v, %v", i, locks, err)
			}
			if i == 1 { // waiting is over
				w.Clock.Advance(time.Hour)
				return nil
			}
			if _, _, _, err := limit.TakeInARow(tx, key, bound); err != nil {
				return err
			}
		}
		return nil
	})
	w.Write(t, func(tx *store.Tx) error {
		key, bound := limit.For(tx, "test"), limit.InARow{Free: 1, Stop: 2}
		if locks, err := limit.LockedInARow(tx, key, bound, "free", "stop"); err != nil || len(locks) != 0 {
			t.Errorf("after the wait: %+v, %v", locks, err)
		}
		if _, _, _, err := limit.TakeInARow(tx, key, bound); err != nil {
			return err
		}
		locks, err := limit.LockedInARow(tx, key, bound, "free", "stop")
		if err != nil || len(locks) != 1 || locks[0].Limit != "stop" || locks[0].Until != nil {
			t.Errorf("stopped: %+v, %v", locks, err)
		}
		return nil
	})
}

// An operator takes away an address: it opens nothing any more, whom it let in is signed
// out, all confirmed addresses are told, and nobody is handed a link that brings it back.
func TestUnlinkCredential(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(open, "compatibility: [link-email]"), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		old := give(t, w, ada.UserID, store.FormatEmail, "old@example.com")
		stolen := w.SignIn(t, "old@example.com")
		app := give(t, w, ada.UserID, store.FormatTOTP, "phone")
		kept := give(t, w, ada.UserID, store.FormatBlockchain, "0x5290", keptHere)
		w.Mails(t)
		unlink := func(id string) error {
			return change(w, t, func(tx *store.Tx) error { return operate.UnlinkCredential(by, tx, tenanttest.ID, ada.UserID, id) })
		}
		for id, want := range map[string]fault.Code{app: fault.InvalidUnlink, kept: fault.InvalidUnlink, "nothing": fault.NotFound} {
			if err := unlink(id); !fault.Has(err, want) {
				t.Errorf("%s: %v", want, err)
			}
		}
		if err := unlink(old); err != nil {
			t.Fatal(err)
		}
		told := map[string]bool{}
		for _, m := range w.Mails(t) {
			told[m.To] = !strings.Contains(m.Text, "notMe")
		}
		if len(told) != 2 || !told["ada@example.com"] || !told["old@example.com"] {
			t.Errorf("told %v", told)
		}
		w.Read(t, func(tx *store.Tx) error {
			if _, err := tx.LiveSession(tenanttest.ID, stolen.ID); !errors.Is(err, store.ErrNotFound) {
				t.Error("the session that it opened goes on")
			}
			_, err := tx.LiveSession(tenanttest.ID, ada.ID)
			return err
		})
		if err := unlink(ada.SignInCredentialID); !fault.Has(err, fault.LastCredential) {
			t.Errorf("the last one: %v", err)
		}
		w.Write(t, func(tx *store.Tx) error {
			return tx.DisputeCredential(tenanttest.ID, ada.UserID, ada.SignInCredentialID, tx.Now(), "")
		})
		if err := unlink(ada.SignInCredentialID); !fault.Has(err, fault.Disputed) {
			t.Errorf("a disputed one: %v", err)
		}
		if w.Audited(t, "credential.unlinked") != 1 || w.Audited(t, "sessions.revoked") != 1 {
			t.Error("it is not in the audit log")
		}
	})
}

// One session ends and the others go on; nobody's session is ended by the name of another
// user.
func TestRevokeSession(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(open), func(t *testing.T, w *tenanttest.World) {
		ada, bob := w.SignIn(t, "ada@example.com"), w.SignIn(t, "bob@example.com")
		other := w.Another(t, ada)
		revoke := func(user, session string) error {
			return change(w, t, func(tx *store.Tx) error { return operate.RevokeSession(by, tx, tenanttest.ID, user, session) })
		}
		if err := revoke(ada.UserID, bob.ID); !fault.Has(err, fault.NotFound) {
			t.Errorf("another's session: %v", err)
		}
		if err := revoke(ada.UserID, ada.ID); err != nil {
			t.Fatal(err)
		}
		if err := revoke(ada.UserID, ada.ID); !fault.Has(err, fault.NotFound) {
			t.Errorf("twice: %v", err)
		}
		for id, lives := range map[string]bool{ada.ID: false, other.ID: true, bob.ID: true} {
			w.Read(t, func(tx *store.Tx) error {
				if _, err := tx.LiveSession(tenanttest.ID, id); (err == nil) != lives {
					t.Errorf("session lives %v, want %v", err == nil, lives)
				}
				return nil
			})
		}
		if w.Audited(t, "session.revoked") != 1 {
			t.Error("it is not in the audit log once")
		}
	})
}

// A user is deleted by who names them twice, and wallets are given up by who says so.
func TestDeleteUser(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(open), func(t *testing.T, w *tenanttest.World) {
		ada, bob := w.SignIn(t, "ada@example.com"), w.SignIn(t, "bob@example.com")
		give(t, w, ada.UserID, store.FormatBlockchain, "0x5290", keptHere)
		w.Mails(t)
		remove := func(d operate.Deletion) (abandoned []string, err error) {
			err = change(w, t, func(tx *store.Tx) (err error) {
				abandoned, err = operate.DeleteUser(by, tx, tenanttest.ID, ada.UserID, d)
				return err
			})
			return abandoned, err
		}
		for _, typed := range []string{"", " ", "bob@example.com", bob.UserID, "ada"} {
			if _, err := remove(operate.Deletion{Confirm: typed, AbandonWallets: true}); !fault.Has(err, fault.InvalidRequest) {
				t.Errorf("%q: %v", typed, err)
			}
		}
		if _, err := remove(operate.Deletion{Confirm: ada.UserID}); !fault.Has(err, fault.Conflict) {
			t.Errorf("with a wallet: %v", err)
		}
		abandoned, err := remove(operate.Deletion{Confirm: "Ada@example.com ", AbandonWallets: true})
		if err != nil || !slices.Equal(abandoned, []string{"0x5290"}) {
			t.Fatalf("abandoned %v, %v", abandoned, err)
		}
		if mails := w.Mails(t); len(mails) != 1 || mails[0].To != "ada@example.com" {
			t.Errorf("%d were told", len(mails))
		}
		w.Read(t, func(tx *store.Tx) error {
			if _, err := tx.User(tenanttest.ID, ada.UserID); !errors.Is(err, store.ErrNotFound) {
				t.Error("the user is there")
			}
			rows, err := storetest.AuditLog(tx, tenanttest.ID, "user.deleted")
			if len(rows) != 1 || !strings.Contains(rows[0].Detail, "0x5290") || rows[0].Actor != by.By.Actor {
				t.Errorf("the audit log says %+v", rows)
			}
			return err
		})
		if got, _ := search(t, w, operate.UserQuery{}); !slices.Equal(got, []string{bob.UserID}) {
			t.Errorf("left are %v", got)
		}
	})
}

// A person's data is all of it, and has nothing that anybody could become them by.
func TestExportUser(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(open), func(t *testing.T, w *tenanttest.World) {
		ada, bob := w.SignIn(t, "ada@example.com"), w.SignIn(t, "bob@example.com")
		set := give(t, w, ada.UserID, store.FormatRecovery, "codes")
		w.Write(t, func(tx *store.Tx) error {
			sealed, err := tx.Seal("recovery_codes", "sealed_code", "r", []byte("CANARY"))
			if err != nil {
				return err
			}
			if err := tx.InsertRecoveryCode(store.RecoveryCodeRow{ID: "r", SetID: set, EnvironmentID: tenanttest.ID, UserID: ada.UserID,
				CodeHash: []byte("CANARY"), SealedCode: sealed}); err != nil {
				return err
			}
			if _, _, err := tx.ClaimWalletOperation(store.WalletOperationRow{EnvironmentID: tenanttest.ID, ID: "op", UserID: ada.UserID,
				WalletID: "w", Action: "sign", IntentHash: "CANARY"}); err != nil {
				return err
			}
			alias := "Countess"
			user, err := tx.User(tenanttest.ID, ada.UserID)
			if err == nil {
				_, err = account.ChangeProfile(w.As(&ada), tx, user, account.ProfileChange{Alias: &alias})
			}
			return err
		})
		for range 60 { // more than one page of them
			w.Another(t, ada)
			w.Clock.Advance(time.Minute)
		}
		var export operate.UserExport
		w.Write(t, func(tx *store.Tx) (err error) {
			export, err = operate.ExportUser(by, tx, tenanttest.ID, ada.UserID)
			return err
		})
		text, err := json.Marshal(export)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"ada@example.com", "Countess", ada.ID, `"action":"sign"`, `"recoveryCodes":1`, "user.created"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("it lacks %s", want)
			}
		}
		for _, never := range []string{"CANARY", "Q0FOQVJZ", bob.UserID, "bob@example.com"} {
			if strings.Contains(string(text), never) {
				t.Errorf("it has %s", never)
			}
		}
		if all := w.Count(t, `SELECT COUNT(*) FROM audit_events WHERE user_id = $1`, ada.UserID); int64(len(export.Events)) != all {
			t.Errorf("%d of %d events", len(export.Events), all)
		}
		if n := w.Count(t, `SELECT COUNT(*) FROM sessions WHERE user_id = $1`, ada.UserID); int64(len(export.User.Sessions)) != n {
			t.Errorf("%d of %d sessions", len(export.User.Sessions), n)
		}
		if w.Audited(t, "user.exported") != 1 {
			t.Error("the export is not in the audit log")
		}
	})
}
