package environment_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/environment"
)

func TestResolve(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TEST_SECRET", "hunter3")
	for ref, want := range map[environment.Ref]string{{File: file}: "hunter2", {Env: "TEST_SECRET"}: "hunter3"} {
		got, err := ref.Resolve()
		if err != nil || got.Reveal() != want {
			t.Errorf("%s: %q, %v", ref, got.Reveal(), err)
		}
		if printed := fmt.Sprintf("%v %+v %s", got, got, ref); strings.Contains(printed, want) {
			t.Errorf("printed %s", printed)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	dir := t.TempDir()
	empty, long := filepath.Join(dir, "empty"), filepath.Join(dir, "long")
	for name, content := range map[string]string{empty: "\n", long: strings.Repeat("a", 65<<10)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("STEPUP_MASTER_KEY", "hunter2")
	for _, test := range []struct {
		ref  environment.Ref
		want string
	}{
		{environment.Ref{}, "exactly one of file and env must be set"},
		{environment.Ref{File: empty, Env: "A"}, "exactly one of file and env must be set"},
		{environment.Ref{File: empty}, empty + ": it is empty"},
		{environment.Ref{File: long}, long + ": it is longer than 65536 bytes"},
		{environment.Ref{File: filepath.Join(dir, "none")}, filepath.Join(dir, "none")},
		{environment.Ref{File: dir}, dir},
		{environment.Ref{File: "secret"}, "the file must be given by its whole path"},
		{environment.Ref{Env: "TEST_SECRET_NOT_SET"}, "variable TEST_SECRET_NOT_SET: it is empty or not set"},
		{environment.Ref{Env: "STEPUP_MASTER_KEY"}, "belong to the server itself"},
		{environment.Ref{Env: "stepup_master_key"}, "belong to the server itself"},
	} {
		if got, err := test.ref.Resolve(); err == nil || !strings.Contains(err.Error(), test.want) || got != "" {
			t.Errorf("%s: %v, want %s", test.ref, err, test.want)
		}
	}
}
