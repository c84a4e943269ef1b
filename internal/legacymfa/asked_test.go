package legacymfa_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/legacymfa"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/who"
)

// asked is the table of docs/migrating.md, written out: what a scope asks for.
var asked = []struct {
	scope  stepup.Scope
	always bool                   // under the newest version, whatever the actions say
	action string                 // empty: none
	entry  environment.Compatible // lets an MFA token count under the newest version
}{
	{stepup.WalletExport, true, "wallet.waas.export", ""},
	{stepup.WalletSign, false, "wallet.waas.sign", ""},
	{stepup.WalletRefresh, false, "wallet.waas.refresh", environment.Refresh},
	{stepup.WalletReshare, false, "wallet.waas.reshare", environment.Reshare},
	{stepup.WalletDelegate, true, "", ""},
	{stepup.WalletRestore, true, "", ""},
	{stepup.WalletDelete, true, "", ""},
	{stepup.CredentialLink, true, "", ""},
	{stepup.CredentialUnlink, true, "", environment.DeleteDevice},
	{stepup.CredentialUpdate, true, "", ""},
	{stepup.UserUpdate, false, "user.update", ""},
	{stepup.UserDelete, true, "", ""},
}

// Every combination of version, action, MFA required, enrolment, compatibility
// and token: the check, the gate and what isMfaRequiredForAction computes from
// settings and methods agree, and each is what the table says.
func TestWhatIsAskedWhen(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Old())
	people, cases := 0, 0
	for _, version := range environment.Versions {
		for _, on := range []bool{false, true} {
			for _, mfaRequired := range []bool{false, true} {
				for _, compatible := range []bool{false, true} {
					var actions []string
					for _, row := range asked {
						if row.action != "" {
							actions = append(actions, fmt.Sprintf("{action: %s, required: %v}", row.action, on))
						}
					}
					entries := "[]"
					if compatible {
						entries = "[refresh, reshare, delete-device]"
					}
					w.Apply(t,
						tenanttest.Document("createdAtVersion: 2026_01_01", "minApiVersion: "+string(version), "compatibility: "+entries,
							fmt.Sprintf("mfa: {required: %v, methods: [{type: totp, enabled: true}], actions: [%s]}", mfaRequired,
								strings.Join(actions, ", "))))
					for _, isEnrolled := range []bool{false, true} {
						people++
						cases += ask(t, w, fmt.Sprintf("user%d", people), circumstances{
							version: version, on: on, mfaRequired: mfaRequired, compatible: compatible, isEnrolled: isEnrolled,
						})
					}
				}
			}
		}
	}
	t.Logf("%d combinations", cases)
}

// circumstances are what a call is judged under.
type circumstances struct {
	version     environment.Version
	on          bool // the actions are
	mfaRequired bool
	compatible  bool // with the entries that let a token of action-based MFA count
	isEnrolled  bool // the user has a second factor
}

