package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/fault"
)

// maxDepth is how deep a body may nest.
const maxDepth = 16

// body reads a request's body within its limit. Routes that take none do not
// look at it: clients send a content type with every request.
func (a *API) body(req *http.Request, r Route, w http.ResponseWriter) ([]byte, error) {
	if r.handler.request == nil && !r.Document {
		return nil, nil
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

// decode reads a JSON body into a struct pointer. Unknown members are ignored,
// or refused when strict; duplicates, members that differ from a known one in
// case only, depth over the limit and NUL characters are always refused.
func decode(body []byte, into any, strict bool) error {
	if !utf8.Valid(body) {
		return fault.New(fault.InvalidJSON, "The body is not UTF-8.")
	}
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		return fault.New(fault.InvalidJSON, "The body is not a JSON object.")
	}
	scanner := json.NewDecoder(bytes.NewReader(body))
	scanner.UseNumber()
	if err := scan(scanner, reflect.TypeOf(into).Elem(), 0, strict); err != nil {
		return invalidJSON(err)
	}
	if _, err := scanner.Token(); err != io.EOF {
		return fault.New(fault.InvalidJSON, "The body holds more than one JSON value.")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return invalidJSON(err)
	}
	return nil
}

func invalidJSON(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		field := wrong.Field
		if field == "" {
			field = "the body"
		}
		return fault.New(fault.InvalidRequest, "The type of %.80s is wrong: a JSON %s does not fit.", field, wrong.Value).Because(err)
	}
	return fault.New(fault.InvalidJSON, "The body is not valid JSON.").Because(err)
}

func scan(d *json.Decoder, t reflect.Type, depth int, strict bool) error {
	if depth > maxDepth {
		return fault.New(fault.InvalidJSON, "The body nests deeper than %d levels.", maxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case string:
		return checkText(v)
	case json.Delim:
		if v == '[' {
			return scanArray(d, t, depth, strict)
		}
		return scanObject(d, t, depth, strict)
	}
	return nil
}

func scanArray(d *json.Decoder, t reflect.Type, depth int, strict bool) error {
	var element reflect.Type
	if t = pointed(t); t != nil && t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 {
		element = t.Elem()
	}
	for d.More() {
		if err := scan(d, element, depth+1, strict); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func scanObject(d *json.Decoder, t reflect.Type, depth int, strict bool) error {
	known := members(t)
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if err := checkText(name); err != nil {
			return err
		}
		if seen[name] {
			return fault.New(fault.InvalidJSON, "The member %.80q stands twice.", name)
		}
		seen[name] = true
		member, ok := known[name]
		if !ok && known != nil {
			if err := unknownMember(known, name, strict); err != nil {
				return err
			}
		}
		if err := scan(d, member, depth+1, strict); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func unknownMember(known map[string]reflect.Type, name string, strict bool) error {
	for right := range known {
		if strings.EqualFold(right, name) {
			return fault.New(fault.InvalidJSON, "The member %.80q must be written %q.", name, right)
		}
	}
	if strict {
		return fault.New(fault.InvalidRequest, "There is no member %.80q here.", name)
	}
	return nil
}

// members maps the JSON names of a struct to their types; nil for anything else.
func members(t reflect.Type) map[string]reflect.Type {
	t = pointed(t)
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	known := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" || !field.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = field.Name
		}
		known[name] = field.Type
	}
	return known
}

func pointed(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func checkText(s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return fault.New(fault.InvalidJSON, "The body holds a NUL character.")
	}
	return nil
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
