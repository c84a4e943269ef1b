package tenant_test

import (
	"errors"
	"testing"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// A change holds for the very next load on every node, and a tenant that was
// loaded before decides nothing any more.
func TestRevision(t *testing.T) {
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		w := tenanttest.New(t, open(t), clock, tenanttest.Document())
		other := tenanttest.Open(open(t), clock)
		other.Reload(t)
		before := other.Tenant
		other.Reload(t)
		if other.Tenant != before {
			t.Error("an unchanged environment was built again")
		}
		w.Apply(t, tenanttest.Document("signUp: {enabled: false}"))
		pin := func(tenant *tenant.Tenant) error { return other.DB.Write(t.Context(), tenant.Pin) }
		if err := pin(before); !errors.Is(err, tenant.ErrRevised) {
			t.Errorf("pinning the old one: %v", err)
		}
		other.Reload(t)
		if other.Tenant.SignUp.Enabled || other.Tenant.Revision != before.Revision+1 || !before.SignUp.Enabled {
			t.Errorf("revision %d after %d", other.Tenant.Revision, before.Revision)
		}
		if err := pin(other.Tenant); err != nil {
			t.Error(err)
		}
		again, err := w.Registry.Load(t.Context(), tenanttest.ID)
		if again != w.Tenant || err != nil {
			t.Errorf("one revision was built twice: %v", err)
		}
	}, storetest.WithClock(clock))
}

// While a deciding transaction is open, the rules it decides by stay.
func TestPinHolds(t *testing.T) {
	w := tenanttest.New(t, storetest.Postgres(t), &storetest.Clock{}, tenanttest.Document())
	change := func() error {
		return w.DB.Write(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.Exec(`SET LOCAL lock_timeout = '50ms'`); err != nil {
				return err
			}
			return tx.PutEnvironment(tenanttest.ID, "Demo", tenanttest.Document(), w.Tenant.Revision)
		})
	}
	w.Write(t, func(tx *store.Tx) error {
		err := w.Tenant.Pin(tx)
		if changing := change(); changing == nil {
			t.Error("the environment changed under a decision")
		}
		return err
	})
	if err := change(); err != nil {
		t.Error(err)
	}
}

func TestTenant(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document())
	if w.Tenant.Issuer != tenanttest.PublicURL+"/api/v0/sdk/"+tenanttest.ID || w.Tenant.Audience("") != w.Tenant.Issuer ||
		w.Tenant.Audience(tenanttest.Bank) != tenanttest.Bank ||
		w.Tenant.MailFrom == "" || w.Tenant.Mail.AppName != "Demo" {
		t.Errorf("%+v", w.Tenant)
	}
	for _, id := range []string{"", "unknown", tenanttest.ID + " ", "99999999-2222-4333-8444-555555555555"} {
		if _, err := w.Registry.Load(t.Context(), id); !fault.Has(err, fault.EnvironmentNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}
