package attack_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// An operation id answers for the user it was let through for, and for nobody else:
// a guard would take another user's claims for those of the operation.
func TestAReplayIsTheSameUsers(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		ada, eve := s.SignIn(t, servertest.A, "ada@example.com"), s.SignIn(t, servertest.A, "eve@example.com")
		first := s.StepUp(t, ada, transfer)
		if got := s.consume(t, first, transfer, "order-1").Want(t, 200, ""); got.Member("result") != "first" {
			t.Fatalf("%s", got.Body)
		}
		evil := s.StepUp(t, eve, transfer)
		for range 2 {
			s.consume(t, evil, transfer, "order-1").Want(t, 409, "operation_conflict")
		}
		for _, token := range []string{first, s.StepUp(t, ada, transfer)} { // an answer that was lost
			if got := s.consume(t, token, transfer, "order-1").Want(t, 200, ""); got.Member("result") != "replayed" ||
				got.Member("sub") != ada.UserID {
				t.Errorf("%s", got.Body)
			}
		}
		if got := s.consume(t, evil, transfer, "order-2").Want(t, 200, ""); got.Member("result") != "first" {
			t.Errorf("the refusals cost a token: %s", got.Body)
		}

		// Who is not known has no methods to be told of, which is not the same as none.
		unknown := s.consume(t, "x.y.z", transfer, "order-3")
		wantRefused(t, unknown, "missing")
		spent := s.consume(t, first, transfer, "order-4")
		wantRefused(t, spent, "spent")
		if strings.Contains(string(unknown.Body), "methods") || !strings.Contains(string(spent.Body), `"methods":["email_otp"]`) {
			t.Errorf("%s\n%s", unknown.Body, spent.Body)
		}
	})
}

// Whatever door reads the header of a session, all read the same.
func TestOneReadingOfAuthorization(t *testing.T) {
	t.Parallel()
	s := start(t)
	user := s.SignIn(t, servertest.A, "reader@example.com")
	guard, err := stepup.NewVerifier(stepup.Config{Issuer: s.Issuer(servertest.A)})
	if err != nil {
		t.Fatal(err)
	}
	caller := stepup.SessionCaller(guard)
	for value, good := range map[string]bool{
		"Bearer " + user.Token: true, "bearer " + user.Token: true, "BEARER   " + user.Token: true, "Bearer  " + user.Token: true,
		"Bearer\t" + user.Token: false, "Bearer \t" + user.Token: false, "Bearer" + user.Token: false, user.Token: false,
		"Basic " + user.Token: false, "Bearer Bearer " + user.Token: false, "Bearer \"" + user.Token + "\"": false,
		"Bearer " + user.Token + ",x": false, "Bearer " + user.Token + " x": false, "Bearer ": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", value)
		_, err := caller(r)
		status := s.Do(t, "GET", sdk("/users"), http.Header{"Authorization": {value}}, nil).Status
		if (err == nil) != good || (status == 200) != good {
			t.Errorf("%.20q…: our door says %d, a guard %v", value, status, err)
		}
	}
	token := s.StepUp(t, user, "user:delete")
	refused := s.Do(t, "DELETE", sdk("/users"), user.Header("Bearer "+token), nil).Want(t, 400, "invalid_request")
	if !strings.Contains(string(refused.Body), `without \"Bearer \"`) {
		t.Errorf("%s", refused.Body)
	}
}
