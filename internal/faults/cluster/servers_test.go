package cluster_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/faults/load"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// site is all of it: databases, a server of stepup on each machine, HAProxy before them.
type site struct {
	*databases
	folder  string
	program string
	env     []string // of servers and commands
	guard   string   // service tokens
	auditor string
	url     string // of HAProxy
	ready   *http.Client
}

// startSite starts everything.
func startSite(t *testing.T, synchronous bool) *site {
	t.Helper()
	below := "/dev/shm" // machines are killed here, disks are not; and three that sync share one
	if _, err := os.Stat(below); err != nil {
		below = "/var/tmp"
	}
	folder, err := os.MkdirTemp(below, "stepup-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	s := &site{
		folder: folder, program: filepath.Join(folder, "stepup"), url: "http://127.0.0.1:8000",
		ready: &http.Client{Timeout: 2 * time.Second},
	}
	build := exec.Command("go", "build", "-o", s.program, "github.com/stepup-auth/stepup/cmd/stepup")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building stepup: %v\n%s", err, out)
	}
	s.databases = startDatabases(t, synchronous, folder)
	key, err := seal.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	s.env = slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "STEPUP_") })
	s.env = append(s.env, "STEPUP_DATABASE_URL="+s.databaseURL(), "STEPUP_MASTER_KEY="+key.Reveal(), "STEPUP_SMTP_URL=smtp://127.0.0.1:25",
		"STEPUP_PUBLIC_URL=https://stepup.test", "STEPUP_TRUSTED_PROXIES="+subnet[front]+"1/32,127.0.0.1/32",
		"STEPUP_DATABASE_CONNECTIONS=16")
	if !synchronous {
		s.env = append(s.env, "STEPUP_SINGLE_DATABASE=accepted")
	}
	for _, document := range load.Documents() {
		s.stepup(t, document, "env", "apply", "-")
	}
	s.guard = s.stepup(t, "", "token", "create", "--name", "guard", "--env", servertest.A, "--scope", "tokens.consume")
	s.auditor = s.stepup(t, "", "token", "create", "--name", "auditor", "--env", servertest.A, "--scope", "audit.read")
	for _, m := range s.machines {
		s.serve(t, m)
	}
	s.startProxy(t)
	s.waitServing(t, 3)
	return s
}

// databaseURL names all three, of which the servers use the one that takes writes.
func (s *site) databaseURL() string {
	var hosts []string
	for _, m := range s.machines {
		hosts = append(hosts, m.address(front)+":5432")
	}
	return "postgres://stepup:stepup@" + strings.Join(hosts, ",") +
		"/stepup?target_session_attrs=read-write&connect_timeout=2&sslmode=disable"
}

// stepup runs one command of the program.
func (s *site) stepup(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command(s.program, args...)
	cmd.Env, cmd.Stdin = s.env, strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("stepup %v: %v\n%s%s", args, err, out, stderr.Bytes())
	}
	return strings.TrimSpace(string(out))
}

// doctor is what `stepup doctor` says. That the way to the database is not encrypted here
// and that there is no mail server are problems to it, so its exit status is none to us.
func (s *site) doctor() string {
	cmd := exec.Command(s.program, "doctor")
	cmd.Env = s.env
	out, _ := cmd.CombinedOutput()
	return string(out)
}

// serve starts the machine's server, and again whenever it ends, as systemd would.
func (s *site) serve(t *testing.T, m *machine) {
	t.Helper()
	m.start(t, "stepup", append(slices.Clip(s.env), "STEPUP_LISTEN="+m.address(front)+":8080"),
		"sh", "-c", `while :; do "$0" serve; sleep 1; done`, s.program)
}

// power switches the machine on.
func (s *site) power(t *testing.T, m *machine) {
	t.Helper()
	s.databases.power(t, m)
	s.serve(t, m)
}

// startProxy starts HAProxy, on the clients' side of the machines.
func (s *site) startProxy(t *testing.T) {
	t.Helper()
	text := strings.NewReplacer("SERVERS\n", proxyServers(s.machines), "FOLDER", s.folder).Replace(proxyConfig)
	path := filepath.Join(s.folder, "haproxy.cfg")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("haproxy", "-db", "-f", path)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("--- haproxy\n%s", output.Bytes())
		}
	})
	if !within(20*time.Second, func() bool { _, err := os.Stat(filepath.Join(s.folder, "haproxy.sock")); return err == nil }) {
		t.Fatal("HAProxy does not start")
	}
}

func proxyServers(machines []*machine) (lines string) {
	for _, m := range machines {
		lines += fmt.Sprintf("    server %s %s:8080\n", m.name, m.address(front))
	}
	return lines
}

// proxyConfig is what docs/operating.md tells operators to write. A request is sent again
// only where it has not reached a server.
const proxyConfig = `global
    stats socket FOLDER/haproxy.sock mode 600 level admin
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    retry-on conn-failure
    option redispatch 1
    option forwardfor
    default-server check inter 1s fastinter 500ms fall 2 rise 1
frontend public
    bind 127.0.0.1:8000
    use_backend alive if { nbsrv(stepup) eq 0 }
    default_backend stepup
backend stepup
    option httpchk GET /readyz
SERVERS
backend alive
    option httpchk GET /healthz
SERVERS
`

// proxy gives HAProxy one order.
func (s *site) proxy(t *testing.T, order string) string {
	t.Helper()
	conn, err := net.Dial("unix", filepath.Join(s.folder, "haproxy.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, order+"\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// serving counts the servers that HAProxy sends requests to.
func (s *site) serving(t *testing.T) (n int) {
	for line := range strings.Lines(s.proxy(t, "show stat")) {
		fields := strings.Split(line, ",")
		if len(fields) > 17 && fields[0] == "stepup" && strings.HasPrefix(fields[17], "UP") && s.answers(fields[1]) {
			n++
		}
	}
	return n
}

// answers asks a server itself: HAProxy believes in all until it has looked.
func (s *site) answers(name string) bool {
	for _, m := range s.machines {
		if m.name != name {
			continue
		}
		response, err := s.ready.Get("http://" + m.address(front) + ":8080/readyz")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	}
	return false
}

func (s *site) waitServing(t *testing.T, n int) {
	t.Helper()
	if !within(time.Minute, func() bool { return s.serving(t) >= n }) {
		t.Fatalf("only %d of %d servers serve:\n%s", s.serving(t), n, s.proxy(t, "show stat"))
	}
}

// restart takes the machine's server out, ends it, and starts it again.
func (s *site) restart(t *testing.T, m *machine) {
	t.Helper()
	s.proxy(t, "set server stepup/"+m.name+" state drain")
	if !within(20*time.Second, func() bool { return s.busy(t, m) == 0 }) {
		t.Fatalf("the server on %s is not drained", m.name)
	}
	before := m.processes("stepup")
	m.signal(syscall.SIGTERM, "stepup")
	if !within(time.Minute, func() bool {
		now := m.processes("stepup")
		return len(now) > 0 && !slices.Equal(now, before) && s.answers(m.name)
	}) {
		t.Fatalf("the server on %s does not come back", m.name)
	}
	s.proxy(t, "set server stepup/"+m.name+" state ready")
	s.waitServing(t, 3)
}

// busy is how many requests HAProxy has at the machine.
func (s *site) busy(t *testing.T, m *machine) int {
	for line := range strings.Lines(s.proxy(t, "show stat")) {
		fields := strings.Split(line, ",")
		if len(fields) > 4 && fields[0] == "stepup" && fields[1] == m.name {
			n := 0
			_, _ = fmt.Sscan(fields[4], &n)
			return n
		}
	}
	return 0
}
