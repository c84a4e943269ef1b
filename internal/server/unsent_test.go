package server_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// lines is a log that several goroutines write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestUnsentCodesAreLogged: past the limit of an address the answer is as ever, and
// only the log of a development server tells that no code went out.
func TestUnsentCodesAreLogged(t *testing.T) {
	t.Parallel()
	for name, development := range map[string][]servertest.Option{"development": {servertest.WithDevelopment()}, "production": nil} {
		log := &lines{}
		s := servertest.Start(t, append(development, servertest.WithLog(log))...)
		document := servertest.Document(servertest.A, "")
		s.Apply(t, strings.Replace(document, "codesPerAddress: {count: 1000,", "codesPerAddress: {count: 1,", 1))
		const unsent = "not sent to ada@example.com: limits.codesPerAddress"
		for n, want := range []bool{false, true} {
			s.Do(t, "POST", servertest.SDK(servertest.A)+"/emailVerifications/create", nil,
				map[string]string{"email": "ada@example.com"}).Want(t, 200, "")
			if got := strings.Contains(log.String(), unsent); got != (want && development != nil) {
				t.Errorf("%s, request %d: logged is %t in\n%s", name, n+1, got, log)
			}
		}
	}
}
