package operate_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

func search(t testing.TB, w *tenanttest.World, q operate.UserQuery) (ids []string, page operate.UserPage) {
	t.Helper()
	w.Read(t, func(tx *store.Tx) (err error) {
		page, err = operate.ViewUsers(tx, tenanttest.ID, q)
		return err
	})
	for _, user := range page.Users {
		ids = append(ids, user.ID)
	}
	return ids, page
}

// Users are searched for by all that names them, however it was typed.
func TestSearchUsers(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document("signUp: {enabled: true}"), func(t *testing.T, w *tenanttest.World) {
		ada, bob := w.SignIn(t, "Ada.L@Example.com"), w.SignIn(t, "bob@example.com")
		w.Write(t, func(tx *store.Tx) error {
			for format, shown := range map[string][2]string{
				store.FormatPhone:      {"+14155550132", "+14155550132"},
				store.FormatBlockchain: {"0x52908400098527886E0F7030069857D2E4169EE7", "eip155:0x52908400098527886e0f7030069857d2e4169ee7"},
				store.FormatExternal:   {"auth0|507f", "https://login.example auth0|507f"},
			} {
				if err := tx.InsertCredential(store.CredentialRow{ID: uuid.NewString(), EnvironmentID: tenanttest.ID, UserID: ada.UserID,
					Format: format, Identifier: shown[1], PublicIdentifier: shown[0], Provenance: store.ProvenanceSignUp}); err != nil {
					return err
				}
			}
			return tx.UpdateProfile(tenanttest.ID, bob.UserID, "Bobby", "{}")
		})
		for text, want := range map[string][]string{
			ada.UserID:                 {ada.UserID},
			" ADA.l@example.com\u200b": {ada.UserID},
			"ada":                      {ada.UserID},
			"+1 (415) 555-0132":        {ada.UserID},
			"+1 415":                   {ada.UserID},
			"0x52908400098527886e0f7030069857d2e4169ee7": {ada.UserID},
			"0X529084":     {ada.UserID},
			"auth0|5":      {ada.UserID},
			"bob":          {bob.UserID},
			"BOBBY":        {bob.UserID},
			"b":            {bob.UserID},
			"carol":        nil,
			"example.com":  nil,
			"a\x00b\xff":   nil,
			"%":            nil,
			ada.UserID[:8]: nil,
		} {
			if got, page := search(t, w, operate.UserQuery{Search: text}); !slices.Equal(got, want) || page.More || page.Next != "" {
				t.Errorf("%q finds %v, not %v", text, got, want)
			}
		}
		var exact []store.UserRow
		w.Read(t, func(tx *store.Tx) (err error) {
			exact, err = operate.FindUsers(tx, tenanttest.ID, "bob")
			return err
		})
		if len(exact) != 0 {
			t.Error("the beginning of a name names a user")
		}
		if got, _ := search(t, w, operate.UserQuery{}); !slices.Equal(got, []string{bob.UserID, ada.UserID}) {
			t.Errorf("all users: %v", got)
		}
		if _, page := search(t, w, operate.UserQuery{Search: "ada"}); len(page.Users[0].Addresses) != 4 || page.Users[0].Factors != 0 {
			t.Errorf("a user in the list: %+v", page.Users[0])
		}
		for name, q := range map[string]operate.UserQuery{
			"no cursor": {After: "' OR 1"}, "no state": {State: "locked"}, "both": {Search: "ada", State: store.Disabled},
		} {
			err := w.DB.Read(t.Context(), func(tx *store.Tx) error {
				_, err := operate.ViewUsers(tx, tenanttest.ID, q)
				return err
			})
			if !fault.Has(err, fault.InvalidRequest) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A search that finds more than a page says so.
func TestSearchUsersMore(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document())
	w.Write(t, func(tx *store.Tx) error {
		for range store.UsersAtOnce + 1 {
			id := uuid.NewString()
			if err := tx.InsertUser(store.UserRow{ID: id, EnvironmentID: tenanttest.ID, Username: "u-" + id, Profile: "{}"}); err != nil {
				return err
			}
		}
		return nil
	})
	if got, page := search(t, w, operate.UserQuery{Search: "u-"}); len(got) != store.UsersAtOnce || !page.More {
		t.Errorf("%d found, more: %v", len(got), page.More)
	}
	first, page := search(t, w, operate.UserQuery{})
	rest, last := search(t, w, operate.UserQuery{After: page.Next})
	if len(first) != store.UsersAtOnce || len(rest) != 1 || last.Next != "" || slices.Contains(first, rest[0]) {
		t.Errorf("pages of %d and %d", len(first), len(rest))
	}
}
