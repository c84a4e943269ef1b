package attack_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

// counted is what a request asked of the store.
type counted struct{ transactions, statements int }

func (c counted) String() string {
	return fmt.Sprintf("%d transactions, %d statements", c.transactions, c.statements)
}

// count runs a request that must succeed and says what it asked of the store.
func (s *still) count(request func() servertest.Response) (n counted) {
	s.t.Helper()
	s.watch(func(op string) {
		switch op {
		case "begin":
			n.transactions++
		case "exec", "row", "rows":
			n.statements++
		}
	})
	answer := request()
	s.watch(nil)
	if answer.Status/100 != 2 {
		s.t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	return n
}

// What requests cost at the store. A figure may fall; whoever lets one rise has
// to say here what it buys.
func TestStatementsPerRequest(t *testing.T) {
	t.Parallel()
	wallets := &servertest.Wallets{}
	s := startStill(t, store.SQLite, func(c *server.Config) { c.Wallets = wallets })
	wallets.Open(time.Now, s.server.Custody())
	s.apply(servertest.Document(servertest.A, servertest.WalletsOn))
	email := "frugal@example.com"
	user := s.signIn(email)
	with := func(token string) http.Header {
		header := user.Clone()
		header.Set("Elevated-Access-Token", token)
		return header
	}
	wallet := s.do("POST", sdk("/waas/create"), user, m{"chain": "EVM"}).Want(t, 200, "").Member("walletId")
	updating, signing := with(s.stepUp(email, user, "user:update")), with(s.stepUp(email, user, "wallet:sign"))
	id, code := s.code(email, user)
	for _, test := range []struct {
		name    string
		request func() servertest.Response
		most    counted
	}{
		{"GET /users", func() servertest.Response { return s.do("GET", sdk("/users"), user, nil) }, counted{1, 2}},
		{"PUT /users", func() servertest.Response { return s.do("PUT", sdk("/users"), updating, m{"alias": "Ada"}) }, counted{2, 11}},
		{"step-up by code", func() servertest.Response {
			return s.do("POST", sdk("/emailVerifications/verify"), user, typed(id, code, transfer))
		}, counted{3, 26}},
		{"signMessage", func() servertest.Response {
			return s.do("POST", sdk("/waas/"+wallet+"/signMessage"), signing, m{"message": "hello"})
		}, counted{7, 25}},
	} {
		n := s.count(test.request)
		t.Logf("%s: %v", test.name, n)
		if n.transactions > test.most.transactions || n.statements > test.most.statements {
			t.Errorf("%s: %v, at most %v", test.name, n, test.most)
		}
	}
}
