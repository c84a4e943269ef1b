package console

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/operator/operatortest"
	"github.com/stepup-auth/stepup/internal/store"
)

// How long an operator of one environment waits for a page of another one, and of none: each
// round asks for both, in an order that changes, and z is how far the ranks of the two lie
// apart (below 2 in 19 of 20 runs where there is no difference). The test of every
// role holds that both ask the same of the store. docs/console.md has the result.
func BenchmarkElsewhere(b *testing.B) {
	w, c := opened(b)
	const here, elsewhere = watched, "2e8c4b1d-2222-4f0c-9d0e-2f6f7e1b3a12"
	w.Environment(b, here)
	w.Environment(b, elsewhere)
	w.Write(b, func(tx *store.Tx) error {
		for i := range 200 {
			err := tx.InsertUser(store.UserRow{ID: uuid.NewString(), EnvironmentID: elsewhere, Username: fmt.Sprint("u", i)})
			if err != nil {
				return err
			}
		}
		return nil
	})
	cookie := w.Join(b, "ada@example.com", operator.Grant{EnvironmentID: here, Role: operator.Owner}).Cookie
	ask := func(environmentID string) time.Duration {
		req := httptest.NewRequestWithContext(b.Context(), "GET", operatortest.URL+Root+"e/"+environmentID+"/users", nil)
		req.AddCookie(&http.Cookie{Name: "__Host-stepup-console", Value: cookie})
		answer := httptest.NewRecorder()
		begin := time.Now()
		c.ServeHTTP(answer, req)
		took := time.Since(begin)
		if answer.Code != http.StatusNotFound {
			b.Fatalf("%d", answer.Code)
		}
		return took
	}
	for _, id := range []string{elsewhere, uuid.NewString()} {
		ask(id)
	}
	var there, none []time.Duration
	for i := 0; b.Loop(); i++ {
		if unknown := uuid.NewString(); i%2 == 0 {
			there, none = append(there, ask(elsewhere)), append(none, ask(unknown))
		} else {
			none, there = append(none, ask(unknown)), append(there, ask(elsewhere))
		}
	}
	slices.Sort(there)
	slices.Sort(none)
	n := len(there)
	b.ReportMetric(float64(there[n/2].Nanoseconds()), "ns-elsewhere")
	b.ReportMetric(float64(none[n/2].Nanoseconds()), "ns-none")
	b.ReportMetric(apart(there, none), "z")
}

// apart is the statistic of Mann and Whitney of two sorted samples of one size, in
// standard deviations.
func apart(one, other []time.Duration) float64 {
	u, n := 0.0, float64(len(one))
	for _, took := range one {
		below, found := slices.BinarySearch(other, took)
		u += float64(below)
		if found {
			u += 0.5
		}
	}
	return math.Abs(u-n*n/2) / math.Sqrt(n*n*(2*n+1)/12)
}
