package stepup_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Action-based MFA can be deleted as a whole: without its package, and with nothing
// in the one function that wires it, everything builds and the server starts nothing of it.
func TestLegacyMFACanBeDeleted(t *testing.T) {
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	gone, err := filepath.Glob(filepath.Join(root, "internal/legacymfa/*.go"))
	if err != nil || len(gone) == 0 {
		t.Fatalf("package legacymfa: %v, %v", gone, err)
	}
	folder := t.TempDir()
	unwired := filepath.Join(folder, "unwired.go")
	if err := os.WriteFile(unwired, []byte(`package server

import (
	"github.com/stepup-auth/stepup/internal/api/sdk"
	"github.com/stepup-auth/stepup/internal/store"
)

func actionMFA() (sdk.LegacyMFA, []store.Chore) { return nil, nil }
`), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay := map[string]map[string]string{"Replace": {filepath.Join(root, "internal/server/legacymfa.go"): unwired}}
	for _, path := range gone {
		overlay["Replace"][path] = ""
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", file, "-o", os.DevNull, "./cmd/stepup")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Errorf("without package legacymfa: %v\n%s", err, output)
	}
	if output, err := exec.CommandContext(t.Context(), "go", "list", "-overlay", file, "-deps", "./cmd/stepup").Output(); err != nil {
		t.Error(err)
	} else if slices.Contains(strings.Split(string(output), "\n"), module+"/internal/legacymfa") {
		t.Error("something else still imports package legacymfa")
	}
}
