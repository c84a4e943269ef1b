package attack_test

import (
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
)

// O4: whoever may import adds an address of theirs to somebody whom an operator made, and
// who was never here, by a row of the same externalId, and signs in by it.
func TestO4RowAboutSomebodyWhomAnOperatorMade(t *testing.T) {
	underBoth(t, "", func(t *testing.T, s scene, environment string) {
		admin := servertest.Bearer(s.ServiceToken(t, environment, []string{serviceauth.UsersWrite, serviceauth.UsersRead}))
		made := m{"email": "made@example.com", "externalId": "made-1"}
		s.Do(t, "POST", servertest.Admin(environment)+"/users", admin, made).Want(t, 200, "")
		var report struct{ ID string }
		s.Do(t, "POST", servertest.Admin(environment)+"/imports", admin, m{"name": "thief"}).Want(t, 200, "").JSON(t, &report)
		rows := []any{m{"externalId": "made-1", "email": "row-thief@example.com"}}
		var left struct{ LeftOut []struct{ Reason string } }
		s.Do(t, "POST", servertest.Admin(environment)+"/imports/"+report.ID+"/rows", admin, m{"after": 0, "rows": rows}).
			Want(t, 200, "").JSON(t, &left)
		if len(left.LeftOut) != 1 || left.LeftOut[0].Reason != "signed_in" {
			t.Errorf("left out: %+v", left.LeftOut)
		}
		if got := s.enter(t, environment, "row-thief@example.com"); got.Status == 200 && got.Member("user.externalId") == "made-1" {
			t.Error("a row made its author the user")
		}
	})
}
