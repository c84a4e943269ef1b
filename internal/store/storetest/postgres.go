package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
)

// missing is what to type when the server's binaries are not there.
const missing = "PostgreSQL is not installed; run: apt-get install -y postgresql"

// runServer is the environment variable that holds the URL of a server for the whole
// test run, see scripts/with-postgres.sh. Without it each test process starts its own.
const runServer = "TEST_POSTGRES_URL"

// shared is the server of all tests that ask for no server of their own.
func shared(t testing.TB) *Server {
	t.Helper()
	server, err := sharedServer()
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// The shared server keeps its files in memory where it can: it ends with its tests,
// which are about what is decided. It syncs them as any other, which costs nothing
// there. Tests of what survives start a server of their own, on the disk.
var sharedServer = sync.OnceValues(func() (server *Server, err error) {
	if given := os.Getenv(runServer); given != "" {
		server, err = joinServer(given)
	} else {
		server, err = startServer(memory())
	}
	if err == nil && os.Getenv(throughPooler) != "" {
		server.pooler, server.poolerEnd, err = server.startPooler()
	}
	return server, err
})

// joinServer is the server at that URL, which somebody else started.
func joinServer(given string) (*Server, error) {
	parsed, err := url.Parse(given)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", runServer, err)
	}
	s := newServer(parsed.Query().Get("host"), "")
	if s.admin, err = sql.Open("pgx", s.URL("postgres")); err != nil {
		return nil, err
	}
	s.admin.SetMaxIdleConns(1)
	if err := s.admin.PingContext(context.Background()); err != nil {
		return nil, fmt.Errorf("joining the server that %s names: %w", runServer, err)
	}
	return s, nil
}

// Server is a running PostgreSQL server that listens on a socket in its folder.
type Server struct {
	folder    string // holds the socket and data/
	bin       string // empty: the server is not ours
	admin     *sql.DB
	pooler    string // folder of the socket of the PgBouncer that tests go through; empty: none
	poolerEnd func()
	templates struct {
		sync.Mutex
		made map[string]bool // by name
	}
	// alive is the keeper's standard input. It must stay reachable for as long as the
	// server is to run: the garbage collector closes files that nobody holds.
	alive  io.WriteCloser
	exited chan struct{} // closed once server and folder are gone
}

// StartServer starts a server of its own for one test, with extra lines for its
// postgresql.conf.
func StartServer(t testing.TB, settings ...string) *Server {
	t.Helper()
	server, err := startServer("", settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.stop)
	return server
}

// startServer starts one with its data below that folder.
func startServer(below string, settings ...string) (*Server, error) {
	s, err := newFolder(below)
	if err != nil {
		return nil, err
	}
	// Not syncing what initdb writes is fine for a folder that nobody needs after a
	// power cut; the server itself keeps fsync on.
	initdb := s.command("initdb", "--pgdata", s.data(), "--username", "stepup", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("running initdb: %w\n%s", err, out)
	}
	return s, s.start(settings)
}

// Standby starts a streaming replica of s.
func (s *Server) Standby(t testing.TB, settings ...string) *Server {
	t.Helper()
	standby, err := newFolder("")
	if err != nil {
		t.Fatal(err)
	}
	copying := standby.command("pg_basebackup", "--pgdata", standby.data(), "--host", s.folder, "--username", "stepup",
		"--write-recovery-conf", "--checkpoint", "fast", "--no-sync")
	if out, err := copying.CombinedOutput(); err != nil {
		t.Fatalf("running pg_basebackup: %v\n%s", err, out)
	}
	if err := standby.start(settings); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(standby.stop)
	return standby
}

// newFolder makes a folder that the server's user owns. It lies directly under the
// one given, by default the system's temporary folder, whose path is short enough
// for a socket.
func newFolder(below string) (*Server, error) {
	bin, err := BinFolder()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(below, "stepup-pg-")
	if err != nil {
		return nil, err
	}
	if id := unprivileged(); id != nil {
		if err := os.Chown(folder, int(id.Uid), int(id.Gid)); err != nil {
			return nil, err
		}
	}
	return newServer(folder, bin), nil
}

func newServer(folder, bin string) *Server {
	s := &Server{folder: folder, bin: bin}
	s.templates.made = map[string]bool{}
	return s
}

// memory is a file system in memory with room for databases, empty if there is none.
// Most of what a copied database costs is the making of its files.
func memory() string {
	const path, room = "/dev/shm", 2 << 30
	var stat syscall.Statfs_t
	if err := syscall.Statfs(path, &stat); err != nil || stat.Bavail*uint64(stat.Bsize) < room || unwritable(path) {
		return ""
	}
	return path
}

func unwritable(path string) bool { return syscall.Access(path, 2|1) != nil } // to write and to enter

// BinFolder is where initdb, postgres and pg_dump are.
func BinFolder() (string, error) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres"); len(found) > 0 {
		newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
		return filepath.Dir(newest), nil
	}
	if found, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(found), nil
	}
	return "", errors.New(missing)
}

