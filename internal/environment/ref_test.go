package environment_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stepup-auth/stepup/internal/environment"
)

const (
	mine   = "11111111-2222-4333-8444-55555555555a"
	theirs = "11111111-2222-4333-8444-55555555555b"
)

// keep makes a folder of secrets with what an attacker would like around it.
func keep(t *testing.T) environment.Secrets {
	t.Helper()
	dir := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, path string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, "secrets", path)); err != nil {
			t.Fatal(err)
		}
	}
	write("master.key", "outside")
	write("secrets/top", "outside")
	write("secrets/"+theirs+"/theirs", "outside")
	write("secrets/"+mine+"/plain", "hunter2\r\n")
	write("secrets/"+mine+"/below/deep", "hunter2")
	write("secrets/"+mine+"/..2026/mounted", "hunter2\n")
	write("secrets/"+mine+"/empty", "\n")
	write("secrets/"+mine+"/most", strings.Repeat("a", 64<<10))
	write("secrets/"+mine+"/long", strings.Repeat("a", 64<<10+1))
	link("..2026", mine+"/..data") // as secrets are mounted into containers
	link("..data/mounted", mine+"/mounted")
	link(filepath.Join(dir, "master.key"), mine+"/absolute")
	link("../../master.key", mine+"/upwards")
	link("../"+theirs+"/theirs", mine+"/neighbour")
	link("../"+theirs, mine+"/folder")
	link("/proc/self/environ", mine+"/environ")
	link("/proc/self/root", mine+"/root")
	link("/dev/zero", mine+"/zero")
	link("loop", mine+"/loop")
	if err := syscall.Mkfifo(filepath.Join(dir, "secrets", mine, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{
		"HOME": "outside", "STEPUP_MASTER_KEY": "outside", "GITHUB": "outside", "SECRET_GITHUB": "outside",
		"SECRET_1111111122224333844455555555555A_GITHUB": "hunter2", "SECRET_1111111122224333844455555555555A_EMPTY": "",
		"SECRET_1111111122224333844455555555555B_GITHUB": "outside", "SECRET_1111111122224333844455555555555a_lower": "outside",
		"SECRET_1111111122224333844455555555555A_STEPUP_MASTER_KEY": "hunter2",
	}
	return environment.Secrets{Dir: filepath.Join(dir, "secrets"), Lookup: func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}}
}

func TestL3Resolve(t *testing.T) {
	s := keep(t)
	for _, ref := range []environment.Ref{
		{File: "plain"}, {File: "./plain"}, {File: "below/deep"}, {File: "below/../plain"}, {File: "mounted"}, {Env: "GITHUB"},
		{Env: "STEPUP_MASTER_KEY"},
	} {
		got, err := s.Resolve(mine, ref)
		if err != nil || got.Reveal() != "hunter2" {
			t.Errorf("%s: %q, %v", ref, got.Reveal(), err)
		}
		if printed := fmt.Sprintf("%v %+v %s", got, got, ref); strings.Contains(printed, "hunter2") {
			t.Errorf("printed %s", printed)
		}
	}
	if got, err := s.Resolve(mine, environment.Ref{File: "most"}); err != nil || len(got) != 64<<10 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	t.Setenv("SECRET_1111111122224333844455555555555A_REAL", "hunter2")
	if got, err := (environment.Secrets{}).Resolve(mine, environment.Ref{Env: "REAL"}); err != nil || got.Reveal() != "hunter2" {
		t.Errorf("of the process: %v", err)
	}
}

