package operate_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

func history(t *testing.T, w *tenanttest.World) (page []operate.Revision) {
	t.Helper()
	w.Read(t, func(tx *store.Tx) (err error) { page, _, err = operate.History(tx, tenanttest.ID, 0); return err })
	return page
}

func revert(t *testing.T, w *tenanttest.World, revision int64, o operate.ApplyOptions) (a operate.Applied, err error) {
	t.Helper()
	o.ID = tenanttest.ID
	err = w.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
		a, err = operate.Proposal{RevertsTo: revision}.Apply(by, tx, o)
		return err
	})
	w.Reload(t)
	return a, err
}

// Each document stays in the history with who applied it and what it weakened, and can be
// applied again, which is judged like any other.
func TestHistory(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		wider := tenanttest.Document("origins: ['https://evil.example']")
		if _, err := apply(t, w, wider, operate.ApplyOptions{MayWeaken: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := apply(t, w, tenanttest.Document(), operate.ApplyOptions{}); err != nil {
			t.Fatal(err)
		}
		page := history(t, w)
		if len(page) != 3 || page[0].Revision != 3 || page[2].Revision != 1 || page[1].Actor != "service:s" || len(page[0].Weakens) != 0 ||
			len(page[1].Weakens) != 1 || !strings.Contains(page[1].Weakens[0], "evil.example") || page[1].Document != "" {
			t.Fatalf("%+v", page)
		}
		var second operate.Revision
		w.Read(t, func(tx *store.Tx) (err error) { second, err = operate.RevisionOf(tx, tenanttest.ID, 2); return err })
		if !strings.Contains(second.Document, "https://evil.example") || !slices.Equal(second.Changes, page[1].Changes) {
			t.Errorf("%+v", second)
		}

		// What weakened once weakens again, whoever allowed it then.
		if _, err := revert(t, w, 2, operate.ApplyOptions{}); !fault.Has(err, fault.InsufficientServiceScope) ||
			len(w.Tenant.Origins) != 0 {
			t.Errorf("a revert that weakens: %v", err)
		}
		applied, err := revert(t, w, 2, operate.ApplyOptions{MayWeaken: true})
		if err != nil || applied.Revision != 4 || len(applied.Weakens()) != 1 || len(w.Tenant.Origins) != 1 {
			t.Errorf("%+v, %v", applied, err)
		}
		if page := history(t, w); page[0].RevertsTo != 2 || len(page) != 4 {
			t.Errorf("%+v", page[0])
		}
		// Back to what was stricter needs nothing.
		if _, err := revert(t, w, 1, operate.ApplyOptions{}); err != nil || len(w.Tenant.Origins) != 0 {
			t.Error(err)
		}
		if _, err := revert(t, w, 99, operate.ApplyOptions{}); !fault.Has(err, fault.NotFound) {
			t.Errorf("a revision that never was: %v", err)
		}
		w.Read(t, func(tx *store.Tx) error {
			if _, _, err := operate.History(tx, "99999999-2222-4333-8444-555555555555", 0); !fault.Has(err, fault.EnvironmentNotFound) {
				t.Errorf("of no environment: %v", err)
			}
			return nil
		})
	})
}

// A revert never changes the version: what was accepted since stays accepted, and an entry
// that came back would weaken.
func TestRevertKeepsTheVersion(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Old(signing))
	if _, err := accept(t, w, operate.AcceptOptions{Strict: true}); err != nil {
		t.Fatal(err)
	}
	applied, err := revert(t, w, 1, operate.ApplyOptions{})
	if err != nil || len(applied.Changes) != 0 || w.Tenant.MinAPIVersion != environment.Newest {
		t.Errorf("%+v, %v: %s", applied, err, w.Tenant.MinAPIVersion)
	}
	if page := history(t, w); len(page) != 2 || page[0].Changes[0].Path != "minApiVersion" {
		t.Errorf("%+v", page)
	}
}

// Documents go when they are older than the audit log is kept, but never the newest.
func TestRevisionsAreKept(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document("audit: {retention: 30d}"), func(t *testing.T, w *tenanttest.World) {
		change := func(n int) {
			t.Helper()
			document := tenanttest.Document("audit: {retention: 30d}", fmt.Sprintf("limits: {codesPerHour: %d}", n))
			if _, err := apply(t, w, document, operate.ApplyOptions{MayWeaken: true}); err != nil {
				t.Fatal(err)
			}
		}
		for n := range operate.KeptRevisions + 5 {
			change(n + 1)
		}
		if page := history(t, w); len(page) != operate.KeptRevisions+6 {
			t.Errorf("%d are kept, though none is old", len(page))
		}
		w.Clock.Advance(31 * 24 * time.Hour)
		change(500)
		if page := history(t, w); len(page) != operate.KeptRevisions || page[0].Revision != operate.KeptRevisions+7 {
			t.Errorf("%d are kept, the newest is %d", len(page), page[0].Revision)
		}
	})
}

