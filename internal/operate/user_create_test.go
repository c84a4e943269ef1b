package operate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

func create(t testing.TB, w *tenanttest.World, n operate.NewUser) (id string, err error) {
	t.Helper()
	err = change(w, t, func(tx *store.Tx) (err error) {
		id, err = operate.CreateUser(by, tx, tenanttest.ID, n)
		return err
	})
	return id, err
}

func invite(t testing.TB, w *tenanttest.World, id, url string) (address string, err error) {
	t.Helper()
	err = change(w, t, func(tx *store.Tx) (err error) {
		address, err = operate.InviteUser(by, tx, tenanttest.ID, id, url)
		return err
	})
	return address, err
}

const closed = "signUp: {enabled: false}\norigins: ['https://app.example.com']\nsms: {enabled: true, countries: [US]}"

// An operator makes a user where nobody can sign up. The person signs in by a proof of an
// address, which makes that one count and no other, and the mail that invites them has
// nothing in it that lets anybody in.
func TestCreateUser(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(closed), func(t *testing.T, w *tenanttest.World) {
		name := "ada"
		n := operate.NewUser{Email: "Ada@Example.com", Phone: "+1 415 555 0132", ExternalID: "crm|7"}
		n.Username, n.FirstName = &name, &name
		id, err := create(t, w, n)
		if err != nil {
			t.Fatal(err)
		}
		if got := view(t, w, id); !got.NeverSignedIn || !got.Unproven || len(got.Credentials) != 2 || got.Credentials[0].Counts ||
			got.Username != name || got.Profile.FirstName != name || got.ExternalID != "crm|7" {
			t.Errorf("made: %+v", got)
		}
		for _, text := range []string{"crm|7", "ada@", "ada", "+1415555"} {
			if got, _ := search(t, w, operate.UserQuery{Search: text}); len(got) != 1 || got[0] != id {
				t.Errorf("%q finds %v", text, got)
			}
		}
		w.Mails(t)
		if to, err := invite(t, w, id, ""); err != nil || to != "Ada@Example.com" {
			t.Fatalf("invited %q, %v", to, err)
		}
		mails := w.Mails(t)
		if len(mails) != 1 || mails[0].To != "Ada@Example.com" || !strings.Contains(mails[0].Text, "https://app.example.com") ||
			tenanttest.CodeIn(mails[0]) != "" || strings.Contains(mails[0].Text, "https://app.example.com/") {
			t.Errorf("the invitation: %+v", mails)
		}
		session := w.SignIn(t, "ada@example.com")
		got := view(t, w, id)
		if session.UserID != id || got.NeverSignedIn {
			t.Errorf("%s signed in, not %s", session.UserID, id)
		}
		for _, c := range got.Credentials {
			if c.Counts != (c.Format == store.FormatEmail) {
				t.Errorf("%s counts: %v", c.Kind, c.Counts)
			}
		}
		if _, err := invite(t, w, id, ""); !fault.Has(err, fault.Conflict) {
			t.Errorf("inviting who was here: %v", err)
		}
		if w.Audited(t, "user.created") != 1 || w.Audited(t, "user.invited") != 1 {
			t.Error("it is not in the audit log")
		}
	})
}

func TestCreateUserRefuses(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document(closed))
	taken := "taken"
	n := operate.NewUser{Email: "ada@example.com", ExternalID: "7"}
	n.Username = &taken
	id, err := create(t, w, n)
	if err != nil {
		t.Fatal(err)
	}
	named := operate.NewUser{Email: "eve@example.com"}
	named.Username = &taken
	for name, test := range map[string]struct {
		n    operate.NewUser
		want fault.Code
	}{
		"nothing to sign in with": {operate.NewUser{ExternalID: "8"}, fault.InvalidRequest},
		"another's address":       {operate.NewUser{Email: "ADA@example.com"}, fault.Conflict},
		"another's external id":   {operate.NewUser{Email: "eve@example.com", ExternalID: "7"}, fault.Conflict},
		"another's name":          {named, fault.UsernameAlreadyExists},
		"no address":              {operate.NewUser{Email: "ada"}, fault.InvalidEmail},
		"no number":               {operate.NewUser{Phone: "12"}, fault.InvalidRequest},
		"no texts there":          {operate.NewUser{Phone: "+4930901820"}, fault.InvalidRequest},
		"what does not print":     {operate.NewUser{Email: "eve@example.com", ExternalID: "a\x00"}, fault.InvalidRequest},
	} {
		if _, err := create(t, w, test.n); !fault.Has(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, link := range []string{"https://evil.example", "https://app.example.com.evil.example", "javascript:alert(1)",
		"https://app.example.com@evil.example", "https://user@app.example.com", "//app.example.com", "%"} {
		if _, err := invite(t, w, id, link); !fault.Has(err, fault.InvalidRequest) {
			t.Errorf("a link to %s: %v", link, err)
		}
	}
	for range 5 {
		if _, err := invite(t, w, id, "https://app.example.com/welcome"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := invite(t, w, id, ""); !fault.Has(err, fault.RateLimited) {
		t.Errorf("the sixth in a day: %v", err)
	}
	if n := w.Count(t, `SELECT COUNT(*) FROM users`); n != 1 {
		t.Errorf("%d users", n)
	}
}

// Whoever makes users makes no mailing list of them: a user who is deleted and made
// again is invited no oftener, and one token invites only so many strangers in a day.
func TestInvitationsAreBounded(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document(closed))
	sent := func(email func(int) string) (n int, err error) {
		for ; n < 300; n++ {
			id, err := create(t, w, operate.NewUser{Email: email(n)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := invite(t, w, id, ""); err != nil {
				return n, err
			}
			err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
				_, err := operate.DeleteUser(by, tx, tenanttest.ID, id, operate.Deletion{Confirm: id})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		return n, nil
	}
	if n, err := sent(func(int) string { return "stranger@example.com" }); n != 5 || !fault.Has(err, fault.RateLimited) {
		t.Errorf("%d mails to one address: %v", n, err)
	}
	others := func(n int) string { return fmt.Sprintf("stranger%d@example.com", n) }
	if n, err := sent(others); n != 195 || !fault.Has(err, fault.RateLimited) {
		t.Errorf("%d more mails to strangers: %v", n, err)
	}
}