func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// unprivileged is who the server runs as when the tests run as root, which
// PostgreSQL refuses to do.
var unprivileged = sync.OnceValue(func() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if found, err := user.Lookup(name); err == nil {
			uid, _ := strconv.ParseUint(found.Uid, 10, 32)
			gid, _ := strconv.ParseUint(found.Gid, 10, 32)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return nil
})

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: unprivileged()}
	return cmd
}

// keeper runs the server until its standard input ends, which the system does for
// us when this process is gone, even by kill -9; then it removes the folder. In
// between it stops and starts the server as it is told to.
const keeper = `
run() { "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= </dev/null & pid=$!; }
run "$1" "$2"
while read -r word; do
	case $word in
	stop) kill -INT $pid; wait $pid ;;
	start) run "$1" "$2" ;;
	esac
done
kill -QUIT $pid 2>/dev/null
wait $pid
cd / && rm -rf "$2"
`

func (s *Server) start(settings []string) error {
	conf, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	base := []string{"max_connections = 300", "shared_buffers = 32MB", "log_min_messages = fatal", "autovacuum_naptime = 1h",
		"wal_retrieve_retry_interval = 100ms"} // a standby whose primary died looks for a promotion this often
	_, err = conf.WriteString("\n" + strings.Join(append(base, settings...), "\n") + "\n")
	if err := errors.Join(err, conf.Close()); err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", "-c", keeper, "keeper", s.bin, s.folder)
	cmd.Dir = s.folder
	// A group of its own: Ctrl-C in the terminal ends this process, not the keeper.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: unprivileged(), Setpgid: true}
	if s.alive, err = cmd.StdinPipe(); err != nil {
		return err
	}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	go func() { _ = cmd.Wait(); close(s.exited) }()

	if s.admin, err = sql.Open("pgx", s.URL("postgres")); err != nil {
		return err
	}
	s.admin.SetMaxIdleConns(1)
	return s.answers(&output)
}

// answers waits until the server does.
func (s *Server) answers(output fmt.Stringer) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		err := s.admin.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("starting PostgreSQL: %w\n%s", err, output.String())
		case <-ctx.Done():
			return fmt.Errorf("starting PostgreSQL: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server and removes its folder.
func (s *Server) stop() {
	_ = s.admin.Close()
	_ = s.alive.Close()
	<-s.exited
}

// Database makes a fresh, empty database, dropped when the test ends, and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	return s.create(t, "")
}

func (s *Server) create(t testing.TB, how string) string {
	t.Helper()
	name := "t_" + strings.ToLower(rand.Text())
	if _, err := s.admin.ExecContext(t.Context(), "CREATE DATABASE "+name+how); err != nil {
		t.Fatalf("creating a database: %v", err)
	}
	t.Cleanup(func() {
		_, _ = s.admin.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)") // the server may be gone by now
	})
	if s.pooler != "" {
		return s.Through(s.pooler, name)
	}
	return s.URL(name)
}

// Through is the URL of one database of the server by way of a [Server.Pooler].
func (s *Server) Through(pooler, database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.User("stepup"), Path: "/" + database,
		RawQuery: url.Values{"host": {pooler}, "port": {"6432"}, "sslmode": {"disable"}, "default_query_exec_mode": {"exec"}}.Encode(),
	}).String()
}

// URL is the URL of one database of the server.
func (s *Server) URL(database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.User("stepup"), Path: "/" + database,
		RawQuery: url.Values{"host": {s.folder}, "sslmode": {"disable"}}.Encode(),
	}).String()
}

// Folder holds the server's data and its socket.
func (s *Server) Folder() string { return s.folder }

// Admin is a connection pool on the server's "postgres" database.
func (s *Server) Admin() *sql.DB { return s.admin }

// Kill ends every process of the server at once, as a power cut would. Left alone,
// its sessions would go on serving for a moment after their parent is gone.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	parent, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	// Stopped, it starts no more children and restarts none.
	if err := syscall.Kill(parent, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range append(strings.Fields(string(children)), first) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
	}
}

// Stop stops the server as its operator would: open sessions are broken off, what was
// committed stays.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if _, err := io.WriteString(s.alive, "stop\n"); err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		if _, err := os.Stat(filepath.Join(s.data(), "postmaster.pid")); errors.Is(err, os.ErrNotExist) {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Fatal("PostgreSQL does not stop")
}

// Start starts a stopped server again.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if _, err := io.WriteString(s.alive, "start\n"); err != nil {
		t.Fatal(err)
	}
	if err := s.answers(&bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
}

// Promote makes a standby the primary.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	var ok bool
	if err := s.admin.QueryRowContext(t.Context(), `SELECT pg_promote(true, 60)`).Scan(&ok); err != nil || !ok {
		t.Fatalf("promoting the standby: %v, %v", ok, err)
	}
}
