package peer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/jsonbody"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// What a body between roles may be.
const (
	MaxBody  = 1 << 20
	MaxDepth = 24 // the 16 that the issuer takes, and what the roles wrap around them
)

// rules: the roles are of one version, so what one does not know is a mistake.
var rules = jsonbody.Rules{Depth: MaxDepth, KnownOnly: true}

// Refusals of this package itself. They say that the roles do not fit together,
// which is nobody's business but the operator's: a [Client] turns them into
// [fault.Unavailable].
const (
	codeRole     fault.Code = "role_not_allowed"
	codeEndpoint fault.Code = "endpoint_not_found"
)

// Endpoint is one thing a role can be asked. [Handle] and [Query] make them.
type Endpoint struct {
	Pattern string        // as in http.ServeMux, with the method
	Callers []wallet.Role // who may call it
	serve   func(*http.Request, []byte) (any, error)
}

// Handle makes an endpoint that is called by POST at path with a JSON object.
func Handle[Req, Resp any](path string, callers []wallet.Role, fn func(context.Context, Req) (Resp, error)) Endpoint {
	return Endpoint{Pattern: "POST " + path, Callers: callers, serve: func(r *http.Request, body []byte) (any, error) {
		var request Req
		if err := jsonbody.Decode(body, &request, rules); err != nil {
			return nil, err
		}
		return fn(r.Context(), request)
	}}
}

// Query makes an endpoint that is called by GET and only tells something. The
// path may have wildcards, see [http.Request.PathValue].
func Query[Resp any](path string, callers []wallet.Role, fn func(*http.Request) (Resp, error)) Endpoint {
	return Endpoint{Pattern: "GET " + path, Callers: callers, serve: func(r *http.Request, _ []byte) (any, error) { return fn(r) }}
}

type callerKey struct{}

// Caller is the role that makes a request to an endpoint.
func Caller(ctx context.Context) wallet.Role {
	role, _ := ctx.Value(callerKey{}).(wallet.Role)
	return role
}

// NewServer makes a server of the endpoints; start it with ServeTLS(listener,
// "", ""). Refusals of others than [fault.Error] are logged and answered as
// internal errors without their text.
func NewServer(identity *Identity, log *slog.Logger, endpoints ...Endpoint) *http.Server {
	mux := http.NewServeMux()
	for _, e := range endpoints {
		mux.Handle(e.Pattern, &handler{identity: identity, log: log, endpoint: e})
	}
	mux.Handle("/", &handler{identity: identity, log: log, endpoint: Endpoint{Callers: Roles, serve: func(*http.Request, []byte) (any,
		error) {
		return nil, fault.New(codeEndpoint, "There is nothing here.")
	}}})
	return &http.Server{
		Handler:           mux,
		TLSConfig:         identity.serverTLS(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

type handler struct {
	identity *Identity
	log      *slog.Logger
	endpoint Endpoint
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if broken := recover(); broken != nil {
			h.refuse(w, r, "", errors.New("panic in the endpoint"))
			h.log.ErrorContext(r.Context(), "panic", "pattern", r.Pattern, "value", broken)
		}
	}()
	role, err := h.identity.roleIn(r.TLS)
	if err != nil || !slices.Contains(h.endpoint.Callers, role) {
		h.refuse(w, r, role, fault.New(codeRole, "This role may not ask for that.").Because(err))
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), callerKey{}, role))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		err = fault.New(fault.BodyTooLarge, "The body is larger than %d bytes.", MaxBody)
	case err != nil:
		err = fault.New(fault.InvalidRequest, "The body could not be read to its end.").Because(err)
	}
	var answer any
	if err == nil {
		answer, err = h.endpoint.serve(r, body)
	}
	var text []byte
	if err == nil {
		text, err = json.Marshal(answer)
	}
	if err != nil {
		h.refuse(w, r, role, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

// problem is a refusal between roles.
type problem struct {
	Error   string          `json:"error"`
	Code    fault.Code      `json:"code"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

func (h *handler) refuse(w http.ResponseWriter, r *http.Request, role wallet.Role, err error) {
	f := store.RefusalOf(err)
	if f == nil {
		f = fault.New(fault.Internal, "Something broke on our side.").Because(err)
	}
	p := problem{Error: f.Message, Code: f.Code}
	status := f.Code.Status()
	switch f.Code {
	case codeRole:
		status = http.StatusForbidden
	case codeEndpoint:
		status = http.StatusNotFound
	}
	if f.Payload != nil {
		if p.Payload, err = json.Marshal(f.Payload); err != nil {
			p.Payload = nil
		}
	}
	level := slog.LevelInfo
	if status >= 500 || f.Code == codeRole {
		level = slog.LevelError
	}
	h.log.Log(r.Context(), level, "refused", "caller", role, "pattern", r.Pattern, "status", status, "code", f.Code, "cause", f.Cause)
	text, err := json.Marshal(p)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"Something broke on our side.","code":"internal_error"}`)
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)+1))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
