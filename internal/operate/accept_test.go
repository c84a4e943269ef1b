package operate_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/who"
)

const signing = "mfa: {methods: [{type: totp, enabled: true}], actions: [{action: wallet.waas.sign, required: true}]}"

// tally is how often calls were judged so.
type tally struct {
	verdict shadow.Verdict
	n       int64
}

// see counts calls of a client some days ago.
func see(t *testing.T, w *tenanttest.World, days int, client string, call shadow.Call, judged tally) {
	t.Helper()
	w.Write(t, func(tx *store.Tx) error {
		reason := ""
		if judged.verdict == shadow.Refuse {
			reason = "missing"
		}
		return tx.AddShadowCount(store.ShadowCount{EnvironmentID: tenanttest.ID,
			Day:    shadow.Day(tx.Now().Add(-time.Duration(days) * 24 * time.Hour)),
			Client: client, Scope: "wallet:sign", Call: string(call), Verdict: string(judged.verdict), Reason: reason, Count: judged.n})
	})
}

func ready(t *testing.T, w *tenanttest.World) (r operate.Readiness) {
	t.Helper()
	w.Read(t, func(tx *store.Tx) (err error) { r, err = operate.Ready(tx, tenanttest.ID); return err })
	return r
}

func accept(t *testing.T, w *tenanttest.World, o operate.AcceptOptions) (a operate.Accepted, err error) {
	t.Helper()
	err = w.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
		a, err = operate.Accept(who.Caller{By: audit.By{Actor: "operator:grace"}}, tx, tenanttest.ID, o)
		return err
	})
	return a, err
}

func TestReadiness(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Old(signing), func(t *testing.T, w *tenanttest.World) {
		if r := ready(t, w); !strings.HasPrefix(r.Verdict, "No protected call was seen") {
			t.Errorf("before anything was seen: %s", r.Verdict)
		}
		see(t, w, 1, "WalletKit/5.3.2", shadow.SignWallet, tally{verdict: shadow.Prompt, n: 40})
		see(t, w, 2, "WalletKit/5.3.2", shadow.SignWallet, tally{verdict: shadow.Pass, n: 2})
		if r := ready(t, w); !strings.HasPrefix(r.Verdict, "Ready: of 42 protected calls") || len(r.Trend) != 2 || r.Trend[0].Pass != 2 ||
			r.Trend[1].Prompt != 40 {
			t.Errorf("ready: %s, %v", r.Verdict, r.Trend)
		}
		see(t, w, 0, "ClientSDK/0.23.4", shadow.SignWallet, tally{verdict: shadow.Refuse, n: 12})
		see(t, w, 40, "ClientSDK/0.1.0", shadow.SignWallet, tally{verdict: shadow.Refuse, n: 99}) // too long ago
		r := ready(t, w)
		if r.Calls != (operate.Tally{Pass: 2, Prompt: 40, Refuse: 12}) || len(r.Refusals) != 1 || r.Refusals[0].Count != 12 ||
			r.Refusals[0].Minimum != "0.24.1" {
			t.Errorf("%+v", r)
		}
		if !strings.Contains(r.Verdict, "12 of 54 protected calls") || !strings.Contains(r.Verdict, "all from ClientSDK/0.23.4") {
			t.Errorf("verdict: %s", r.Verdict)
		}
		if len(r.Clients) != 2 || r.Clients[0].Client != "ClientSDK/0.23.4" {
			t.Errorf("clients: %v", r.Clients)
		}
	})
}

