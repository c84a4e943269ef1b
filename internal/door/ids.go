package door

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"
)

var capitalID = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// LowerID is an id as we write it. Some languages print UUIDs in capitals, which
// are the same ids (RFC 9562, section 4).
func LowerID(text string) string {
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
		parts[i] = LowerID(part)
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
				value.SetString(LowerID(value.String()))
			}
		}
	}
}
