package attack_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

// A node that knows an environment asks for its revision in the transaction that consumes
// and not before. Rules that another node has changed since hold for the very next token
// all the same, and so does an environment that is gone.
func TestStaleRulesConsumeNothing(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := startStill(t, engine)
			email := "stale@example.com"
			user := s.signIn(email)
			consume := func(token, operation string) servertest.Response {
				return s.do("POST", sdk("/tokens/consume"), servertest.Bearer(s.guard), question(token, transfer, operation))
			}
			known, done := s.stepUp(email, user, transfer), uuid.NewString()
			consume(known, done).Want(t, 200, "") // now the node knows the environment
			token := s.stepUp(email, user, transfer)
			// Another node: this one hears nothing of it.
			document := servertest.Document(servertest.A, "")
			without := strings.ReplaceAll(document, transfer, "other:thing")
			if without == document {
				t.Fatal("the document does not name the scope")
			}
			s.apply(without)
			if answer := consume(token, uuid.NewString()); answer.Status/100 == 2 {
				t.Errorf("the scope is gone, and a token for it is consumed: %s", answer.Body)
			}
			s.apply(document)
			if answer := consume(known, done); answer.Status != 200 || answer.Member("result") != "replayed" {
				t.Errorf("the operation from before is answered %d %s", answer.Status, answer.Body)
			}
			consume(token, uuid.NewString()).Want(t, 200, "") // the refusal cost it nothing
		})
	}
}
