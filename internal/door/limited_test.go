package door_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
)

// A limit that is hit is counted by its name, and other refusals are not.
func TestLimited(t *testing.T) {
	var hit []string
	refuse := func(f *fault.Error) door.Endpoint {
		return door.Handle(func(*door.Call, door.None) (door.None, error) { return door.None{}, f })
	}
	d := door.New(door.Config{
		Now: time.Now, Log: slog.New(slog.DiscardHandler), RequestID: func(*http.Request) string { return "r" },
		ClientAddr: func(*http.Request) string { return "192.0.2.1" }, Limited: func(limit string) { hit = append(hit, limit) },
	}, []door.Route{
		{Method: "GET", Path: "/limit", Gate: door.Public(),
			Handler: refuse(fault.AtLimit("codes", fault.RateLimited, "x").After(time.Second))},
		{Method: "GET", Path: "/other", Gate: door.Public(), Handler: refuse(fault.New(fault.RateLimited, "x"))},
	})
	for _, path := range []string{"/limit", "/other", "/limit"} {
		answer := httptest.NewRecorder()
		d.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		if answer.Code != http.StatusTooManyRequests {
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
	if !slices.Equal(hit, []string{"codes", "codes"}) {
		t.Errorf("hit %v", hit)
	}
}