func TestL3ResolveRefuses(t *testing.T) {
	s := keep(t)
	outside := filepath.Join(filepath.Dir(s.Dir), "master.key")
	for _, test := range []struct {
		ref  environment.Ref
		want string
	}{
		{environment.Ref{}, "exactly one of file and env must be set"},
		{environment.Ref{File: "plain", Env: "GITHUB"}, "exactly one of file and env must be set"},
		{environment.Ref{File: "empty"}, "it is empty"},
		{environment.Ref{File: "long"}, "longer than 65536 bytes"},
		{environment.Ref{File: "none"}, "no such file"},
		{environment.Ref{File: "plain/none"}, ""},
		{environment.Ref{File: "PLAIN"}, "no such file"},
		{environment.Ref{File: "below"}, "not a regular file"},
		{environment.Ref{File: "."}, "not a regular file"},
		{environment.Ref{File: ".."}, "leaves the environment's folder"},
		{environment.Ref{File: "../top"}, "leaves the environment's folder"},
		{environment.Ref{File: "below/../../top"}, "leaves the environment's folder"},
		{environment.Ref{File: "../" + theirs + "/theirs"}, "leaves the environment's folder"},
		{environment.Ref{File: "../" + mine + "/plain"}, "leaves the environment's folder"},
		{environment.Ref{File: "plain\x00"}, ""},
		{environment.Ref{File: "\x00"}, ""},
		{environment.Ref{File: outside}, "mv " + outside},
		{environment.Ref{File: "/proc/self/environ"}, "only files below"},
		{environment.Ref{File: filepath.Join(s.Dir, mine, "plain")}, "write {file: plain}"},
		{environment.Ref{File: "absolute"}, "escapes"},
		{environment.Ref{File: "upwards"}, "escapes"},
		{environment.Ref{File: "neighbour"}, "escapes"},
		{environment.Ref{File: "folder/theirs"}, "escapes"},
		{environment.Ref{File: "environ"}, "escapes"},
		{environment.Ref{File: "root/proc/self/environ"}, "escapes"},
		{environment.Ref{File: "zero"}, "escapes"},
		{environment.Ref{File: "loop"}, ""},
		{environment.Ref{File: "pipe"}, "not a regular file"},
		{environment.Ref{Env: "NONE"},
			`SECRET_1111111122224333844455555555555A_NONE is not set: export SECRET_1111111122224333844455555555555A_NONE="$NONE"`},
		{environment.Ref{Env: "EMPTY"}, "it is empty"},
		{environment.Ref{Env: "github"}, "is not set"},
		{environment.Ref{Env: "lower"}, "is not set"},
		{environment.Ref{Env: "HOME"}, "is not set"},
		{environment.Ref{Env: "SECRET_GITHUB"}, "is not set"},
		{environment.Ref{Env: "SECRET_1111111122224333844455555555555B_GITHUB"}, "is not set"},
		{environment.Ref{Env: "A=B"}, "is not the name of a variable"},
		{environment.Ref{Env: "A\x00"}, "is not the name of a variable"},
		{environment.Ref{Env: "../A"}, "is not the name of a variable"},
	} {
		if got, err := s.Resolve(mine, test.ref); err == nil || !strings.Contains(err.Error(), test.want) || got != "" {
			t.Errorf("%q: %v, want %s", test.ref, err, test.want)
		}
	}
	for _, id := range []string{"", ".", "..", "../" + mine, mine + "/..", strings.ToUpper(mine), mine + "\x00"} {
		if got, err := s.Resolve(id, environment.Ref{File: "top"}); err == nil || got != "" {
			t.Errorf("of environment %q: %v", id, err)
		}
	}
	if _, err := (environment.Secrets{}).Resolve(mine, environment.Ref{File: "plain"}); err == nil ||
		!strings.Contains(err.Error(), "STEPUP_SECRETS_DIR is not set") {
		t.Errorf("without a folder: %v", err)
	}
	old := environment.Ref{File: "/run/secrets/github"}
	want := "export STEPUP_SECRETS_DIR=FOLDER where the server runs, mkdir -p $STEPUP_SECRETS_DIR/" + mine + " && mv /run/secrets/github"
	if _, err := (environment.Secrets{}).Resolve(mine, old); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a whole path without a folder: %v, want %s", err, want)
	}
	if err := os.Symlink(filepath.Dir(s.Dir), filepath.Join(s.Dir, "99999999-2222-4333-8444-555555555555")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve("99999999-2222-4333-8444-555555555555", environment.Ref{File: "master.key"}); err == nil {
		t.Error("a folder that leads elsewhere is followed")
	}
}

// Whatever a document names, what is read lies in the environment's own folder
// or among its own variables.
func FuzzL3Resolve(f *testing.F) {
	f.Add("plain", "")
	f.Add("../top", "GITHUB")
	f.Add("", "STEPUP_MASTER_KEY")
	f.Add("upwards\x00", "A=B")
	f.Add("below/../mounted", "")
	f.Fuzz(func(t *testing.T, file, env string) {
		got, err := keep(t).Resolve(mine, environment.Ref{File: file, Env: env})
		if err == nil && got.Reveal() != "hunter2" && !strings.HasPrefix(got.Reveal(), "aaaa") {
			t.Fatalf("%q, %q: %q", file, env, got.Reveal())
		}
	})
}

// A tenant writes the name, and an operator reads it in a terminal and is given a
// command to paste.
func TestReferencesAreNoCommands(t *testing.T) {
	const mine = "11111111-2222-4333-8444-555555555555"
	for _, name := range []string{"/run/$(id)", "/run/a; id", "/run/`id`", "/run/a && id", "/run/a b", "/run/a'b",
		"/run/a\nok       all is well", "a\nok       all is well", "a\x1b[2J", "a\u202eb"} {
		for _, s := range []environment.Secrets{{}, {Dir: t.TempDir()}} {
			_, err := s.Resolve(mine, environment.Ref{File: name})
			if err == nil {
				t.Fatalf("%q was read", name)
			}
			if text := err.Error(); strings.Contains(text, "mv ") || strings.ContainsAny(text, "\n\x1b\u202e") ||
				!strings.Contains(text, strconv.Quote(name)) {
				t.Errorf("%q: %s", name, text)
			}
		}
	}
}