// Who made a change of what is no longer in force is told who came in between, and changes
// nothing.
func TestApplyOfAnOldRevision(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		if _, err := apply(t, w, tenanttest.Document("signUp: {enabled: false}"), operate.ApplyOptions{Read: 1}); err != nil {
			t.Fatal(err)
		}
		_, err := apply(t, w, tenanttest.Document("sessions: {idle: 5m}"), operate.ApplyOptions{Read: 1})
		var refused *fault.Error
		if !errors.As(err, &refused) || refused.Code != fault.Conflict || !strings.Contains(refused.Message, "revision 2 by service:s") {
			t.Errorf("%v", err)
		}
		if w.Tenant.Revision != 2 || w.Tenant.SignUp.Enabled {
			t.Error("the change in between is lost")
		}
		w.Write(t, func(tx *store.Tx) error { _, err := operate.RotateKeys(by, tx, tenanttest.ID, false); return err })
		if _, err := apply(t, w, tenanttest.Document(), operate.ApplyOptions{Read: 2, MayWeaken: true}); !fault.Has(err, fault.Conflict) ||
			!strings.Contains(err.Error(), "keys were rotated") {
			t.Errorf("%v", err)
		}
	})
}

// Whichever way a weaker rule is written, the step-up that it needs is asked for, and
// without it nothing changes.
func TestWeakeningIsProved(t *testing.T) {
	const login = `providers: [{provider: google, clientId: a}]`
	w := tenanttest.SQLite(t, tenanttest.Document(signing))
	refuse := errors.New("prove it")
	var asked []stepup.Scope
	options := operate.ApplyOptions{MayWeaken: true, Prove: func(scope stepup.Scope) error { asked = append(asked, scope); return refuse }}
	for name, test := range map[string]struct {
		document string
		want     []stepup.Scope
	}{
		"stricter":      {tenanttest.Document(signing, "signUp: {enabled: false}"), nil},
		"an origin":     {tenanttest.Document(signing, "origins: ['https://evil.example']"), []stepup.Scope{stepup.ConsoleSettingsUpdate}},
		"an action off": {tenanttest.Document(), []stepup.Scope{stepup.ConsoleSettingsUpdate}},
		"a provider":    {tenanttest.Document(signing, login), []stepup.Scope{stepup.ConsoleSSOUpdate}},
		"another name":  {tenanttest.Document(signing, "mail: {appName: Evil}"), []stepup.Scope{stepup.ConsoleSettingsUpdate}},
		"stricter and looser": {tenanttest.Document(signing, "signUp: {enabled: false}", "sessions: {lifetime: 30d}"),
			[]stepup.Scope{stepup.ConsoleSettingsUpdate}},
		"an external login": {tenanttest.Document(signing,
			"externalAuth: {enabled: true, iss: 'https://i.example', aud: a, jwksUrl: 'https://i.example/jwks'}"),
			[]stepup.Scope{stepup.ConsoleSSOUpdate}},
	} {
		asked = nil
		before := w.Tenant.Revision
		_, err := apply(t, w, test.document, options)
		if !slices.Equal(asked, test.want) || (len(test.want) > 0) != errors.Is(err, refuse) {
			t.Errorf("%s: asked for %v, %v", name, asked, err)
		}
		if changed := w.Tenant.Revision != before; changed == errors.Is(err, refuse) {
			t.Errorf("%s: changed %v, %v", name, changed, err)
		}
		if _, err := apply(t, w, tenanttest.Document(signing), operate.ApplyOptions{MayWeaken: true}); err != nil {
			t.Fatal(err)
		}
	}
	// Both kinds at once ask for both.
	asked = nil
	options.Prove = func(scope stepup.Scope) error { asked = append(asked, scope); return nil }
	if _, err := apply(t, w, tenanttest.Document(login), options); err != nil || len(asked) != 2 {
		t.Errorf("asked for %v, %v", asked, err)
	}
	// The way back to it is a weakening of its own.
	if _, err := apply(t, w, tenanttest.Document(signing), operate.ApplyOptions{MayWeaken: true}); err != nil {
		t.Fatal(err)
	}
	asked = nil
	options.Prove = func(scope stepup.Scope) error { asked = append(asked, scope); return refuse }
	revision := history(t, w)[1].Revision
	if _, err := revert(t, w, revision, options); !errors.Is(err, refuse) || len(asked) != 1 {
		t.Errorf("a revert: asked for %v, %v", asked, err)
	}
}
