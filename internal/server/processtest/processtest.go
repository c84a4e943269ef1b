// Package processtest runs the real program for tests: its commands, and its servers as
// processes of their own, which can be killed and started again.
//
// Its invariant: no process it starts outlives the test.
package processtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// PublicURL is what servers say they are; nobody resolves it.
const PublicURL = "https://stepup.test"

var folder = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "stepup-process") })

// Main runs the tests of a package that uses this one, and removes the program afterwards.
func Main(m *testing.M) int {
	defer func() {
		if path, err := folder(); err == nil {
			_ = os.RemoveAll(path)
		}
	}()
	return m.Run()
}

// binary is the real program, without the race detector.
var binary = sync.OnceValues(func() (string, error) {
	in, err := folder()
	if err != nil {
		return "", err
	}
	path := filepath.Join(in, "stepup")
	build := exec.Command("go", "build", "-o", path, "github.com/stepup-auth/stepup/cmd/stepup")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building stepup: %w\n%s", err, out)
	}
	return path, nil
})

// Binary is the path of the real program, which is built once per test process.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Environ is the environment of this process without settings of the program, and with
// these.
func Environ(settings ...string) []string {
	clean := slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "STEPUP_") })
	return append(clean, settings...)
}

// Program is the path of a build of the program.
type Program string

// Run runs one command of the program and returns what it printed.
func Run(t testing.TB, env []string, stdin string, args ...string) string {
	t.Helper()
	return Program(Binary(t)).Run(t, env, stdin, args...)
}

// Run is [Run] for this build.
func (p Program) Run(t testing.TB, env []string, stdin string, args ...string) string {
	t.Helper()
	out, stderr, err := p.Try(env, stdin, args...)
	if err != nil {
		t.Fatalf("stepup %v: %v\n%s", args, err, stderr)
	}
	return out
}

// Try is [Program.Run] for commands that may fail.
func (p Program) Try(env []string, stdin string, args ...string) (stdout, stderr string, err error) {
	cmd := exec.Command(string(p), args...)
	cmd.Env, cmd.Stdin = env, strings.NewReader(stdin)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), said.String(), err
}

// Process is a server: `stepup serve`, or a role of the wallet service.
type Process struct {
	URL     string  // where it listens
	Program Program // that [Process.Restart] starts

	env, args []string
	cmd       *exec.Cmd
	log       *lines
	exited    chan struct{}
}

// Launch starts the program and waits until it says where it listens. It is killed when
// the test ends.
func Launch(t testing.TB, env []string, args ...string) *Process {
	t.Helper()
	return Program(Binary(t)).Launch(t, env, args...)
}

// Launch is [Launch] for this build.
func (p Program) Launch(t testing.TB, env []string, args ...string) *Process {
	t.Helper()
	process := &Process{Program: p, env: env, args: args}
	if err := process.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill)
	return process
}

// Restart kills the process, if it still runs, and starts it again, at a new address.
func (p *Process) Restart(t testing.TB) {
	t.Helper()
	p.Kill()
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
}

func (p *Process) start() error {
	cmd, log, exited := exec.Command(string(p.Program), p.args...), newLines(), make(chan struct{})
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, log, log
	p.cmd, p.log, p.exited = cmd, log, exited
	if err := cmd.Start(); err != nil {
		close(exited)
		return err
	}
	go func() { _ = cmd.Wait(); close(exited) }()
	select {
	case p.URL = <-log.serving:
		return nil
	case <-exited:
		return fmt.Errorf("stepup %v ended:\n%s", p.args, log)
	case <-time.After(60 * time.Second):
		p.Kill()
		return fmt.Errorf("stepup %v does not start:\n%s", p.args, log)
	}
}

// Kill is kill -9.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// Log is what it has said since it was started, the last megabytes of it.
func (p *Process) Log() string { return p.log.String() }

// mostKept bounds the log of a process that runs for hours: of a longer one the end is kept.
const mostKept = 8 << 20

// lines keeps a log, and finds the address in it.
type lines struct {
	serving chan string

	mu   sync.Mutex
	text bytes.Buffer
	said bool
}

func newLines() *lines { return &lines{serving: make(chan string, 1)} }

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() > mostKept {
		l.text.Next(mostKept / 2)
	}
	l.text.Write(p)
	for line := range bytes.Lines(p) {
		var entry struct{ Msg, Listen string }
		if json.Unmarshal(line, &entry) == nil && entry.Msg == "serving" && !l.said {
			l.said = true
			l.serving <- "http://" + entry.Listen
		}
	}
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
