package operate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/who"
)

// A deleted environment is gone for whoever asks, on a node that knows it too, before a
// single user row is: its id is never taken again, and what it held goes afterwards.
func TestDeleteEnvironment(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		session := w.SignIn(t, "ada@example.com")
		w.SignIn(t, "bob@example.com")
		node := tenant.NewRegistry(w.DB, "https://auth.example.com", w.Now) // that has it in memory
		known, err := node.Load(t.Context(), tenanttest.ID)
		if err != nil {
			t.Fatal(err)
		}
		var machine string
		w.Write(t, func(tx *store.Tx) error {
			host := who.Caller{By: audit.By{Actor: "operator:root"}}
			text, _, err := serviceauth.Create(host, tx, serviceauth.New{Name: "n", EnvironmentID: tenanttest.ID,
				Scopes: []string{serviceauth.UsersRead}})
			machine = text.Reveal()
			return err
		})
		remove := func(name string) (d operate.EnvironmentDeletion, err error) {
			err = w.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
				d, err = operate.DeleteEnvironment(by, tx, tenanttest.ID, name)
				return err
			})
			return d, err
		}
		if _, err := remove(strings.ToUpper(w.Tenant.Name)); !fault.Has(err, fault.Conflict) {
			t.Fatalf("with another name: %v", err)
		}
		d, err := remove(w.Tenant.Name)
		if err != nil || d.Users != 2 || d.More || d.ServiceTokens != 1 || d.KeepsWallets {
			t.Fatalf("%+v, %v", d, err)
		}
		_, err = node.Load(t.Context(), tenanttest.ID)
		if !fault.Has(err, fault.EnvironmentNotFound) && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a node that knows it: %v", err)
		}
		err = w.DB.Write(t.Context(), func(tx *store.Tx) error { _, err := known.PinUser(tx, session.UserID); return err })
		if !errors.Is(err, tenant.ErrRevised) {
			t.Errorf("what was begun before: %v", err)
		}
		w.Read(t, func(tx *store.Tx) error {
			if all, err := tx.Environments(); err != nil || len(all) != 0 {
				t.Errorf("%d environments, %v", len(all), err)
			}
			if names, err := tx.EnvironmentNames(); err != nil || len(names) != 0 {
				t.Errorf("%d names, %v", len(names), err)
			}
			if _, err := serviceauth.Check(tx, secret.Text(machine)); !errors.Is(err, serviceauth.ErrInvalid) {
				t.Errorf("its service token: %v", err)
			}
			if keys, err := tx.SigningKeys(tenanttest.ID); err != nil || len(keys) != 0 {
				t.Errorf("%d signing keys, %v", len(keys), err)
			}
			return nil
		})
		if _, err := remove(w.Tenant.Name); !fault.Has(err, fault.EnvironmentNotFound) {
			t.Errorf("deleted again: %v", err)
		}
		for _, document := range []string{tenanttest.Document(), tenanttest.Document("signUp: {enabled: false}")} {
			err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
				_, err := operate.Apply(by, tx, []byte(document), operate.ApplyOptions{MayWeaken: true})
				return err
			})
			if !fault.Has(err, fault.Conflict) || !strings.Contains(err.Error(), "never used again") {
				t.Errorf("its id, once more: %v", err)
			}
		}
		if w.Audited(t, "environment.deleted") != 1 || w.Audited(t, "environment.applied") == 0 {
			t.Error("the audit log does not tell of it, or no longer of what was before")
		}
		if err := store.NewPurger(w.DB).Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"users", "credentials", "sessions", "environment_revisions"} {
			if n := w.Count(t, `SELECT COUNT(*) FROM `+table+` WHERE environment_id = $1`, tenanttest.ID); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		if n := w.Count(t, `SELECT COUNT(*) FROM environments WHERE id = $1 AND document = ''`, tenanttest.ID); n != 1 {
			t.Error("nothing is left that keeps its id from being used again, or its document is")
		}
	})
}

// Nobody's keys are thrown away with the environment.
func TestDeleteEnvironmentWithWallets(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document())
	session := w.SignIn(t, "ada@example.com")
	w.Write(t, func(tx *store.Tx) error {
		return tx.InsertCredential(store.CredentialRow{ID: "w", EnvironmentID: tenanttest.ID, UserID: session.UserID, Format: "blockchain",
			Identifier: "0xabc", Provenance: store.ProvenanceEmbedded, Detail: "{}"})
	})
	err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
		_, err := operate.DeleteEnvironment(by, tx, tenanttest.ID, w.Tenant.Name)
		return err
	})
	if !fault.Has(err, fault.Conflict) || !strings.Contains(err.Error(), "export") {
		t.Errorf("%v", err)
	}
	w.Reload(t) // it is still there
}

// Copied settings are those of the other environment, without its past.
func TestCreateEnvironment(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Old("origins: ['https://app.example.com']", "signUp: {enabled: false}",
		"compatibility: [link-email]"))
	create := func(n operate.NewEnvironment) (env *environment.Environment, err error) {
		err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
			made, err := operate.CreateEnvironment(by, tx, n, operate.ApplyOptions{})
			if err != nil {
				return err
			}
			row, err := tx.Environment(made.ID)
			if err == nil {
				env, err = environment.Parse([]byte(row.Document))
			}
			return err
		})
		return env, err
	}
	copied, err := create(operate.NewEnvironment{Name: " Copy ", From: tenanttest.ID})
	if err != nil {
		t.Fatal(err)
	}
	if copied.ID == tenanttest.ID || copied.Name != "Copy" || copied.SignUp.Enabled || len(copied.Origins) != 1 ||
		copied.MinAPIVersion != environment.Newest || copied.CreatedAtVersion != environment.Newest || len(copied.Compatibility) != 0 {
		t.Errorf("%s", copied.YAML())
	}
	fresh, err := create(operate.NewEnvironment{Name: "Fresh", Origins: []string{"https://new.example.com"}})
	if err != nil || fresh.Origins[0] != "https://new.example.com" || !fresh.SignUp.Enabled {
		t.Errorf("%v, %v", fresh, err)
	}
	for _, n := range []operate.NewEnvironment{{}, {Name: "x", Origins: []string{"no origin"}}, {Name: "x", From: "unknown"}} {
		if _, err := create(n); err == nil {
			t.Errorf("%+v is made", n)
		}
	}
}
