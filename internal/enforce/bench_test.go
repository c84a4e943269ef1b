package enforce_test

import (
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// What shadow mode adds to a gate under the old version, beside the gate alone and
// the read that both need.
func BenchmarkForesee(b *testing.B) {
	w := tenanttest.SQLite(b,
		tenanttest.Old("mfa: {methods: [{type: totp, enabled: true}], actions: [{action: user.update, required: true}]}"))
	s := w.SignIn(b, "ada@example.com")
	caller, demand := w.Caller(b, s, ""), enforce.Demand{Scope: stepup.UserUpdate}
	run := func(name string, fn func(tx *store.Tx) error) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := w.DB.Read(b.Context(), fn); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("gate alone", func(tx *store.Tx) error { return tenanttest.Judge(caller, tx, demand) })
	both := demand
	both.Foresee = true
	run("gate and foresight", func(tx *store.Tx) error { return tenanttest.Judge(caller, tx, both) })
	run("one read", func(tx *store.Tx) error { _, err := tx.User(w.Tenant.ID, s.UserID); return err })
}
