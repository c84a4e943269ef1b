package api_test

import (
	"net/url"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

// A step-up is followed from the code that was sent to the token that a guard spent, by
// the token alone, with where each request came from; pages of the log are walked by key;
// another environment's entries are not there.
func TestAuditTrail(t *testing.T) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := servertest.Start(t, servertest.WithEngine(engine))
			session := s.SignIn(t, servertest.A, "ada@example.com")
			s.StepUp(t, session, "transfer:create") // another one of the same session
			token := s.StepUp(t, session, "transfer:create")
			guard := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{"tokens.consume"}, "transfer:create"))
			s.Do(t, "POST", servertest.SDK(servertest.A)+"/tokens/consume", guard, map[string]string{
				"token": token, "scope": "transfer:create", "operationId": uuid.NewString(), "requestDigest": "digest",
				"userId": session.UserID, "sessionId": session.ID,
			}).Want(t, 200, "")
			reader := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{"audit.read"}))
			ask := func(query string) (page operate.AuditPage) {
				s.Do(t, "GET", servertest.Admin(servertest.A)+"/audit"+query, reader, nil).Want(t, 200, "").JSON(t, &page)
				return page
			}
			consumed := ask("?action=token.consumed&order=newest&limit=1").Events
			if len(consumed) != 1 || consumed[0].UserID != session.UserID {
				t.Fatalf("%+v", consumed)
			}
			trail := ask("/" + consumed[0].ID + "/trail").Events
			var actions []string
			for _, e := range trail {
				actions = append(actions, e.Action)
				if e.Source != "127.0.0.1" || e.UserAgent != "Go-http-client/1.1" || e.SourceHash == "" || e.Outcome != "done" {
					t.Errorf("%+v", e)
				}
			}
			if want := []string{"code.sent", "proof.given", "token.minted", "token.consumed"}; !slices.Equal(actions, want) {
				t.Errorf("the trail is %v, want %v", actions, want)
			}

			var walked []string
			for next, pages := "", 0; ; pages++ {
				page := ask("?order=newest&limit=3&userId=" + session.UserID + "&after=" + url.QueryEscape(next))
				for _, e := range page.Events {
					walked = append(walked, e.ID)
				}
				if next = page.Next; next == "" || pages > 50 {
					break
				}
			}
			whole := ask("?userId=" + session.UserID).Events
			slices.Reverse(walked)
			if len(walked) != len(whole) || len(walked) < 8 || walked[0] != whole[0].ID || walked[len(walked)-1] != whole[len(whole)-1].ID {
				t.Errorf("%d entries page by page, %d at once", len(walked), len(whole))
			}
			if found := ask("?sessionId=" + session.ID + "&action=token."); len(found.Events) != 3 {
				t.Errorf("%d entries about tokens of the session, want 3", len(found.Events))
			}

			other := servertest.Bearer(s.ServiceToken(t, servertest.B, []string{"audit.read"}))
			s.Do(t, "GET", servertest.Admin(servertest.B)+"/audit/"+consumed[0].ID+"/trail", other, nil).Want(t, 404, "not_found")
			s.Do(t, "GET", servertest.Admin(servertest.B)+"/audit?userId="+session.UserID, other, nil).Want(t, 404, "not_found")
		})
	}
}
