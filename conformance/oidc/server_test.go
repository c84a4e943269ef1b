package oidc_test

import (
	"bytes"
	"context"
	"encoding/json"
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
)

const environment = "11111111-2222-4333-8444-555555555555"

// server is the binary of this tree, running.
type server struct {
	URL     string
	binary  string
	dir     string
	env     []string
	secrets string // folder of the secrets that documents point at
}

// start builds the binary and runs it on a free port until the test ends. It is
// not imported, so that its dependencies are not those of this module.
func start(t *testing.T) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{binary: filepath.Join(dir, "stepup"), dir: dir}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", s.binary, "./cmd/stepup")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, output)
	}
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := probe.Addr().String()
	probe.Close()
	s.URL = "http://" + address
	key, err := exec.CommandContext(t.Context(), s.binary, "keys", "master").Output()
	if err != nil {
		t.Fatal(err)
	}
	s.secrets = filepath.Join(dir, "secrets")
	s.env = []string{
		"STEPUP_SECRETS_DIR=" + s.secrets,
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "STEPUP_LISTEN=" + address, "STEPUP_PUBLIC_URL=" + s.URL,
		"STEPUP_OUTBOUND_ALLOW=127.0.0.0/8", "STEPUP_DATABASE_URL=sqlite:" + filepath.Join(dir, "stepup.db"),
		"STEPUP_MASTER_KEY=" + strings.TrimSpace(string(key)), "STEPUP_SMTP_URL=smtp://127.0.0.1:1",
	}
	s.apply(t, "")
	var log bytes.Buffer
	run := exec.CommandContext(context.WithoutCancel(t.Context()), s.binary, "serve")
	run.Env, run.Stderr = s.env, &log
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := run.Process.Signal(syscall.SIGTERM); err == nil {
			_ = run.Wait()
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", log.String())
		}
	})
	deadline := time.Now().Add(time.Minute)
	for {
		if answer, err := http.Get(s.URL + "/readyz"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return s
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("the server does not start")
		}
	}
}

// apply makes a document with these lines more the environment's.
func (s *server) apply(t *testing.T, more string) {
	t.Helper()
	file := filepath.Join(s.dir, "environment.yaml")
	document := fmt.Sprintf("id: %s\nname: Conformance\norigins: [%s]\nredirectOrigins: [%[2]s]\n%[3]s", environment, app, more)
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), s.binary, "env", "apply", file)
	command.Env = s.env
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("applying: %v\n%s", err, output)
	}
}

// keep keeps a secret where the environment may point at it.
func (s *server) keep(t *testing.T, secret string) (name string) {
	t.Helper()
	folder := filepath.Join(s.secrets, environment)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "provider"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return "provider"
}

// want is the answer that a request is to get: a status and, of a refusal, its code.
// What it says is decoded into a pointer, if there is one.
type want struct {
	status int
	code   string
	into   any
}

// post sends JSON to a route of the provider and wants an answer.
func (s *server) post(t *testing.T, path, bearer string, body any, want want) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), "POST", s.at(path), bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != want.status || want.code != "" && !bytes.Contains(text, []byte(`"code":"`+want.code+`"`)) {
		t.Fatalf("%s: %d %s, want %d %s", path, answer.StatusCode, text, want.status, want.code)
	}
	if want.into != nil {
		if err := json.Unmarshal(text, want.into); err != nil {
			t.Fatal(err)
		}
	}
}

// at is the address of a route of the provider.
func (s *server) at(path string) string {
	return s.URL + "/api/v0/sdk/" + environment + "/providers/zitadel" + path
}
