package door

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// HasRequest reports whether the endpoint reads a JSON body.
func (e Endpoint) HasRequest() bool { return e.request != nil }

// Handle is an endpoint that takes a body of one form, or [None].
func Handle[Req, Resp any](fn func(*Call, Req) (Resp, error)) Endpoint {
	e := Endpoint{request: shape[Req](), response: shape[Resp]()}
	e.run = func(c *Call, body []byte) (any, error) {
		var request Req
		if e.request != nil && len(body) > 0 {
			if form, ok := any(&request).(FormDecoder); ok && isForm(c.arrival.request) {
				if err := form.DecodeForm(string(body)); err != nil {
					return nil, err
				}
			} else if err := decode(body, &request, strings.HasPrefix(c.route.Path, Admin)); err != nil {
				return nil, err
			}
		}
		return fn(c, request)
	}
	return e
}

// FormDecoder is a request that may be form-encoded.
type FormDecoder interface{ DecodeForm(string) error }

// HandleBody is an endpoint that reads a body of many forms itself, after it was
// checked as Req.
func HandleBody[Req, Resp any](fn func(c *Call, body []byte) (Resp, error)) Endpoint {
	checked := Handle(func(*Call, Req) (None, error) { return None{}, nil })
	return Endpoint{request: checked.request, response: shape[Resp](), run: func(c *Call, body []byte) (any, error) {
		if _, err := checked.run(c, body); err != nil {
			return nil, err
		}
		return fn(c, body)
	}}
}

// HandleDocument is an endpoint that takes the body as it came.
func HandleDocument[Resp any](fn func(c *Call, body []byte) (Resp, error)) Endpoint {
	return Endpoint{response: shape[Resp](), run: func(c *Call, body []byte) (any, error) { return fn(c, body) }}
}

func shape[T any]() reflect.Type {
	t := reflect.TypeFor[T]()
	if t == reflect.TypeFor[None]() || t == reflect.TypeFor[Raw]() {
		return nil
	}
	if t.Kind() != reflect.Struct && t.Kind() != reflect.Slice && t.Kind() != reflect.Map && t.Kind() != reflect.Pointer {
		panic(fmt.Sprintf("a body of type %v", t))
	}
	return t
}

// event is an answer as the one event of a stream, for clients that wait for
// that, once everything is done. Refusals are plain ones.
func event(name string, answer any) (any, error) {
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	return Raw{ContentType: "text/event-stream", Body: []byte("event: " + name + "\ndata: " + string(text) + "\n\n")}, nil
}
