package attack_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// Whoever has a service token takes nothing out unseen: the log says who read users or the
// log itself, from whichever page on, once an hour; and operators are told what it does to a person.
func TestMachinesAreWatched(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, factorsOn))
		user := s.SignIn(t, servertest.A, "watched@example.com")
		s.EnrolApp(t, user)
		header := servertest.Bearer(s.ServiceToken(t, servertest.A,
			[]string{serviceauth.UsersRead, serviceauth.UsersWrite, serviceauth.AuditRead}))
		base := servertest.Admin(servertest.A)
		recorded := func(action string) (n int) {
			t.Helper()
			s.do(t, func(tx *store.Tx) error {
				rows, err := tx.AuditOf(servertest.A, action, time.Time{}, 100)
				n = len(slices.DeleteFunc(rows, func(row store.AuditRow) bool { return !strings.HasPrefix(row.Actor, "service:") }))
				return err
			})
			return n
		}
		for _, path := range []string{"/users?after=" + user.UserID, "/users", "/users?search=w", "/audit?after=0_0", "/audit"} {
			s.Do(t, "GET", base+path, header, nil).Want(t, 200, "")
		}
		s.Do(t, "POST", base+"/users/"+user.UserID+"/export", header, m{}).Want(t, 200, "")
		for _, action := range []string{"users.exported", "audit.exported", "user.exported"} {
			if n := recorded(action); n != 1 {
				t.Errorf("%s stands %d times in the log, want once", action, n)
			}
		}
		s.Clock.Advance(2 * time.Hour)
		s.Do(t, "GET", base+"/users", header, nil).Want(t, 200, "")
		if n := recorded("users.exported"); n != 2 {
			t.Errorf("reading on for hours stands %d times in the log, want twice", n)
		}

		s.Do(t, "POST", base+"/users/"+user.UserID+"/reset-mfa", header, m{}).Want(t, 200, "")
		s.Do(t, "POST", base+"/users/"+user.UserID+"/delete", header, m{"confirm": user.UserID}).Want(t, 200, "")
		s.settleMail(t)
		told := ""
		for _, mail := range s.Inbox.To(servertest.Operator) {
			told += mail.Text
		}
		for _, did := range []string{"all second factors were taken away from", "the account was deleted of"} {
			if want := did + " user " + user.UserID; !strings.Contains(strings.Join(strings.Fields(told), " "), want) {
				t.Errorf("operators are not told that %s:\n%s", want, told)
			}
		}
	})
}

// A name of nothing names nobody: no spelling of it reads the list of users past the log.
func TestNobodyIsNamedNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, factorsOn))
		user := s.SignIn(t, servertest.A, "unseen@example.com")
		header := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{serviceauth.UsersRead}))
		before := "00000000-0000-0000-0000-000000000000"
		for _, named := range []string{"%20", "%09", "%E2%80%8B", "%20&after=" + before, "%20&search=unseen", "%20&state=without-mfa"} {
			r := s.Do(t, "GET", servertest.Admin(servertest.A)+"/users?named="+named, header, nil)
			if strings.Contains(string(r.Body), user.UserID) {
				t.Errorf("named=%s: users are listed, and nothing is on record", named)
			}
		}
	})
}
