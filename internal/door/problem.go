package door

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// Problem is the body of every refusal.
type Problem struct {
	Error     string `json:"error"`
	Code      string `json:"code"`
	Payload   any    `json:"payload,omitempty"`
	RequestID string `json:"requestId"`
}

// WriteProblem writes a refusal to a client, and nothing else does.
func WriteProblem(w http.ResponseWriter, f *fault.Error, requestID string) (status int) {
	status = f.Code.Status()
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)+1))
	}
	text, err := json.Marshal(Problem{Error: f.Message, Code: string(f.Code), Payload: f.Payload, RequestID: requestID})
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"Something broke on our side.","code":"internal_error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
	return status
}

// Broken is what a client is told of an error that nobody foresaw.
func Broken() *fault.Error {
	return fault.New(fault.Internal, "Something broke on our side. Tell the operator this request id.")
}

// Refused is what the log calls a refusal, whose request_id the client was told.
const Refused = "refused"

// refuse answers with a refusal, and is the only place that logs what really
// happened.
func (d *Door) refuse(w http.ResponseWriter, req *http.Request, t *tenant.Tenant, err error) int {
	id := d.RequestID(req)
	f := store.RefusalOf(err)
	switch {
	case f == nil:
		f = Broken().Because(err)
	case f.Code == fault.Unavailable && f.RetryAfter == 0:
		f = f.After(time.Second)
	}
	status := f.Code.Status()
	level := slog.LevelInfo
	if status >= 500 && !errors.Is(err, context.Canceled) {
		level = slog.LevelError
	}
	environment := ""
	if t != nil {
		environment = t.ID
	}
	d.Log.Log(req.Context(), level, Refused, "request_id", id, "method", req.Method, "route", req.Pattern,
		"status", status, "code", f.Code, "environment_id", environment, "cause", f.Cause)
	if d.Config.Refused != nil {
		reason := ""
		if gate, ok := f.Payload.(enforce.Refusal); ok {
			reason = string(gate.Reason)
		}
		d.Config.Refused(string(f.Code), reason)
	}
	if d.Limited != nil && f.Limit != "" {
		d.Limited(f.Limit)
	}
	setHeaders(w, req, t, false)
	return WriteProblem(w, f, id)
}

// answer writes what an endpoint returned.
func (d *Door) answer(c *Call, answer any) int {
	w, req := c.arrival.w, c.arrival.request
	setHeaders(w, req, c.Tenant, c.route.AnyOrigin)
	if raw, ok := answer.(Raw); ok {
		return raw.write(w)
	}
	if _, empty := answer.(None); empty || answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return http.StatusNoContent
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return d.refuse(w, req, c.Tenant, err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(append(text, '\n'))
	return http.StatusOK
}

// None is what endpoints take or answer that take or answer nothing.
type None struct{}

// Raw is an answer that is not JSON.
type Raw struct {
	Status      int // 0: 200
	ContentType string
	Header      map[string]string
	Body        []byte
}

func (r Raw) write(w http.ResponseWriter) int {
	if r.ContentType != "" {
		w.Header().Set("Content-Type", r.ContentType)
	}
	for name, value := range r.Header {
		w.Header().Set(name, value)
	}
	status := cmp.Or(r.Status, http.StatusOK)
	w.WriteHeader(status)
	_, _ = w.Write(r.Body)
	return status
}
