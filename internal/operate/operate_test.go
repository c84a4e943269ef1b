package operate_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/who"
)

var by = who.Caller{By: audit.By{Actor: "service:s"}}

func apply(t testing.TB, w *tenanttest.World, document string, o operate.ApplyOptions) (a operate.Applied, err error) {
	t.Helper()
	err = w.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
		a, err = operate.Apply(by, tx, []byte(document), o)
		return err
	})
	w.Reload(t)
	return a, err
}

func TestApply(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		if w.Tenant.Revision != 1 || w.Audited(t, "environment.applied") != 1 {
			t.Errorf("created at revision %d", w.Tenant.Revision)
		}
		// The same again is nothing.
		a, err := apply(t, w, tenanttest.Document(), operate.ApplyOptions{})
		if err != nil || a.Created || a.Revision != 1 || len(a.Changes) != 0 || w.Audited(t, "environment.applied") != 1 {
			t.Errorf("nothing: %+v, %v", a, err)
		}
		stricter := tenanttest.Document("signUp: {enabled: false}")
		if a, err = apply(t, w, stricter, operate.ApplyOptions{DryRun: true}); err != nil || len(a.Changes) != 1 ||
			w.Tenant.Revision != 1 || !w.Tenant.SignUp.Enabled {
			t.Errorf("dry run: %+v, %v, revision %d", a, err, w.Tenant.Revision)
		}
		if a, err = apply(t, w, stricter, operate.ApplyOptions{}); err != nil || a.Revision != 2 || w.Tenant.Revision != 2 ||
			w.Tenant.SignUp.Enabled || len(a.Weakens()) != 0 {
			t.Errorf("stricter: %+v, %v", a, err)
		}
		if mails := w.Mails(t); len(mails) != 0 {
			t.Errorf("%d mails about a stricter rule", len(mails))
		}
		// Weaker: refused without the permission, told to operators with it.
		weaker := tenanttest.Document("origins: ['https://evil.example']", "compatibility: [link-email]")
		operators := []string{"one@example.com", "two@example.com"}
		a, err = apply(t, w, weaker, operate.ApplyOptions{Operators: operators})
		var refused *fault.Error
		if !errors.As(err, &refused) || refused.Code != fault.InsufficientServiceScope ||
			!strings.Contains(refused.Message, "evil.example") || !strings.Contains(refused.Message, "link-email") {
			t.Errorf("without the permission: %+v, %v", a, err)
		}
		if w.Tenant.Revision != 2 || len(w.Tenant.Origins) != 0 || w.Audited(t, "environment.applied") != 2 || len(w.Mails(t)) != 0 {
			t.Error("a refused change left traces")
		}
		if a, err = apply(t, w, weaker, operate.ApplyOptions{MayWeaken: true, DryRun: true, Operators: operators}); err != nil ||
			len(a.Weakens()) != 3 || len(w.Mails(t)) != 0 || w.Tenant.Revision != 2 {
			t.Errorf("dry run: %v, %v", a.Weakens(), err)
		}
		if _, err = apply(t, w, weaker, operate.ApplyOptions{MayWeaken: true, Operators: operators}); err != nil || w.Tenant.Revision != 3 {
			t.Errorf("with it: %v", err)
		}
		told := map[string]bool{}
		for _, m := range w.Mails(t) {
			text := strings.ReplaceAll(m.Text, "\u2060", "") // keeps mail programs from making links
			told[m.To] = strings.Contains(text, "service:s") && strings.Contains(text, "link-email")
		}
		if len(told) != 2 || !told["one@example.com"] || !told["two@example.com"] {
			t.Errorf("told %v", told)
		}
		w.Read(t, func(tx *store.Tx) error {
			rows, err := storetest.AuditLog(tx, tenanttest.ID, "environment.applied")
			if len(rows) != 3 || !strings.Contains(rows[2].Detail, "evil.example") || rows[2].Actor != "service:s" {
				t.Errorf("%d entries", len(rows))
			}
			return err
		})
	})
}

