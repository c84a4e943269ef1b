package storetest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// throughPooler is the environment variable that puts PgBouncer before the databases of
// all tests that ask for no server of their own.
const throughPooler = "TEST_POSTGRES_POOLER"

const poolerConfig = `[databases]
* = host=%s user=stepup
[pgbouncer]
pool_mode = transaction
listen_addr =
unix_socket_dir = %s
auth_type = any
max_client_conn = 1000
default_pool_size = 40
server_idle_timeout = 5
server_round_robin = 1
ignore_startup_parameters = extra_float_digits
logfile = %[2]s/log
`

// poolerKeeper runs it until its standard input ends, see keeper.
const poolerKeeper = `
pgbouncer -q "$1/pgbouncer.ini" </dev/null & pid=$!
read -r word
kill -INT $pid 2>/dev/null
wait $pid
cd / && rm -rf "$1"
`

// Pooler starts PgBouncer in transaction mode before s and returns the folder of its
// socket. The test is skipped where there is none.
func (s *Server) Pooler(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath("pgbouncer"); err != nil {
		t.Skip("NOT TESTED: PgBouncer is not installed; run: apt-get install -y pgbouncer")
	}
	folder, stop, err := s.startPooler()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return folder
}

func (s *Server) startPooler() (folder string, stop func(), err error) {
	made, err := newFolder(memory())
	if err != nil {
		return "", nil, err
	}
	folder = made.folder
	if err := os.WriteFile(filepath.Join(folder, "pgbouncer.ini"), fmt.Appendf(nil, poolerConfig, s.folder, folder), 0o644); err != nil {
		return "", nil, err
	}
	cmd := exec.Command("/bin/sh", "-c", poolerKeeper, "keeper", folder)
	cmd.Dir = folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: unprivileged(), Setpgid: true}
	alive, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	stop = func() { _ = alive.Close(); <-exited }
	deadline := time.After(30 * time.Second)
	for {
		if _, err := os.Stat(filepath.Join(folder, ".s.PGSQL.6432")); err == nil {
			return folder, stop, nil
		}
		select {
		case <-exited:
			return "", nil, fmt.Errorf("starting PgBouncer: %s", output.Bytes())
		case <-deadline:
			stop()
			return "", nil, fmt.Errorf("starting PgBouncer: no socket after 30 s: %s", output.Bytes())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