func ask(t *testing.T, w *tenanttest.World, name string, in circumstances) (cases int) {
	s := w.SignIn(t, name+"@example.com")
	proof := tenanttest.Stub{Is: assurance.EmailCode,
		Evidence: method.Evidence{Format: store.FormatEmail, Identifier: name + "@example.com", Purpose: method.InSession}}
	legacy := legacymfa.Tokens{}.Present(legacymfa.Prefix + strings.Repeat("A", 26)) // who has no factor has no token
	if in.isEnrolled {
		var app store.CredentialRow
		w.Write(t, func(tx *store.Tx) (err error) {
			app, err = account.Link(w.About(s.UserID), tx, account.Address{ID: name + "-app", Format: store.FormatTOTP,
				Identifier: name + "-app", Written: "app"}, account.Authority{Provenance: store.ProvenanceElevatedToken})
			return err
		})
		proof = totpProof(app, method.InSession)
		text, err := mint(t, w, proof, s, false)
		if err != nil {
			t.Fatal(err)
		}
		legacy = legacymfa.Tokens{}.Present(text.Reveal())
	}
	// A session that owes a second factor earns nothing but the token to enrol with.
	earns := func(scope stepup.Scope) bool {
		return in.isEnrolled || !in.mfaRequired || scope == stepup.CredentialLink
	}
	elevated := func(scope stepup.Scope) string {
		if !earns(scope) {
			return ""
		}
		text, err := w.Grant(t.Context(), proof, w.Attempt(&s, "", "x"), scope)
		if err != nil {
			t.Fatalf("minting %s for %s: %v", scope, name, err)
		}
		return text
	}
	for _, row := range asked {
		s = w.Refresh(t, s)
		isOn := in.on && row.action != ""
		required := row.always || isOn
		if in.version == environment.Version20260101 {
			required = isOn && (in.mfaRequired || in.isEnrolled)
		}
		mfaOpens := in.isEnrolled && (in.version == environment.Version20260101 || in.compatible && row.entry != "")
		other := stepup.WalletExport
		if row.scope == other {
			other = stepup.WalletSign
		}
		spent := elevated(row.scope)
		single := false
		if earns(row.scope) {
			single = use(t, w, s, spent, row.scope)
		}
		expired := elevated(row.scope)
		w.Clock.Advance(policy.TimeBoundCeiling)
		for _, token := range []struct {
			name     string
			elevated string
			legacy   who.Legacy
			opens    bool
		}{
			{"none", "", nil, false},
			{"legacy", "", legacy, mfaOpens},
			{"elevated", elevated(row.scope), nil, earns(row.scope)},
			{"elevated for another scope", elevated(other), nil, false},
			{"elevated, spent", spent, nil, false}, // by now a time-bound one has expired
			{"elevated, expired", expired, nil, false},
			{"expired, and legacy", expired, legacy, mfaOpens},
		} {
			cases++
			err := w.DB.Read(t.Context(), func(tx *store.Tx) error {
				caller := w.Caller(t, s, token.elevated)
				caller.Legacy = token.legacy
				return tenanttest.Judge(caller, tx, enforce.Demand{Scope: row.scope, LegacyEntry: row.entry})
			})
			if want := !required || token.opens; (err == nil) != want || err != nil && !fault.Has(err, fault.ElevatedTokenRequired) {
				t.Errorf("%s at %s, on %v, mfa.required %v, compatible %v, enrolled %v, token %s (single %v): %v, want it open: %v",
					row.scope, in.version, isOn, in.mfaRequired, in.compatible, in.isEnrolled, token.name, single, err, want)
			}
		}
		var decision policy.Decision
		var devices int
		w.Read(t, func(tx *store.Tx) error {
			person, err := account.Person(tx, w.Tenant.Environment, s)
			if err != nil {
				return err
			}
			for _, m := range person.Means {
				if m.Kind.MFA() {
					devices++
				}
			}
			decision, err = policy.Decide(w.Tenant.Environment, person, row.scope)
			return err
		})
		// Taking a factor away and showing its recovery codes were never free.
		neverFree := in.isEnrolled && (row.scope == stepup.CredentialUnlink || row.scope == stepup.CredentialLink)
		if decision.For(policy.Ordinary).Required != required || decision.Required != (required || neverFree) {
			t.Errorf("%s at %s: the check says %v, the table %v", row.scope, in.version, decision.Required, required)
		}
		// What the published client computes: the action is on, and MFA is required
		// or the user has a verified method.
		if action, ok := w.Tenant.Action(row.action); ok && in.version == environment.Version20260101 {
			if computed := action.Required && (w.Tenant.MFA.Required || devices > 0); computed != required {
				t.Errorf("%s: isMfaRequiredForAction says %v, the gate %v", row.action, computed, required)
			}
		}
	}
	return cases
}

// use spends a token and says whether it was for a single use.
func use(t *testing.T, w *tenanttest.World, s store.SessionRow, token string, scope stepup.Scope) (single bool) {
	t.Helper()
	w.Write(t, func(tx *store.Tx) error {
		opened, err := enforce.Spend(w.Caller(t, s, token), tx, enforce.Demand{Scope: scope}, nil)
		if err != nil {
			return err
		}
		row, err := tx.ElevatedToken(w.Tenant.ID, opened.Token.ID)
		single = row.SingleUse
		return err
	})
	return single
}
