package browsertest

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// programs is the folder of the two binaries, built once for all tests.
var programs string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "stepup-browsertest-")
	if err != nil {
		panic(err)
	}
	programs = folder
	build := exec.Command("go", "build", "-o", folder+"/", "./cmd/stepup", "./examples/go-service")
	build.Dir = filepath.Join("..", "..", "..")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the server and the example service: %v\n%s", err, output)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// mustStart runs what `make run` runs, on a database of its own: the server in
// development mode and the example service. It returns the demo's origin.
func mustStart(t *testing.T) string {
	t.Helper()
	base, _ := mustStartIn(t, t.TempDir())
	return base
}

// mustStartIn does so in a folder of the caller's, for tests that operate it, and
// with further arguments for the server, and returns the server's address too.
func mustStartIn(t *testing.T, data string, arguments ...string) (base, server string) {
	t.Helper()
	bank := servertest.FreeAddress(t)
	server = servertest.FreeAddress(t)
	_, port, _ := strings.Cut(server, ":")
	base = "http://localhost:" + port
	run(t, nil, "stepup",
		append([]string{"serve", "--dev", "--data", data, "--listen", server, "--bank-url", "http://" + bank}, arguments...)...)
	mustAnswer(t, "http://"+server+"/readyz")
	run(t, []string{
		"ISSUER=http://" + server + "/api/v0/sdk/11111111-2222-4333-8444-555555555555",
		"SERVICE_TOKEN_FILE=" + filepath.Join(data, "example-service.token"),
		"LISTEN=" + bank,
		"ALLOWED_ORIGINS=" + base,
	}, "go-service")
	mustAnswer(t, "http://"+bank+"/healthz")
	return base, server
}

// run starts a program of ours, or of that path, for the length of the test, without the settings of
// whoever runs the test, and shows what it said when the test failed.
func run(t *testing.T, settings []string, program string, arguments ...string) {
	t.Helper()
	if !filepath.IsAbs(program) {
		program = filepath.Join(programs, program)
	}
	var output strings.Builder
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, settings...)
	command.Stdout, command.Stderr = &output, &output
	// t.Context ends just before the cleanups: by then the program is stopping.
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	if err := command.Start(); err != nil {
		t.Fatalf("starting %s: %v", program, err)
	}
	t.Cleanup(func() {
		_ = command.Wait() // ended by our signal
		if t.Failed() {
			t.Logf("%s said:\n%s", program, output.String())
		}
	})
}

// operate runs the program to its end on what input holds, and gives what it wrote.
func operate(t *testing.T, input io.Reader, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(programs, "stepup"), arguments...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	command.Stdin = input
	var output, problems strings.Builder
	command.Stdout, command.Stderr = &output, &problems
	if err := command.Run(); err != nil {
		t.Fatalf("stepup %s: %v\n%s%s", strings.Join(arguments, " "), err, output.String(), problems.String())
	}
	return output.String()
}

// mustAnswer waits until url answers 200.
func mustAnswer(t *testing.T, url string) {
	t.Helper()
	deadline := time.After(stepTimeout)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		response, err := http.Get(url)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("%s does not answer", url)
		}
	}
}
