package bench_test

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/deliver/delivertest"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// errSpent says that an operation has nothing left to work on.
var errSpent = errors.New("nothing is left")

// publicURL is what the server says it is; nobody resolves it.
const publicURL = "https://stepup.test"

// subject is one running server, its database and what lives in it.
type subject struct {
	engine  string
	urls    []string // of the servers
	metrics string   // of the first
	pid     int      // its process
	others  []int    // those of the others
	admin   *sql.DB  // PostgreSQL's
	mail    *delivertest.Server
	guard   string // service token
	people  []person
	next    atomic.Int64
	turn    atomic.Int64
	ready   time.Duration // after it was started
	idle    float64       // MiB resident when it was

	mu     sync.Mutex
	tokens []string // elevated, unspent
}

// start builds the database, fills it and starts the server on it.
func start(t *testing.T, engine string) *subject {
	t.Helper()
	key, err := seal.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	s := &subject{engine: engine, mail: delivertest.Start(t, delivertest.Options{RequireAuth: true})}
	url := "sqlite:" + filepath.Join(diskFolder(t), "stepup.db")
	if engine == store.Postgres {
		server := storetest.StartServer(t, "shared_buffers = 256MB")
		s.admin, url = server.Admin(), server.Database(t)
	}
	s.fill(t, url, key)
	node := s.node(t, url, key)
	s.pid, s.metrics, s.ready, s.idle = node.pid, node.metrics, node.ready, resident(node.pid, "VmRSS")
	if engine == store.Postgres {
		for range *nodes - 1 {
			s.others = append(s.others, s.node(t, url, key).pid)
		}
	}
	return s
}

// node is one server on the database.
type node struct {
	pid     int
	metrics string
	ready   time.Duration
}

func (s *subject) node(t *testing.T, url string, key secret.Text) node {
	t.Helper()
	n := node{metrics: "127.0.0.1:" + freePort(t)}
	cmd := exec.Command(program(t), "serve")
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "STEPUP_") }),
		"STEPUP_DATABASE_URL="+url, "STEPUP_MASTER_KEY="+key.Reveal(), "STEPUP_SMTP_URL="+s.mail.URL, "STEPUP_PUBLIC_URL="+publicURL,
		"STEPUP_LISTEN=127.0.0.1:0", "STEPUP_METRICS_LISTEN="+n.metrics, "STEPUP_SINGLE_DATABASE=accepted")
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = cmd.Stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	n.pid = cmd.Process.Pid
	serving := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			var entry struct{ Msg, Listen string }
			if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "serving" {
				serving <- entry.Listen
			} else if testing.Verbose() {
				fmt.Fprintln(os.Stderr, lines.Text())
			}
		}
	}()
	select {
	case address := <-serving:
		n.ready = time.Since(began)
		s.urls = append(s.urls, "http://"+address)
	case <-time.After(30 * time.Second):
		t.Fatal("the server did not start")
	}
	return n
}

// process is what a server takes beside time.
type process struct {
	Engine     string
	Ready      float64 // milliseconds from its start to its first request
	Idle, Peak float64 // MiB resident: when it was ready, and at most until now
	Size       float64 // MB of the program
}

func (s *subject) process(t *testing.T) process {
	t.Helper()
	file, err := os.Stat(program(t))
	if err != nil {
		t.Fatal(err)
	}
	return process{Engine: s.engine, Ready: ms(s.ready), Idle: s.idle, Peak: resident(s.pid, "VmHWM"), Size: float64(file.Size()) / 1e6}
}

// resident is a figure of /proc/PID/status, in MiB.
func resident(pid int, name string) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kilobytes, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
			return kilobytes / 1024
		}
	}
	return 0
}

var built = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "stepup-bench")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "stepup")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-w", "-o", path, "github.com/stepup-auth/stepup/cmd/stepup")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building stepup: %w\n%s", err, output)
	}
	return path, nil
})

func program(t *testing.T) string {
	t.Helper()
	if *binary != "" {
		return *binary
	}
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// diskFolder is a folder on a disk: what is synced in memory costs nothing.
func diskFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/var/tmp", "stepup-bench-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// used is what server and database have used since they started.
type used struct {
	server, database                                           time.Duration
	statements, roundTrips, transactions, commits, allocations figure
	flushes, bytes                                             figure
}

func (s *subject) usage(t *testing.T) used {
	t.Helper()
	u := used{server: cpuOf(s.pid), bytes: written(s.pid)}
	for _, pid := range s.others {
		u.server += cpuOf(pid)
		u.bytes += written(pid)
	}
	if s.metrics == "" || len(s.others) > 0 { // nothing counts for all of them
		unknown := figure(math.NaN())
		u.count(func(string) figure { return unknown })
	}
	if s.metrics == "" {
		return u
	}
	if counters := scrape("http://" + s.metrics + "/metrics"); len(s.others) == 0 {
		u.count(counters)
	}
	if s.admin != nil {
		for _, pid := range family(s.admin) {
			u.database += cpuOf(pid)
			u.bytes += written(pid)
		}
		var syncs float64
		if err := s.admin.QueryRow(`SELECT wal_sync FROM pg_stat_wal`).Scan(&syncs); err != nil {
			syncs = math.NaN()
		}
		u.flushes = figure(syncs)
	}
	return u
}

// count takes over what a server has counted.
func (u *used) count(counters func(name string) figure) {
	u.statements, u.roundTrips = counters("stepup_store_statements_total"), counters("stepup_store_round_trips_total")
	u.transactions, u.commits = counters("stepup_store_transactions_total"), counters("stepup_store_commits_total")
	u.allocations, u.flushes = counters("go_memstats_mallocs_total"), u.commits
}

// scrape reads the counters of a server.
func scrape(url string) func(name string) figure {
	found := map[string]figure{}
	if response, err := http.Get(url); err == nil {
		defer response.Body.Close()
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if name, value, ok := strings.Cut(lines.Text(), " "); ok && !strings.HasPrefix(name, "#") {
				number, _ := strconv.ParseFloat(value, 64)
				found[name] = figure(number)
			}
		}
	}
	return func(name string) figure {
		if value, ok := found[name]; ok {
			return value
		}
		return figure(math.NaN())
	}
}

// tick is the unit in which Linux counts the time of processes.
const tick = 10 * time.Millisecond

// cpuOf is the processor time of a process and of its children that have ended.
func cpuOf(pid int) time.Duration {
	fields := stat(pid)
	var ticks int64
	for _, i := range []int{11, 12, 13, 14} { // utime, stime, cutime, cstime
		if i < len(fields) {
			n, _ := strconv.ParseInt(fields[i], 10, 64)
			ticks += n
		}
	}
	return time.Duration(ticks) * tick
}

// stat is /proc/PID/stat behind the name of the program.
func stat(pid int) []string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.Fields(rest)
}

// written is how many bytes a process has written to the disk.
func written(pid int) figure {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			n, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return figure(n)
		}
	}
	return 0
}

// family are the processes of a PostgreSQL server, its first one among them.
func family(admin *sql.DB) (all []int) {
	var own int
	if err := admin.QueryRow(`SELECT pg_backend_pid()`).Scan(&own); err != nil {
		return nil
	}
	parent := stat(own)
	if len(parent) < 2 {
		return nil
	}
	all = append(all, number(parent[1]))
	names, _ := filepath.Glob("/proc/[0-9]*")
	for _, name := range names {
		pid := number(filepath.Base(name))
		if fields := stat(pid); len(fields) > 1 && fields[1] == parent[1] {
			all = append(all, pid)
		}
	}
	return all
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
