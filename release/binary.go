package main

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// binary is the server as it was built for a target. What it says of itself is read
// out of it, so that no file beside it can say something else.
type binary struct {
	target   target
	path     string
	version  string    // of the module, from the tag of the commit: v1.2.3, or a pseudo-version
	revision string    // commit
	when     time.Time // of the commit
	info     *debug.BuildInfo
}

// build compiles the server for a target into a folder: static, without the paths of
// this machine, and without symbols that only a debugger reads.
func (r release) build(t target, folder string) (binary, error) {
	name := "stepup"
	if t.os == "windows" {
		name += ".exe"
	}
	path, err := filepath.Abs(filepath.Join(folder, name))
	if err != nil {
		return binary{}, err
	}
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", path, "./cmd/stepup")
	cmd.Dir = r.repository
	// What a developer has set must not get into a release.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch, "GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off",
		"GOAMD64=v1", "GOARM64=v8.0", "GOWORK=off")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return binary{}, fmt.Errorf("building %s: %w\n%s", t, err, strings.TrimSpace(said.String()))
	}
	return read(t, path)
}

// clone takes the commit that is checked out, and nothing else that lies in the
// folder, to another one: the toolchain writes the commit down for a clone only, and
// what is in no commit must not get into a release.
func clone(repository, to string) (string, error) {
	output, err := exec.Command("git", "clone", "--quiet", "--no-local", repository, to).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("cloning the repository: %w\n%s", err, strings.TrimSpace(string(output)))
	}
	return to, nil
}

// read takes what a binary says of itself.
func read(t target, path string) (binary, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return binary{}, fmt.Errorf("reading what was built: %w", err)
	}
	b := binary{target: t, path: path, version: info.Main.Version, revision: setting(info, "vcs.revision"), info: info}
	if b.when, err = time.Parse(time.RFC3339, setting(info, "vcs.time")); err != nil || b.revision == "" {
		return binary{}, errors.New("what was built knows no commit, which only git can tell the toolchain")
	}
	return b, nil
}

func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// number is the version without the v, as packages have it.
func (b binary) number() string { return strings.TrimPrefix(b.version, "v") }

// stem begins the name of a file that holds the binary.
func (b binary) stem() string { return "stepup-" + b.number() + "-" + b.target.name() }