// Users nothing would let through are counted per scope, and so is what was
// linked with nothing.
func TestReadinessOfPeople(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Old(signing))
	ada := w.SignIn(t, "ada@example.com")
	w.SignIn(t, "grace@example.com")
	w.Write(t, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE credentials SET sign_in_enabled = 0, provenance = $1 WHERE user_id = $2`,
			store.ProvenanceNothing, ada.UserID)
		return err
	})
	r := ready(t, w)
	if r.UsersAsked != 2 || r.UsersLeftOut || r.Unconfirmed != 1 {
		t.Errorf("asked %d users, %d unconfirmed", r.UsersAsked, r.Unconfirmed)
	}
	if !slices.Contains(r.WithoutMethod, operate.WithoutMethod{Scope: "wallet:export", Users: 1}) ||
		!slices.Contains(r.WithoutMethod, operate.WithoutMethod{Scope: "wallet:sign", Users: 1}) {
		t.Errorf("without a method: %v", r.WithoutMethod)
	}
}

func TestNothingToMigrate(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Old())
	if r := ready(t, w); !strings.HasPrefix(r.Verdict, "No action-based MFA in use: nothing to migrate") {
		t.Error(r.Verdict)
	}
	if _, err := accept(t, w, operate.AcceptOptions{}); err != nil {
		t.Error(err)
	}
}

func TestAccept(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Old(signing), func(t *testing.T, w *tenanttest.World) {
		see(t, w, 3, "WalletKit/5.3.2", shadow.SignWallet, tally{verdict: shadow.Pass, n: 1})
		old := w.Tenant
		dry, err := accept(t, w, operate.AcceptOptions{DryRun: true})
		if err != nil || !slices.Equal(dry.TurnedOn, []string{"update-user", "delete-user"}) {
			t.Fatalf("dry run: %+v, %v", dry, err)
		}
		if w.Reload(t); w.Tenant.MinAPIVersion != environment.Version20260101 || len(w.Tenant.Compatibility) != 0 {
			t.Fatal("a dry run changed something")
		}
		if _, err := accept(t, w, operate.AcceptOptions{}); err != nil {
			t.Fatal(err)
		}
		w.Reload(t)
		if w.Tenant.MinAPIVersion != environment.Version20260401 || !w.Tenant.Allows(environment.UpdateUser) ||
			w.Tenant.Allows(environment.LinkWallet) {
			t.Errorf("accepted: %s, %v", w.Tenant.MinAPIVersion, w.Tenant.Compatibility)
		}
		// A request that looked at the environment before decides nothing after.
		if err := w.DB.Write(t.Context(), func(tx *store.Tx) error { return old.Pin(tx) }); !errors.Is(err, tenant.ErrRevised) {
			t.Errorf("the old rules decide on: %v", err)
		}
		if n := w.Audited(t, "environment.version_accepted"); n != 1 {
			t.Errorf("%d audit entries", n)
		}
		// The way back is open to what began older, and to those who may weaken.
		if _, err := accept(t, w, operate.AcceptOptions{Version: environment.Version20260101}); !fault.Has(err,
			fault.InsufficientServiceScope) {
			t.Errorf("going back without environments.weaken: %v", err)
		}
		if _, err := accept(t, w, operate.AcceptOptions{Version: environment.Version20260101, MayWeaken: true}); err != nil {
			t.Error(err)
		}
		if w.Reload(t); w.Tenant.MinAPIVersion != environment.Version20260101 {
			t.Error("it did not go back")
		}
	})
}

func TestAcceptStrict(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Old(signing))
	see(t, w, 3, "ClientSDK/1.27.1", shadow.SignWallet, tally{verdict: shadow.Refuse, n: 1})
	accepted, err := accept(t, w, operate.AcceptOptions{Strict: true})
	if w.Reload(t); err != nil || len(accepted.TurnedOn) != 0 || len(w.Tenant.Compatibility) != 0 ||
		w.Tenant.MinAPIVersion != environment.Newest {
		t.Errorf("%+v, %v: %v", accepted, err, w.Tenant.Compatibility)
	}
}

func TestNewEnvironmentsCannotGoBack(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document(signing))
	if _, err := accept(t, w, operate.AcceptOptions{Version: environment.Version20260101, MayWeaken: true}); !fault.Has(err,
		fault.EnvironmentVersionCannotGoBack) {
		t.Errorf("a new environment goes back: %v", err)
	}
}

// Clients that attach no token to refresh and reshare need two entries for each:
// one for users with a second factor, who send a token of action-based MFA, and one
// for those without. Each use is counted for the entry that let it through.
func TestEntriesOfRefreshAndReshare(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Old(signing))
	see(t, w, 3, "ClientSDK/1.27.1", shadow.SignWallet, tally{verdict: shadow.Pass, n: 1})
	accepted, err := accept(t, w, operate.AcceptOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range []string{"refresh", "reshare", "refresh-without-mfa", "reshare-without-mfa"} {
		if !slices.Contains(accepted.TurnedOn, entry) {
			t.Errorf("%s is not turned on: %v", entry, accepted.TurnedOn)
		}
	}
	w.Write(t, func(tx *store.Tx) error {
		return tx.AddShadowCount(store.ShadowCount{EnvironmentID: tenanttest.ID, Day: shadow.Day(tx.Now()), Client: "ClientSDK/1.27.1",
			Scope: "wallet:refresh", Call: string(shadow.RefreshWallet), Verdict: string(shadow.Waived),
			Reason: "refresh-without-mfa", Count: 3})
	})
	for _, use := range ready(t, w).Compatibility {
		if used := use.Entry == "refresh-without-mfa"; used != (use.Count == 3) || used == use.Removable {
			t.Errorf("%+v", use)
		}
	}
}

// An entry that nobody used for thirty days is reported as removable.
func TestRemovableEntries(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document(signing, "compatibility: [link-wallet, update-user]"))
	see(t, w, 2, "ClientSDK/1.27.1", shadow.LinkWallet, tally{verdict: shadow.Waived, n: 5})
	see(t, w, 31, "ClientSDK/1.27.1", shadow.UpdateUser, tally{verdict: shadow.Waived, n: 5})
	got := ready(t, w).Compatibility
	if len(got) != 2 || got[0].Removable || got[0].Count != 5 || !slices.Equal(got[0].Clients, []string{"ClientSDK/1.27.1"}) ||
		!got[1].Removable {
		t.Errorf("%+v", got)
	}
}
