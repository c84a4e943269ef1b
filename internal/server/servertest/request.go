package servertest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Response is an answer, read to its end.
type Response struct {
	Status int
	Code   string // member code of a refusal
	Body   []byte
	Header http.Header
}

// JSON decodes the body.
func (r Response) JSON(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal(r.Body, into); err != nil {
		t.Fatalf("status %d, not the JSON wanted: %v\n%s", r.Status, err, r.Body)
	}
}

// Member returns a top-level member of the body as text, "" if there is none.
func (r Response) Member(name string) string {
	var members map[string]any
	_ = json.Unmarshal(r.Body, &members)
	text, _ := members[name].(string)
	return text
}

// Want fails the test unless the status, and the code if not empty, are these.
func (r Response) Want(t testing.TB, status int, code string) Response {
	t.Helper()
	if r.Status != status || code != "" && r.Code != code {
		t.Fatalf("got %d %s, want %d %s\n%s", r.Status, r.Code, status, code, r.Body)
	}
	return r
}

// Do sends one request. The body is nil, a string, bytes or a reader as they
// are, or a value that becomes JSON; a body is application/json unless header
// says otherwise. header may be nil.
func (s *Server) Do(t testing.TB, method, path string, header http.Header, body any) Response {
	t.Helper()
	r, err := s.Try(t, method, path, header, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

// Try is Do for requests that may well fail on the way; it never fails the
// test, so that goroutines may call it.
func (s *Server) Try(t testing.TB, method, path string, header http.Header, body any) (Response, error) {
	reader, err := bodyReader(body)
	if err != nil {
		return Response{}, err
	}
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, reader)
	if err != nil {
		return Response{}, err
	}
	if reader != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, values := range header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return Response{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return Response{}, err
	}
	r := Response{Status: answer.StatusCode, Body: text, Header: answer.Header}
	r.Code = r.Member("code")
	return r, nil
}

func bodyReader(body any) (io.Reader, error) {
	switch b := body.(type) {
	case nil:
		return nil, nil
	case string:
		return strings.NewReader(b), nil
	case []byte:
		return bytes.NewReader(b), nil
	case io.Reader:
		return b, nil
	}
	text, err := json.Marshal(body)
	return bytes.NewReader(text), err
}

// Bearer is a request header with the token in Authorization and, when given,
// an elevated access token.
func Bearer(token string, elevated ...string) http.Header {
	h := http.Header{"Authorization": {"Bearer " + token}}
	if len(elevated) > 0 {
		h["Elevated-Access-Token"] = elevated
	}
	return h
}
