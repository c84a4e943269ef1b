package operate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

func foresee(t *testing.T, w *tenanttest.World, document string) (e operate.Effect) {
	t.Helper()
	w.Read(t, func(tx *store.Tx) (err error) {
		e, err = operate.Foresee(tx, tenanttest.ID, []byte(document))
		return err
	})
	return e
}

// What users did lately is judged by the new document: the proof that they gave, and the
// calls that they made without one.
func TestForesee(t *testing.T) {
	document := tenanttest.Document()
	custom := func(more string) string {
		return strings.Replace(document, tenanttest.Bank+`"`, tenanttest.Bank+`", `+more, 1)
	}
	gone := strings.Replace(document, "scopes:\n  - {scope: transfer:create, audience: \""+tenanttest.Bank+"\"}\n", "", 1)
	tenanttest.Engines(t, document, func(t *testing.T, w *tenanttest.World) {
		ada, grace := w.SignIn(t, "ada@example.com"), w.SignIn(t, "grace@example.com")
		w.Elevate(t, ada, "ada@example.com", "transfer:create")
		w.Elevate(t, ada, "ada@example.com", "transfer:create")
		w.Elevate(t, grace, "grace@example.com", stepup.WalletExport)
		for _, user := range []store.SessionRow{ada, ada, grace} {
			w.Write(t, func(tx *store.Tx) error {
				return audit.Record(tx, w.As(&user).By.Concerning(user.UserID), "wallet.sign.finished",
					audit.Detail{"scope": "wallet:sign", "token_id": "", "authorized_by": "policy"})
			})
		}
		if e := foresee(t, w, document); len(e.Decisions) != 0 || len(e.Traffic.Otherwise) != 0 {
			t.Errorf("nothing changes: %+v", e)
		}
		for name, test := range map[string]struct {
			document string
			want     []operate.TrafficChange
		}{
			"an action on": {tenanttest.Document(signing),
				[]operate.TrafficChange{{Scope: "wallet:sign", What: operate.AskedNow, Count: 3, Users: 2}}},
			"a scope off": {custom("required: false"),
				[]operate.TrafficChange{{Scope: "transfer:create", What: operate.AskedNoLonger, Count: 2, Users: 1}}},
			"a scope gone": {gone,
				[]operate.TrafficChange{{Scope: "transfer:create", What: operate.NoScope, Count: 2, Users: 1}}},
			"a floor that codes do not meet": {custom("floor: {withoutMfa: 'urn:stepup:mfa'}"),
				[]operate.TrafficChange{{Scope: "transfer:create", What: operate.NothingLeft, Count: 2, Users: 1}}},
			"a shorter life": {custom("expirySeconds: 60"), nil},
		} {
			e := foresee(t, w, test.document)
			if len(e.Decisions) == 0 || !slices.Equal(e.Traffic.Otherwise, test.want) && len(test.want)+len(e.Traffic.Otherwise) > 0 {
				t.Errorf("%s: %+v", name, e)
			}
			if e.Traffic.StepUps != 3 || e.Traffic.Calls != 3 || e.Traffic.Bounded {
				t.Errorf("%s: looked at %+v", name, e.Traffic)
			}
		}
		w.Clock.Advance(31 * 24 * time.Hour)
		if e := foresee(t, w, gone); e.Traffic.StepUps != 0 || len(e.Traffic.Otherwise) != 0 {
			t.Errorf("a month later: %+v", e.Traffic)
		}
	})
}
