package attack_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

// F12, D5: bombs of JSON, bodies and headers without end. The server refuses
// each, keeps its memory and goes on answering.
func TestF12BombsAreRefusedInBoundedMemory(t *testing.T) {
	t.Parallel()
	metrics := freeAddress(t)
	c := startCluster(t, store.SQLite, 1, "STEPUP_METRICS_LISTEN="+metrics)
	user := c.signIn(t, "f12@example.com")
	guard := servertest.Bearer(c.guard)
	header := func(name, value string) http.Header {
		h := user.Header()
		h.Set(name, value)
		return h
	}
	nest := func(open, middle, close string, n int) string {
		return strings.Repeat(open, n) + middle + strings.Repeat(close, n)
	}
	var sent atomic.Int64
	for name, bomb := range map[string]struct {
		path   string
		header http.Header
		body   func() io.Reader
		want   []int
	}{
		"arrays":  {"/emailVerifications/create", nil, text(nest("[", "", "]", 30_000)), []int{400}},
		"objects": {"/emailVerifications/create", nil, text(nest(`{"a":`, "1", "}", 10_000)), []int{400}},
		"depth 17": {"/emailVerifications/create", nil, text(`{"x":` + nest("[", "", "]", 17) + `,"email":"a@example.com"}`),
			[]int{400}},
		"unclosed":     {"/emailVerifications/create", nil, text(strings.Repeat(`{"email":[`, 6_000)), []int{400}},
		"many members": {"/emailVerifications/create", nil, text(members(5_000)), []int{400, 422}},
		"one member":   {"/emailVerifications/create", nil, text(`{"` + strings.Repeat("a", 60_000) + `":1}`), []int{400, 422}},
		"long string": {"/emailVerifications/create", nil, text(`{"email":"` + strings.Repeat("a", 60_000) + `@example.com"}`),
			[]int{400, 422}},
		"long number":    {"/emailVerifications/create", nil, text(`{"email":` + strings.Repeat("9", 60_000) + `}`), []int{400}},
		"exponent":       {"/emailVerifications/create", nil, text(`{"email":1e999999999}`), []int{400}},
		"64 KiB and one": {"/emailVerifications/create", nil, text(strings.Repeat(" ", 64<<10) + "1"), []int{413}},
		"8 MiB":          {"/emailVerifications/create", nil, text(strings.Repeat(" ", 8<<20)), []int{413}},
		"8 MiB in chunks": {"/emailVerifications/create", nil, func() io.Reader {
			return io.LimitReader(endless{}, 8<<20)
		}, []int{413}},
		"8 MiB where none is read": {"/refresh", user.Header(), text(strings.Repeat("a", 8<<20)), []int{200}},
		"profile": {"/stepUp/check", user.Header(), text(`{"scope":"` + strings.Repeat("a:", 30_000) + `"}`),
			[]int{400, 422}},
		"token of dots": {"/tokens/consume", guard, text(`{"token":"` + strings.Repeat(".", 60_000) +
			`","scope":"transfer:create","operationId":"a","requestDigest":"b"}`), []int{400, 403}},
		"form":               {"/tokens/introspect", formHeader(c.guard), text(strings.Repeat("token=a&", 8_000)), []int{400}},
		"huge header":        {"/refresh", header("X-Padding", strings.Repeat("a", 64<<10)), text("{}"), []int{431}},
		"huge session token": {"/refresh", servertest.Bearer(strings.Repeat("a.", 14<<10)), text("{}"), []int{401}},
		"huge elevated token": {"/stepUp/check", header("Elevated-Access-Token", strings.Repeat(".", 24<<10)),
			text(`{"scope":"transfer:create"}`), []int{200}},
	} {
		together(8, func(int) {
			for range 4 {
				sent.Add(1)
				status, err := c.bomb(t, bomb.path, bomb.header, bomb.body())
				if err == nil && !contains(bomb.want, status) {
					t.Errorf("%s: %d, want one of %v", name, status, bomb.want)
				}
			}
		})
	}
	c.must(t, 0, "GET", sdk("/users"), user.Header(), nil).Want(t, 200, "")
	if grown := heapOf(t, metrics); grown > 256<<20 {
		t.Errorf("after %d bombs the server holds %d MiB", sent.Load(), grown>>20)
	} else {
		t.Logf("after %d bombs the server holds %d MiB", sent.Load(), grown>>20)
	}
}

func text(s string) func() io.Reader { return func() io.Reader { return strings.NewReader(s) } }

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"m%d":1,`, i)
	}
	return "{" + b.String() + `"email":"no address"}`
}

func formHeader(guard string) http.Header {
	h := servertest.Bearer(guard)
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	return h
}

func contains(list []int, n int) bool {
	for _, each := range list {
		if each == n {
			return true
		}
	}
	return false
}

// bomb sends a body as it is. An error means that the server hung up.
func (c *cluster) bomb(t *testing.T, path string, header http.Header, body io.Reader) (int, error) {
	request, err := http.NewRequestWithContext(t.Context(), "POST", c.nodes[0].URL+sdk(path), body)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		request.Header[name] = values
	}
	answer, err := c.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, nil
}

// heapOf is the most heap that the process has ever had.
func heapOf(t *testing.T, metrics string) int64 {
	t.Helper()
	r, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "go_memstats_heap_sys_bytes "); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return int64(n)
		}
	}
	t.Fatal("no go_memstats_heap_sys_bytes among the metrics")
	return 0
}

// F12: clients that send a byte now and then, or none, are hung up on.
func TestF12SlowClientsAreHungUpOn(t *testing.T) {
	t.Parallel()
	s := start(t)
	address := strings.TrimPrefix(s.URL, "http://")
	head := "POST " + sdk("/emailVerifications/create") + " HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\n"
	sent := []string{
		"", head, head + "Content-Length: 1000\r\n\r\n{\"email\":", head + "Transfer-Encoding: chunked\r\n\r\n10\r\n{\"email\":",
	}
	together(len(sent), func(i int) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(40 * time.Second)); err != nil {
			t.Error(err)
		}
		if _, err := io.WriteString(conn, sent[i]); err != nil {
			t.Error(err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil {
			t.Errorf("after %q the server waits on: %v", sent[i], err)
		}
		if len(answer) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 4") {
			t.Errorf("%q is answered %.200q", sent[i], answer)
		}
	})
}
