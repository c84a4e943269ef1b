package door_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/who"
)

// The host passes service gates and no other, and nobody passes one of its routes by a
// listener.
func TestHost(t *testing.T) {
	if _, ok := any(new(door.Host)).(http.Handler); ok {
		t.Fatal("a listener can be put in front of the host")
	}
	asked := ""
	handler := door.Handle(func(c *door.Call, _ door.None) (door.None, error) {
		asked = c.By.Actor + " " + c.Path("name")
		if !c.Service.May("anything.else", "") && c.Service.May("users.read", "any") {
			return door.None{}, nil
		}
		return door.None{}, http.ErrAbortHandler
	})
	host := door.NewHost(door.Config{}, who.Caller{By: audit.By{Actor: "operator:me"}}, []door.Route{
		{Method: "GET", Path: "/a/{name}", Gate: door.Service("users.read"), Handler: handler},
		{Method: "GET", Path: "/b", Gate: door.SignedIn(), Handler: handler},
		{Method: "GET", Path: "/c", Gate: door.Public(), Handler: handler},
	})
	for path, want := range map[string]string{
		"/a/x": "operator:me x", "/a/x%2Fy": "operator:me x/y", "/b": "", "/c": "", "/a/": "", "//a/x": "",
	} {
		asked = ""
		_, err := host.Do(httptest.NewRequest(http.MethodGet, "http://localhost"+path, http.NoBody))
		if asked != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", path, asked, err)
		}
	}
}
