package blocks_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/deliver/delivertest"
	"github.com/stepup-auth/stepup/internal/doctest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// A shell is where a page's commands run: a folder that looks like a checkout
// with a built binary, a development server of its own, and a bash that keeps
// its variables from block to block.
type shell struct {
	t       *testing.T
	folder  string
	environ []string
	names   *strings.Replacer // the addresses that pages name, to the ones we have
	metrics string
	typed   io.Writer
	printed *bufio.Reader
}

const endOfBlock = "----- end of block"

func newShell(t *testing.T, binary string) *shell {
	t.Helper()
	s := &shell{t: t, folder: t.TempDir(), metrics: servertest.FreeAddress(t)}
	server, service := servertest.FreeAddress(t), servertest.FreeAddress(t)
	s.names = strings.NewReplacer("127.0.0.1:8080", server, "localhost:8080", server, "127.0.0.1:9090", service, "localhost:9090", service,
		"127.0.0.1:2525", delivertest.Start(t, delivertest.Options{}).Addr)
	s.environ = append(os.Environ(), "PATH="+filepath.Join(s.folder, "bin")+":"+os.Getenv("PATH"), "GOPROXY=off")
	s.must(os.Mkdir(filepath.Join(s.folder, "bin"), 0o755))
	s.must(os.Symlink(binary, filepath.Join(s.folder, "bin", "stepup")))
	s.linkSources()
	s.start(exec.Command(binary, "serve", "--dev", "--listen", server, "--metrics-listen", s.metrics))
	s.until("the development server is ready", func() bool { return get("http://"+server+"/readyz") != "" })

	bash := exec.Command("bash", "--noprofile", "--norc", "-s")
	typed, err := bash.StdinPipe()
	s.must(err)
	reader, writer, err := os.Pipe()
	s.must(err)
	bash.Stdout, bash.Stderr = writer, writer
	s.start(bash)
	s.must(writer.Close())
	s.typed, s.printed = typed, bufio.NewReader(reader)
	_, err = io.WriteString(typed, "set -euo pipefail\n")
	s.must(err)
	return s
}

// linkSources shows the sources that strangers compile: the public packages, the
// example, and what they stand on.
func (s *shell) linkSources() {
	s.t.Helper()
	base := doctest.Root(s.t)
	list := exec.CommandContext(s.t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.Dir}}{{end}}{{end}}",
		"./stepuptest", "./examples/go-service")
	list.Dir = base
	folders, err := list.Output()
	s.must(err)
	for _, name := range []string{"go.mod", "go.sum"} {
		s.must(os.Symlink(filepath.Join(base, name), filepath.Join(s.folder, name)))
	}
	for _, folder := range strings.Fields(string(folders)) {
		inside, err := filepath.Rel(base, folder)
		s.must(err)
		s.must(os.MkdirAll(filepath.Join(s.folder, inside), 0o755))
		sources, err := filepath.Glob(filepath.Join(folder, "*.go"))
		s.must(err)
		for _, source := range sources {
			if !strings.HasSuffix(source, "_test.go") {
				s.must(os.Symlink(source, filepath.Join(s.folder, inside, filepath.Base(source))))
			}
		}
	}
}

// start runs a command in the folder until the test ends, together with
// whatever it starts itself.
func (s *shell) start(command *exec.Cmd) {
	s.t.Helper()
	command.Dir, command.Env = s.folder, s.environ
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.must(command.Start())
	s.t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		_ = command.Wait()
	})
}

// run types a block and returns what it printed. A command that fails ends the
// shell, as it would end a reader's patience.
func (s *shell) run(b block) string {
	s.t.Helper()
	s.write(".block.sh", b.text)
	if _, err := fmt.Fprintf(s.typed, ". ./.block.sh </dev/null\nprintf '\\n%s\\n'\n", endOfBlock); err != nil {
		s.t.Fatalf("%s:%d: %v", b.page, b.line, err)
	}
	var output strings.Builder
	for {
		line, err := s.printed.ReadString('\n')
		if strings.TrimSpace(line) == endOfBlock {
			break
		}
		output.WriteString(line)
		if err != nil {
			s.t.Fatalf("%s:%d: a command failed:\n%s", b.page, b.line, output.String())
		}
	}
	// What a person does slowly enough: by the next block, all mail has arrived.
	s.until("the mail has gone out", func() bool {
		return strings.Contains(get("http://"+s.metrics+"/metrics"), "\nstepup_outbox_oldest_seconds 0\n")
	})
	return output.String()
}

// background runs a block in a second terminal.
func (s *shell) background(b block, address string) {
	s.t.Helper()
	name := fmt.Sprintf(".background-%d.sh", b.line)
	s.write(name, b.text)
	s.start(exec.Command("bash", "--noprofile", "--norc", "-euo", "pipefail", name))
	address = s.names.Replace(address)
	s.until(fmt.Sprintf("%s:%d answers at %s", b.page, b.line, address), func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// write makes a file of the page, with the addresses we have.
func (s *shell) write(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.folder, name)
	s.must(os.MkdirAll(filepath.Dir(path), 0o755))
	s.must(os.WriteFile(path, []byte(s.names.Replace(text)), 0o644))
	return path
}

func (s *shell) until(what string, holds func() bool) {
	s.t.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			s.t.Fatal("waited in vain until ", what)
		case <-tick.C:
		}
	}
}

func (s *shell) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func get(url string) string {
	response, err := http.Get(url)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}
