package attack_test

import (
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

// What requests allocate, from the request to the written answer, in this process; on
// PostgreSQL the driver's part is in it. The figures leave a fifth for what differs from
// one run to the next.
func TestAllocationsPerRequest(t *testing.T) { // not parallel: whatever runs beside it would count
	for _, test := range []struct {
		engine       string
		users, check float64
	}{{store.SQLite, 500, 490}, {store.Postgres, 400, 390}} {
		t.Run(test.engine, func(t *testing.T) {
			s := startStill(t, test.engine)
			user := s.signIn("frugal@example.com")
			for _, route := range []struct {
				name string
				most float64
				do   func() servertest.Response
			}{
				{"GET /users", test.users, func() servertest.Response { return s.do("GET", sdk("/users"), user, nil) }},
				{"stepUp/check", test.check, func() servertest.Response {
					return s.do("POST", sdk("/stepUp/check"), user, m{"scope": transfer})
				}},
			} {
				n := testing.AllocsPerRun(50, func() {
					if answer := route.do(); answer.Status != 200 {
						t.Fatalf("%s: %d %s", route.name, answer.Status, answer.Body)
					}
				})
				t.Logf("%s: %.0f", route.name, n)
				if n > route.most {
					t.Errorf("%s: %.0f allocations, at most %.0f", route.name, n, route.most)
				}
			}
		})
	}
}
