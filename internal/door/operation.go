package door

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/fault"
)

const idempotencyHeader = "X-Idempotency-Key"

var idempotencyRule = regexp.MustCompile(`^[!-~]{1,128}$`)

// operationSpace is the UUID namespace of operation ids and of what is named
// after them.
var operationSpace = uuid.MustParse("7a0b6c1e-9f0d-4c53-8a35-2f8a9f6f3d11")

// nameOperation names the operation that the request asks for. With an idempotency
// key the same request of the same user gets the same id again; the key of
// somebody else, another path or another environment gives another one.
func nameOperation(c *Call) (string, error) {
	r := c.arrival.request
	values := r.Header.Values(idempotencyHeader)
	switch {
	case len(values) == 0:
		return uuid.NewString(), nil
	case len(values) > 1 || !idempotencyRule.MatchString(values[0]):
		return "", fault.New(fault.InvalidRequest,
			"x-idempotency-key must be one header of 1 to 128 printable ASCII characters, such as a UUID, made anew for each operation.")
	}
	return DerivedID(c.Tenant.ID, c.Session.UserID, r.Method, r.URL.Path, values[0])
}

// DerivedID is a UUID (version 8) made of the names, which are told apart
// wherever one ends and the next begins.
func DerivedID(names ...string) (string, error) {
	text, err := json.Marshal(names)
	if err != nil {
		return "", err
	}
	return uuid.NewHash(sha256.New(), operationSpace, text, 8).String(), nil
}

// wantsEvents reports whether the client waits for an event stream. One with an
// idempotency key gets plain JSON (wire reference 17).
func wantsEvents(r *http.Request) bool {
	if r.Header.Get(idempotencyHeader) != "" {
		return false
	}
	for _, value := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(value, ",") {
			media, _, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(media), "text/event-stream") {
				return true
			}
		}
	}
	return false
}
