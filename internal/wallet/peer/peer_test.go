package peer

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/jsonbody"
	"github.com/stepup-auth/stepup/internal/wallet"
)

type question struct {
	Text string `json:"text"`
}

type answer struct {
	Text   string      `json:"text"`
	Caller wallet.Role `json:"caller"`
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time   { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) set(to time.Time) { c.mu.Lock(); defer c.mu.Unlock(); c.at = to }
func made(t *testing.T) (string, func(wallet.Role) *Identity) {
	t.Helper()
	dir := t.TempDir()
	if err := Init(dir); err != nil {
		t.Fatal(err)
	}
	return dir, func(role wallet.Role) *Identity { return loaded(t, dir, role) }
}

func loaded(t *testing.T, dir string, role wallet.Role) *Identity {
	t.Helper()
	i, err := Load(dir, role)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}
func (l *logged) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.text.String() }

// serve starts a guardian that answers the signer and nobody else.
func serve(t *testing.T, identity *Identity) (address string, log *logged) {
	t.Helper()
	log = &logged{}
	s := NewServer(identity, slog.New(slog.NewTextHandler(log, nil)),
		Handle("/echo", []wallet.Role{wallet.Signer}, func(ctx context.Context, q question) (answer, error) {
			switch q.Text {
			case "refuse":
				return answer{}, fault.New(fault.RateLimited, "Too often.").
					With(map[string]any{"limit": "signaturesPerMinute"}).After(7 * time.Second).Because(errors.New("hidden cause"))
			case "break":
				return answer{}, errors.New("hidden text")
			case "panic":
				panic("hidden panic")
			}
			return answer{q.Text, Caller(ctx)}, nil
		}),
		Query("/things/{id}", []wallet.Role{wallet.Signer}, func(r *http.Request) (answer, error) {
			return answer{Text: r.PathValue("id")}, nil
		}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.ServeTLS(l, "", "") }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return l.Addr().String(), log
}

func client(t *testing.T, identity *Identity, role wallet.Role, address string) *Client {
	t.Helper()
	c, err := NewClient(identity, role, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// What one role says reaches the other, refusals unchanged and causes not at all.
func TestCall(t *testing.T) {
	t.Parallel()
	_, id := made(t)
	address, _ := serve(t, id(wallet.Guardian))
	c := client(t, id(wallet.Signer), wallet.Guardian, "https://"+address)
	var got answer
	if err := c.Call(t.Context(), "/echo", question{"hello"}, &got); err != nil || got != (answer{"hello", wallet.Signer}) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := c.Get(t.Context(), "/things/7", &got); err != nil || got.Text != "7" {
		t.Errorf("%+v, %v", got, err)
	}
	var f *fault.Error
	if err := c.Call(t.Context(), "/echo", question{"refuse"}, &got); !errors.As(err, &f) {
		t.Fatal(err)
	}
	payload, _ := json.Marshal(f.Payload)
	if f.Code != fault.RateLimited || f.Message != "Too often." || string(payload) != `{"limit":"signaturesPerMinute"}` ||
		f.RetryAfter != 7*time.Second || f.Cause != nil {
		t.Errorf("%+v, %s", f, payload)
	}
	for _, text := range []string{"break", "panic"} {
		if err := c.Call(t.Context(), "/echo", question{text}, &got); !fault.Has(err, fault.Internal) ||
			strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, path := range []string{"/nothing", "/things/7"} {
		if err := c.Call(t.Context(), path, question{}, &got); !fault.Has(err, fault.Unavailable) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := c.Call(t.Context(), "/echo", map[string]any{"text": "a", "more": 1}, &got); !fault.Has(err, fault.InvalidRequest) {
		t.Errorf("an unknown member: %v", err)
	}
	if err := c.Call(t.Context(), "/echo", question{strings.Repeat("x", MaxBody)}, &got); !fault.Has(err, fault.BodyTooLarge) {
		t.Errorf("a large body: %v", err)
	}
	if err := c.Call(t.Context(), "/echo", question{"a"}, &question{}); !fault.Has(err, fault.Unavailable) {
		t.Errorf("an answer with an unknown member: %v", err)
	}
}

// A role that the endpoint does not name is refused, and its user's client is
// not told that it is the one who was.
func TestWrongCaller(t *testing.T) {
	t.Parallel()
	_, id := made(t)
	address, log := serve(t, id(wallet.Guardian))
	for _, role := range []wallet.Role{wallet.Coordinator, wallet.Issuer, wallet.Guardian} {
		err := client(t, id(role), wallet.Guardian, address).Call(t.Context(), "/echo", question{"hello"}, &answer{})
		if !fault.Has(err, fault.Unavailable) || !strings.Contains(err.Error(), "403") {
			t.Errorf("%s: %v", role, err)
		}
	}
	if !strings.Contains(log.String(), "caller=wallet") {
		t.Errorf("the log does not name the caller:\n%s", log)
	}
}

// Who does not show a certificate of the authority, in date, with one role, gets
// no answer at all.
func TestStrangers(t *testing.T) {
	t.Parallel()
	_, id := made(t)
	guardian := id(wallet.Guardian)
	address, _ := serve(t, guardian)
	signer := id(wallet.Signer)
	_, other := made(t)
	stranger := other(wallet.Signer)

	ask := func(configure func(*tls.Config)) error {
		config := signer.clientTLS(wallet.Guardian)
		configure(config)
		h := http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
		defer h.CloseIdleConnections()
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+address+"/echo",
			strings.NewReader(`{"text":"a"}`))
		response, err := h.Do(request)
		if err == nil {
			defer response.Body.Close()
			if response.StatusCode != 200 {
				t.Errorf("answered with status %d", response.StatusCode)
			}
		}
		return err
	}
	if err := ask(func(*tls.Config) {}); err != nil {
		t.Fatalf("the signer itself: %v", err)
	}
	for name, configure := range map[string]func(*tls.Config){
		"no certificate": func(c *tls.Config) {
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tls.Certificate{}, nil }
		},
		"another authority": func(c *tls.Config) { c.GetClientCertificate = stranger.clientTLS(wallet.Guardian).GetClientCertificate },
		"TLS 1.2":           func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 },
	} {
		if ask(configure) == nil {
			t.Errorf("%s: was heard", name)
		}
	}
	// The other way round: a server of another authority is not spoken to, nor is
	// one that speaks for another role.
	if err := client(t, stranger, wallet.Guardian, address).
		Call(t.Context(), "/echo", question{}, &answer{}); !fault.Has(err, fault.Unavailable) {
		t.Errorf("a server of another authority: %v", err)
	}
	var f *fault.Error
	err := client(t, signer, wallet.Issuer, address).Call(t.Context(), "/echo", question{}, &answer{})
	if !errors.As(err, &f) || f.Code != fault.Unavailable || strings.Contains(f.Message, address) {
		t.Errorf("a server of another role: %v", err)
	}
}

// Certificates are judged by the clock, on both sides, also on a connection that
// is open already.
func TestExpired(t *testing.T) {
	t.Parallel()
	_, id := made(t)
	guardian, signer := id(wallet.Guardian), id(wallet.Signer)
	theirs, ours := &clock{at: time.Now()}, &clock{at: time.Now()}
	guardian.Now, signer.Now = theirs.now, ours.now
	address, _ := serve(t, guardian)
	c := client(t, signer, wallet.Guardian, address)
	call := func() error { return c.Call(t.Context(), "/echo", question{"a"}, &answer{}) }
	if err := call(); err != nil {
		t.Fatal(err)
	}
	end, err := signer.Expires()
	if err != nil {
		t.Fatal(err)
	}
	theirs.set(end.Add(time.Second))
	if err := call(); !fault.Has(err, fault.Unavailable) {
		t.Errorf("an expired caller on an open connection: %v", err)
	}
	c.Close()
	if err := call(); !fault.Has(err, fault.Unavailable) {
		t.Errorf("an expired caller: %v", err)
	}
	theirs.set(time.Now())
	ours.set(end.Add(time.Second))
	c.Close()
	if err := call(); !fault.Has(err, fault.Unavailable) {
		t.Errorf("an expired server: %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	_, id := made(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	var f *fault.Error
	err = client(t, id(wallet.Signer), wallet.Guardian, address).Call(t.Context(), "/echo", question{}, &answer{})
	if !errors.As(err, &f) || f.Code != fault.Unavailable || strings.Contains(f.Message, address) {
		t.Errorf("%v", err)
	}
}

// Init makes what is absent and changes nothing that is there; no role needs the
// authority's key.
func TestInit(t *testing.T) {
	t.Parallel()
	dir, _ := made(t)
	content := func() map[string]string {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for _, f := range files {
			info, _ := f.Info()
			if info.Mode() != 0o600 {
				t.Errorf("%s has mode %v", f.Name(), info.Mode())
			}
			text, _ := os.ReadFile(filepath.Join(dir, f.Name()))
			all[f.Name()] = string(text)
		}
		return all
	}
	before := content()
	if len(before) != 2+2*len(Roles) {
		t.Errorf("%d files", len(before))
	}
	if err := Init(dir, "elsewhere.example"); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, content()) {
		t.Error("Init changed files that were there")
	}
	if err := os.Rename(filepath.Join(dir, AuthorityKeyFile), filepath.Join(t.TempDir(), "away")); err != nil {
		t.Fatal(err)
	}
	for _, role := range Roles {
		loaded(t, dir, role)
	}
	if err := Init(dir); err != nil {
		t.Errorf("with nothing to do: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, CertificateFile(wallet.Signer))); err != nil {
		t.Fatal(err)
	}
	if err := Init(dir); err == nil || !strings.Contains(err.Error(), AuthorityKeyFile) {
		t.Errorf("without the authority's key: %v", err)
	}
}

// A certificate of another role, or of another authority, is no identity.
func TestLoad(t *testing.T) {
	t.Parallel()
	dir, _ := made(t)
	other, _ := made(t)
	put := func(from, to string) {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []func(wallet.Role) string{CertificateFile, KeyFile} {
		put(filepath.Join(dir, name(wallet.Coordinator)), filepath.Join(dir, name(wallet.Signer)))
		put(filepath.Join(other, name(wallet.Guardian)), filepath.Join(dir, name(wallet.Guardian)))
	}
	for _, role := range []wallet.Role{wallet.Signer, wallet.Guardian, "stranger"} {
		if _, err := Load(dir, role); err == nil {
			t.Errorf("%s was loaded", role)
		}
	}
}

// A renewed certificate is used without a restart; a half-written one is not.
func TestRenewal(t *testing.T) {
	t.Parallel()
	dir, id := made(t)
	i := id(wallet.Signer)
	first, _ := i.current()
	path := filepath.Join(dir, CertificateFile(wallet.Signer))
	if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	later := func() {
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	later()
	if c, err := i.current(); err != nil || c != first {
		t.Errorf("a broken file: %v, %v", c, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := initAt(dir, time.Now().Add(24*time.Hour), []string{"127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	if c, err := i.current(); err != nil || c == first || !c.Leaf.NotAfter.After(first.Leaf.NotAfter) {
		t.Errorf("the renewed one is not used: %v", err)
	}
}

func TestNewClientAddress(t *testing.T) {
	t.Parallel()
	_, id := made(t)
	i := id(wallet.Signer)
	for _, address := range []string{"", "http://localhost:1", "https://", "https://a:1/path", "https://u@a:1", "https://a:1?q",
		"localhost"} {
		if _, err := NewClient(i, wallet.Guardian, address); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
}

// FuzzDecode: whatever comes from another role is read or refused as a fault, and
// what is read comes out the same when it is written and read again.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{`{}`, `{"operationId":"a","request":{"kind":"message","message":"aGk="},"action":"sign"}`,
		`{"operationId":"a","operationId":"b"}`, `{"OperationID":"a"}`, `{"request":{"a":1,"a":2}}`, `[]`, `{"request":`, "\xff",
		strings.Repeat(`{"request":`, 30)} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var o, again wallet.Operation
		if err := jsonbody.Decode(body, &o, rules); err != nil {
			var refused *fault.Error
			if !errors.As(err, &refused) {
				t.Errorf("%q: %v is no fault", body, err)
			}
			return
		}
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := jsonbody.Decode(text, &again, rules); err != nil {
			t.Errorf("%q was read, %q is not: %v", body, text, err)
		}
	})
}

// FuzzRefusal: whatever a broken server answers is a fault.
func FuzzRefusal(f *testing.F) {
	f.Add(403, []byte(`{"error":"No.","code":"elevated_access_token_required","payload":{"scope":"wallet:sign"}}`))
	f.Add(500, []byte(`<html>`))
	f.Add(200, []byte(`{"error":"","code":""}`))
	f.Fuzz(func(t *testing.T, status int, text []byte) {
		response := &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {string(text)}},
			Body: io.NopCloser(bytes.NewReader(nil))}
		var refused *fault.Error
		if err := (&Client{role: wallet.Guardian}).refusal(response, text); !errors.As(err, &refused) || refused.Code == "" {
			t.Errorf("%d %q: %v", status, text, err)
		}
	})
}
