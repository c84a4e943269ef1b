package recovery_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/method/methodtest"
	"github.com/stepup-auth/stepup/internal/method/recovery"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

const on = "mfa: {methods: [{type: totp, enabled: true, allowBackupCodes: true}]}"

// enrol gives the session's user a factor and a set of codes, and returns them.
func enrol(t testing.TB, w *tenanttest.World, s store.SessionRow) (setID string, codes []string) {
	t.Helper()
	w.Write(t, func(tx *store.Tx) error {
		for _, a := range []account.Address{
			{Format: store.FormatTOTP, Identifier: "app of " + s.UserID, Written: "Authenticator app"},
			{ID: "set of " + s.UserID, Format: store.FormatRecovery, Identifier: "set of " + s.UserID, Written: "Recovery codes"},
		} {
			if _, err := account.Link(w.About(s.UserID), tx, a,
				account.Authority{Provenance: store.ProvenanceElevatedToken}); err != nil {
				return err
			}
		}
		setID = "set of " + s.UserID
		if err := recovery.Fill(w.As(&s), tx, setID); err != nil {
			return err
		}
		var err error
		codes, _, err = recovery.Show(w.As(&s), tx)
		return err
	})
	return setID, codes
}

func TestHostile(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	left := map[string][]string{} // unused codes, by user
	try := func(w *tenanttest.World, s store.SessionRow, code string) methodtest.Try {
		return methodtest.Try{Method: recovery.Method{}, Attempt: w.Attempt(&s, "", code)}
	}
	right := func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try {
		mu.Lock()
		defer mu.Unlock()
		code := left[s.UserID][0]
		left[s.UserID] = left[s.UserID][1:]
		return try(w, s, code)
	}
	methodtest.Run(t, methodtest.Case{
		Kind: assurance.RecoveryCode, Document: tenanttest.Document(on), Guessable: true, OutlivesEpoch: true,
		Off: tenanttest.Document("mfa: {methods: [{type: totp, enabled: true, allowBackupCodes: false}]}"),
		Enrol: func(t testing.TB, w *tenanttest.World, name string) store.SessionRow {
			s := w.SignIn(t, name+"@example.com")
			_, codes := enrol(t, w, s)
			mu.Lock()
			defer mu.Unlock()
			left[s.UserID] = codes
			return s
		},
		Right: right,
		Bound: func(t testing.TB, w *tenanttest.World, s store.SessionRow, x store.BindingRow) (methodtest.Try, error) {
			bound := right(t, w, s)
			bound.Attempt.BindingID = x.ID
			return bound, nil
		},
		AtVerify: true,
		Wrong: func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try {
			return try(w, s, "0000-0000-0000-0000")
		},
	})
}

// N6: ten codes of at least 64 bits, all different, kept readable only until they are acknowledged.
func TestN6Set(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(on), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		setID, codes := enrol(t, w, ada)
		seen := map[string]bool{}
		for _, code := range codes {
			key, ok := recovery.Normalize(code)
			if !ok || len(key)*5 < 80 || seen[key] {
				t.Errorf("code %q", code)
			}
			seen[key] = true
		}
		if len(codes) != recovery.Count {
			t.Errorf("%d codes", len(codes))
		}
		typed := strings.ToLower(strings.ReplaceAll(codes[0], "-", " ")) + " "
		if text, err := w.Grant(t.Context(), recovery.Method{}, w.Attempt(&ada, "", typed), "wallet:export"); err != nil || text == "" {
			t.Errorf("typed as people do: %v", err)
		}
		if text, err := w.Grant(t.Context(), recovery.Method{}, w.Attempt(&ada, "", codes[0]), "wallet:export"); err == nil || text != "" {
			t.Error("the same code in another spelling is good again (A2)")
		}
		w.Write(t, func(tx *store.Tx) error { return tx.ForgetRecoveryCodes(tenanttest.ID, ada.UserID) })
		w.Read(t, func(tx *store.Tx) error {
			shown, left, err := recovery.Show(w.As(&ada), tx)
			if len(shown) != 0 || left != recovery.Count-1 {
				t.Errorf("after the acknowledgement %d are shown and %d left", len(shown), left)
			}
			return err
		})
		// A new set kills the old.
		w.Write(t, func(tx *store.Tx) error { return recovery.Fill(w.As(&ada), tx, setID) })
		if text, err := w.Grant(t.Context(), recovery.Method{}, w.Attempt(&ada, "", codes[1]), "wallet:export"); err == nil || text != "" {
			t.Error("a code of the old set is good")
		}
	})
}

// After a failover a code works once more, and takes the rest of its set with it:
// what was used before the failover may have been forgotten.
func TestSetIsRenewedAfterAFailover(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(on), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		_, codes := enrol(t, w, ada)
		if err := store.RestoreEpoch(t.Context(), w.DB); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Grant(t.Context(), recovery.Method{}, w.Attempt(&ada, "", codes[0]), "wallet:export"); err != nil {
			t.Errorf("the first after it: %v", err)
		}
		if _, err := w.Grant(t.Context(), recovery.Method{}, w.Attempt(&ada, "", codes[1]), "wallet:export"); err == nil {
			t.Error("another one of the same set is still good")
		}
	})
}

func FuzzNormalize(f *testing.F) {
	for _, typed := range []string{"ABCD-EFGH-JKMN-PQRS", "abcd efgh jkmn pqrs", "oil0-0000-0000-0000", "", "-", "ABCD-EFGH-JKMN-PQR",
		"ÀBCD-EFGH-JKMN-PQRS", "ıııı-ıııı-ıııı-ıııı", strings.Repeat("A", 1000)} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := recovery.Normalize(typed)
		if !ok {
			return
		}
		if len(code) != 16 || strings.Trim(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "" {
			t.Errorf("%q became %q", typed, code)
		}
		if again, ok := recovery.Normalize(code); !ok || again != code {
			t.Errorf("%q became %q, and that %q", typed, code, again)
		}
	})
}
