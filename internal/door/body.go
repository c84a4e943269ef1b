package door

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/jsonbody"
)

// Limits of bodies. They are documented in docs/limits.md.
const (
	maxBody     = 64 << 10
	maxDocument = 256 << 10
	maxDepth    = 16 // how deep a body may nest
)

// readBody reads a request's body within its limit. Routes that take none do not
// look at it: clients send a content type with every request.
func readBody(w http.ResponseWriter, req *http.Request, r Route) ([]byte, error) {
	if r.Handler.request == nil && !r.Document {
		return nil, nil
	}
	if coding := req.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, fault.New(fault.UnsupportedMediaType,
			"Send the body as it is, without Content-Encoding: %.40q is not read here.", coding)
	}
	limit := int64(maxBody)
	if r.Document {
		limit = maxDocument
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, req.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, fault.New(fault.BodyTooLarge, "The body is larger than %d bytes.", limit)
	case err != nil:
		return nil, fault.New(fault.InvalidRequest, "The body could not be read to its end.").Because(err)
	case r.Document, len(text) == 0 && r.OptionalBody:
		return text, nil
	}
	media, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if r.Form && err == nil && media == formType {
		return text, nil
	}
	if err != nil || media != "application/json" {
		return nil, fault.New(fault.UnsupportedMediaType, "Send the body as application/json.")
	}
	if len(text) == 0 {
		return nil, fault.New(fault.InvalidJSON, "The body is missing. Send a JSON object.")
	}
	return text, nil
}

const formType = "application/x-www-form-urlencoded"

func isForm(r *http.Request) bool {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return media == formType
}

// decode reads a JSON body into a struct pointer, see [jsonbody.Decode].
func decode(body []byte, into any, strict bool) error {
	err := jsonbody.Decode(body, into, jsonbody.Rules{Depth: maxDepth, KnownOnly: strict})
	lowerIDs(reflect.ValueOf(into))
	return err
}

// checkAddress refuses what no id and no filter can be: NUL and bytes that are
// not UTF-8, which only some databases take, and a query that cannot be read.
func checkAddress(u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	ok := err == nil && Clean(u.Path)
	for name, values := range query {
		ok = ok && Clean(name) && !slices.ContainsFunc(values, func(v string) bool { return !Clean(v) })
	}
	if !ok {
		return fault.New(fault.InvalidRequest, "The address of the request is not UTF-8 text, well escaped.")
	}
	return nil
}

// Clean reports whether s is UTF-8 text without NUL, which only some databases take.
func Clean(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// Need refuses an empty required member.
func Need(name, value string) error {
	if value == "" {
		return fault.New(fault.InvalidRequest, "The member %s is missing.", name)
	}
	if len(value) > 4096 {
		return fault.New(fault.InvalidRequest, "The member %s is too long.", name)
	}
	return nil
}
