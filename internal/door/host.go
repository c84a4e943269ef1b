package door

import (
	"net/http"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/who"
)

// Host answers the routes of operators for whoever works on the machine that has the
// database: in their own process, under their own name and with every scope. It is no
// [http.Handler], so that no listener can be put in front of it: what comes from a
// network has a service token or is refused.
type Host struct {
	door   *Door
	routes *http.ServeMux
}

// NewHost lets the caller pass the service gates of the routes. Others are left out.
func NewHost(c Config, by who.Caller, routes []Route) *Host {
	h := &Host{door: &Door{Config: c, host: &by}, routes: http.NewServeMux()}
	for _, r := range routes {
		if r.Gate.Kind != ServiceGate {
			continue
		}
		h.routes.HandleFunc(r.Method+" "+r.Path, func(w http.ResponseWriter, req *http.Request) {
			if o, ok := w.(*outcome); ok {
				_, o.answer, o.err = h.door.run(&arrival{w: w, request: req}, r)
			}
		})
	}
	return h
}

// Do answers one request. An error is what really happened, also where a client of the
// server would be told no more than that something broke.
func (h *Host) Do(req *http.Request) (any, error) {
	o := &outcome{err: fault.New(fault.NotFound, "There is nothing at this path.")}
	h.routes.ServeHTTP(o, lowerPath(req))
	return o.answer, o.err
}

// outcome is what an endpoint returned, where nobody waits for bytes.
type outcome struct {
	answer any
	err    error
}

func (o *outcome) Header() http.Header            { return http.Header{} }
func (o *outcome) Write(text []byte) (int, error) { return len(text), nil }
func (o *outcome) WriteHeader(int)                {}
