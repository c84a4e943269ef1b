package account_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

func change(t testing.TB, w *tenanttest.World, userID, body string) error {
	t.Helper()
	var c account.ProfileChange
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		t.Fatal(err)
	}
	return w.DB.Write(t.Context(), func(tx *store.Tx) error {
		u, err := tx.LockUser(tenanttest.ID, userID)
		if err != nil {
			return err
		}
		_, err = account.ChangeProfile(w.About(u.ID), tx, u, c)
		return err
	})
}

func TestProfile(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada, bob := w.SignIn(t, "ada@example.com"), w.SignIn(t, "bob@example.com")
		if err := change(t, w, ada.UserID,
			`{"username":"ada.l","firstName":"Ada","lastName":"Lovelace","metadata":{"a":[1]},"policiesConsent":true}`); err != nil {
			t.Fatal(err)
		}
		if err := change(t, w, ada.UserID, `{"firstName":"Augusta","lastName":""}`); err != nil {
			t.Fatal(err)
		}
		w.Read(t, func(tx *store.Tx) error {
			u, err := tx.User(tenanttest.ID, ada.UserID)
			if err != nil {
				return err
			}
			p, err := account.ReadProfile(u)
			if u.Username != "ada.l" || p.FirstName != "Augusta" || p.LastName != "" || string(p.Metadata) != `{"a":[1]}` ||
				p.PoliciesConsent == nil || !*p.PoliciesConsent {
				t.Errorf("%+v, %+v", u, p)
			}
			return err
		})
		if n := w.Audited(t, "user.updated"); n != 2 {
			t.Errorf("%d entries", n)
		}
		w.Read(t, func(tx *store.Tx) error {
			rows, err := storetest.AuditLog(tx, "", "user.updated")
			for _, row := range rows {
				if strings.Contains(row.Detail, "Augusta") || strings.Contains(row.Detail, "Lovelace") {
					t.Errorf("the audit log says %s", row.Detail)
				}
			}
			return err
		})
		if err := change(t, w, bob.UserID, `{"username":"ada.l"}`); !fault.Has(err, fault.UsernameAlreadyExists) {
			t.Errorf("somebody else's name: %v", err)
		}
		long := strings.Repeat("x", 257)
		for body, want := range map[string]fault.Code{
			`{"username":"ab"}`: fault.InvalidUsername, `{"username":"a b c"}`: fault.InvalidUsername,
			`{"username":"` + long + `"}`: fault.InvalidUsername,
			`{"username":"аda"}`:          fault.InvalidUsername, `{"username":"ada\u0000"}`: fault.InvalidUsername,
			`{"firstName":"` + long + `"}`: fault.InvalidRequest, `{"team":"` + long + `"}`: fault.InvalidRequest,
			`{"dogeWallet":"` + long + `"}`: fault.InvalidRequest,
			`{"metadata":[]}`:               fault.InvalidRequest, `{"metadata":"x"}`: fault.InvalidRequest,
			`{"metadata":{"x":"` + strings.Repeat(long, 20) + `"}}`: fault.MetadataTooLarge,
			`{"mfaBackupCodeAcknowledgement":"pending"}`:            fault.InvalidRequest,
		} {
			if err := change(t, w, bob.UserID, body); !fault.Has(err, want) {
				t.Errorf("%.60s: %v, want %s", body, err, want)
			}
		}
		if err := change(t, w, bob.UserID, `{"alias":"nul \u0000 and \ud800"}`); err != nil {
			t.Errorf("odd characters: %v", err)
		}
	})
}

// No field of a profile can claim that anything was verified, nor touch the
// credentials (C11).
func TestProfileProvesNothing(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document())
	ada := w.SignIn(t, "ada@example.com")
	before := addresses(t, w, ada.UserID)
	if err := change(t, w, ada.UserID,
		`{"firstName":"x","email":"evil@example.com","emailVerified":true,"email_verified":true,
		"verifiedCredentials":[{"id":"x","signInEnabled":true}],
		"lastVerifiedCredentialId":"x","scope":"admin","mfaBackupCodeAcknowledgement":"complete","phoneNumber":"+15550100",
		"id":"x","environmentId":"x","disabledAt":null}`); err != nil {
		t.Fatal(err)
	}
	if after := addresses(t, w, ada.UserID); after != before {
		t.Errorf("credentials %q", after)
	}
	w.Read(t, func(tx *store.Tx) error {
		u, err := tx.User(tenanttest.ID, ada.UserID)
		if u.Profile != `{"firstName":"x"}` {
			t.Errorf("profile %s", u.Profile)
		}
		return err
	})
	for _, typ := range []reflect.Type{reflect.TypeFor[account.Profile](), reflect.TypeFor[account.ProfileChange]()} {
		for i := range typ.NumField() {
			name := strings.ToLower(typ.Field(i).Name + " " + typ.Field(i).Tag.Get("json"))
			for _, word := range []string{"verified", "phone", "credential", "acr", "scope", "role"} {
				if strings.Contains(name, word) {
					t.Errorf("%s has a field %s", typ, name)
				}
			}
			if f := typ.Field(i).Name; f == "Email" || f == "ID" || f == "EnvironmentID" {
				t.Errorf("%s has a field %s", typ, f)
			}
		}
	}
	var none account.ProfileChange
	if !none.Empty() {
		t.Error("no change is a change")
	}
}