func TestApplyRefuses(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document())
	for name, test := range map[string]struct {
		document string
		options  operate.ApplyOptions
		want     fault.Code
		says     string
	}{
		"not a document": {"{", operate.ApplyOptions{}, fault.InvalidEnvironmentDocument, ""},
		"several problems": {tenanttest.Document("orgins: []", "minApiVersion: tomorrow"), operate.ApplyOptions{},
			fault.InvalidEnvironmentDocument, "line 6"},
		"another environment's": {tenanttest.Document(), operate.ApplyOptions{ID: "99999999-2222-4333-8444-555555555555"},
			fault.InvalidEnvironmentDocument, "99999999"},
		"back to the old version": {tenanttest.Document("createdAtVersion: '2026_01_01'", "minApiVersion: '2026_01_01'"),
			operate.ApplyOptions{MayWeaken: true}, fault.EnvironmentVersionCannotGoBack, "createdAtVersion"},
	} {
		_, err := apply(t, w, test.document, test.options)
		var refused *fault.Error
		if !errors.As(err, &refused) || refused.Code != test.want || !strings.Contains(refused.Message, test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w.Tenant.Revision != 1 {
		t.Errorf("revision %d", w.Tenant.Revision)
	}
}

// Two nodes create one environment at once: it exists once, with one key and
// one entry; changes at once all hold, one after the other.
func TestConcurrentApply(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		nodes := []*store.DB{open(t), open(t)}
		at := func(i int, document string) error {
			return nodes[i%2].Write(t.Context(), func(tx *store.Tx) error {
				_, err := operate.Apply(by, tx, []byte(document), operate.ApplyOptions{MayWeaken: true})
				return err
			})
		}
		var applied atomic.Int64
		var done sync.WaitGroup
		for i := range 10 {
			done.Go(func() {
				if err := at(i, tenanttest.Document()); err == nil {
					applied.Add(1)
				} else if !fault.Has(err, fault.Conflict) {
					t.Error(err)
				}
			})
		}
		done.Wait()
		w := tenanttest.Open(nodes[0], &storetest.Clock{})
		w.Reload(t)
		if keys := len(w.Tenant.Keys.JWKS(w.Now()).Keys); applied.Load() == 0 || w.Tenant.Revision != 1 || keys != 1 ||
			w.Audited(t, "environment.applied") != 1 {
			t.Errorf("%d applied, revision %d, %d keys", applied.Load(), w.Tenant.Revision, keys)
		}
		for i := range 10 {
			done.Go(func() {
				if err := at(i, tenanttest.Document(fmt.Sprintf("limits: {codesPerHour: %d}", 100+i))); err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		w.Reload(t)
		if w.Tenant.Revision != 11 || w.Audited(t, "environment.applied") != 11 {
			t.Errorf("revision %d after ten changes", w.Tenant.Revision)
		}
		// Whoever read an older revision does not overwrite a newer one.
		err := nodes[1].Write(t.Context(),
			func(tx *store.Tx) error { return tx.PutEnvironment(tenanttest.ID, "x", tenanttest.Document(), 5) })
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("writing over a newer revision: %v", err)
		}
	})
}

func TestUsersAndKeys(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada, bob := w.SignIn(t, "ada@example.com"), w.SignIn(t, "bob@example.com")
		do := func(fn func(tx *store.Tx) error) error { return w.DB.Write(t.Context(), fn) }
		if err := do(func(tx *store.Tx) error {
			n, err := operate.RevokeSessions(by, tx, tenanttest.ID, ada.UserID)
			if n != 1 {
				t.Errorf("%d sessions revoked", n)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		if err := do(func(tx *store.Tx) error { return operate.SetUserDisabled(by, tx, tenanttest.ID, bob.UserID, true) }); err != nil {
			t.Error(err)
		}
		w.Read(t, func(tx *store.Tx) error {
			for _, s := range []store.SessionRow{ada, bob} {
				if _, err := tx.LiveSession(tenanttest.ID, s.ID); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("a session lives: %v", err)
				}
			}
			return nil
		})
		if err := do(func(tx *store.Tx) error { return operate.SetUserDisabled(by, tx, tenanttest.ID, bob.UserID, false) }); err != nil {
			t.Error(err)
		}
		if again := w.SignIn(t, "bob@example.com"); again.UserID != bob.UserID {
			t.Error("reopened as somebody else")
		}
		for name, err := range map[string]error{
			"disabling nobody":    do(func(tx *store.Tx) error { return operate.SetUserDisabled(by, tx, tenanttest.ID, "nobody", true) }),
			"disabling elsewhere": do(func(tx *store.Tx) error { return operate.SetUserDisabled(by, tx, "elsewhere", bob.UserID, true) }),
			"revoking elsewhere": do(func(tx *store.Tx) error {
				_, err := operate.RevokeSessions(by, tx, "elsewhere", bob.UserID)
				return err
			}),
			"rotating elsewhere": do(func(tx *store.Tx) error { _, err := operate.RotateKeys(by, tx, "elsewhere", true); return err }),
		} {
			if err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		for action, want := range map[string]int64{"sessions.revoked": 1, "user.disabled": 1, "user.enabled": 1, "keys.rotated": 0} {
			if n := w.Audited(t, action); n != want {
				t.Errorf("%d entries of %s, want %d", n, action, want)
			}
		}
		if _, err := apply(t, w, tenanttest.Document("tokens: {algorithm: EdDSA}"), operate.ApplyOptions{MayWeaken: true}); err != nil {
			t.Fatal(err)
		}
		if keys := w.Tenant.Keys.JWKS(w.Now()).Keys; len(keys) != 2 || keys[1].Algorithm != "EdDSA" || w.Audited(t, "keys.rotated") != 1 {
			t.Errorf("after a change of the algorithm: %d keys", len(keys))
		}
	})
}
