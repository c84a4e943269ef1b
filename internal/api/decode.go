package api

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/jsonbody"
)

// maxDepth is how deep a body may nest.
const maxDepth = 16

// body reads a request's body within its limit. Routes that take none do not
// look at it: clients send a content type with every request.
func (a *API) body(req *http.Request, r Route, w http.ResponseWriter) ([]byte, error) {
	if r.handler.request == nil && !r.Document {
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
	if r.Form && err == nil && media == "application/x-www-form-urlencoded" {
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

// checkAddress refuses what no id and no filter can be: NUL and bytes that are
// not UTF-8, which only some databases take, and a query that cannot be read.
func checkAddress(u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	ok := err == nil && clean(u.Path)
	for name, values := range query {
		ok = ok && clean(name) && !slices.ContainsFunc(values, func(v string) bool { return !clean(v) })
	}
	if !ok {
		return fault.New(fault.InvalidRequest, "The address of the request is not UTF-8 text, well escaped.")
	}
	return nil
}

func clean(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// decode reads a JSON body into a struct pointer, see [jsonbody.Decode].
func decode(body []byte, into any, strict bool) error {
	err := jsonbody.Decode(body, into, jsonbody.Rules{Depth: maxDepth, KnownOnly: strict})
	lowerIDs(reflect.ValueOf(into))
	return err
}

func pointed(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

var capitalID = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// lowerID is an id as we write it. Some languages print UUIDs in capitals, which
// are the same ids (RFC 9562, section 4).
func lowerID(text string) string {
	if capitalID.MatchString(text) {
		return strings.ToLower(text)
	}
	return text
}

// lowerPath is the request with the ids in its path as we write them. A path
// with escapes in it is left alone: no id needs any.
func lowerPath(req *http.Request) *http.Request {
	parts := strings.Split(req.URL.Path, "/")
	for i, part := range parts {
		parts[i] = lowerID(part)
	}
	path := strings.Join(parts, "/")
	if path == req.URL.Path || req.URL.RawPath != "" {
		return req
	}
	lower, address := *req, *req.URL
	lower.URL, address.Path = &address, path
	return &lower
}

// lowerIDs does the same to the ids of a body: to members called id, or whose
// name ends in Id or UUID. An operation id is its maker's, and stays as it is.
func lowerIDs(body reflect.Value) {
	switch body.Kind() {
	case reflect.Pointer:
		if !body.IsNil() {
			lowerIDs(body.Elem())
		}
	case reflect.Slice:
		if body.Type().Elem().Kind() == reflect.Uint8 {
			return // JSON that is read elsewhere, or bytes
		}
		for i := range body.Len() {
			lowerIDs(body.Index(i))
		}
	case reflect.Struct:
		for field, value := range body.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			switch {
			case !field.IsExported():
			case value.Kind() != reflect.String:
				lowerIDs(value)
			case name != "operationId" && (name == "id" || strings.HasSuffix(name, "Id") || strings.HasSuffix(name, "UUID")):
				value.SetString(lowerID(value.String()))
			}
		}
	}
}

// need refuses an empty required member.
func need(name, value string) error {
	if value == "" {
		return fault.New(fault.InvalidRequest, "The member %s is missing.", name)
	}
	if len(value) > 4096 {
		return fault.New(fault.InvalidRequest, "The member %s is too long.", name)
	}
	return nil
}

// endpoint is a handler with its types erased but remembered: the OpenAPI
// document is made from them.
type endpoint struct {
	request  reflect.Type // nil: takes no body
	response reflect.Type // nil: answers without a body
	run      func(*Call, []byte) (any, error)
}

type none struct{}

func handle[Req, Resp any](fn func(*Call, Req) (Resp, error)) endpoint {
	e := endpoint{request: shape[Req](), response: shape[Resp]()}
	e.run = func(c *Call, body []byte) (any, error) {
		var request Req
		if e.request != nil && len(body) > 0 {
			if form, ok := any(&request).(formDecoder); ok && isForm(c.request) {
				if err := form.decodeForm(string(body)); err != nil {
					return nil, err
				}
			} else if err := decode(body, &request, c.strict); err != nil {
				return nil, err
			}
		}
		return fn(c, request)
	}
	return e
}

type formDecoder interface{ decodeForm(string) error }

func isForm(r *http.Request) bool {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return media == "application/x-www-form-urlencoded"
}

func shape[T any]() reflect.Type {
	t := reflect.TypeFor[T]()
	if t == reflect.TypeFor[none]() {
		return nil
	}
	if t == reflect.TypeFor[rawAnswer]() {
		return nil
	}
	if t.Kind() != reflect.Struct && t.Kind() != reflect.Slice && t.Kind() != reflect.Map && t.Kind() != reflect.Pointer {
		panic(fmt.Sprintf("a body of type %v", t))
	}
	return t
}
