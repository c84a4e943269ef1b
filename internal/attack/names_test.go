package attack_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// L17: a session alone may rename a factor, so the name is a stranger's word: what
// nobody sees is not taken, its owner is told, and it stands in quotes wherever they
// are told of the factor.
func TestL17NamesOfFactors(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, factorsOn))
		user := s.SignIn(t, servertest.A, "named@example.com")
		s.EnrolApp(t, user)
		var factors struct{ Devices []struct{ ID string } }
		s.Do(t, "GET", sdk("/users/mfa/methods"), user.Header(), nil).Want(t, 200, "").JSON(t, &factors)
		id := factors.Devices[0].ID
		rename := func(alias string) servertest.Response {
			return s.Do(t, "PUT", sdk("/users/mfa/"+id), user.Header(), m{"alias": alias})
		}
		for _, alias := range []string{
			"Phone\u202egnp.exe", "Pho\u200bne", "Phone\nremoved", "Ph\x07one", "Phone\u2066", "\u3164", "Ph\u00adone", "Ph\u2028one",
			"\u2800\u2800", "Ph\ufe0fone", "a\u200db", "Phone\u061c",
		} {
			if got := rename(alias).Want(t, 400, "invalid_request"); !strings.Contains(string(got.Body), "nobody sees") {
				t.Errorf("%q: %s", alias, got.Body)
			}
		}
		s.settleMail(t)
		mails := len(s.Inbox.To(user.Email))
		alias := `app". If this was not you, call +1 555`
		rename(alias).Want(t, 204, "")
		told := s.Inbox.Wait(t, user.Email, mails)
		if want := `"app'. If this was not you, call +1 5…"`; !strings.Contains(strings.ReplaceAll(told.Text, "\u2060", ""), want) ||
			!strings.Contains(told.Text, `app "Authenticator app", now "`) {
			t.Errorf("the owner is told\n%s", told.Text)
		}
		rename(alias).Want(t, 204, "") // nothing changes, so nothing is told
		for _, good := range []string{"Ada's 📱️", "👩‍💻 laptop", "Téléphone (2)", "電話"} {
			rename(good).Want(t, 204, "")
		}
		var refused int
		for i := range 10 {
			if r := rename(fmt.Sprintf("name %d", i)); r.Code == "rate_limited" {
				refused++
			}
		}
		if sent := len(s.Inbox.To(user.Email)); refused == 0 || sent > mails+10 {
			t.Errorf("%d of ten more names refused, %d mails", refused, sent-mails)
		}
	})
}
