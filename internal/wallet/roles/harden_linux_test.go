package roles_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/wallet/roles"
)

// A hardened process is looked at from a child of its own user.
func TestHarden(t *testing.T) {
	if os.Getenv("HARDEN") == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestHarden$", "-test.v")
		child.Env = append(os.Environ(), "HARDEN=1")
		if output, err := child.CombinedOutput(); err != nil || !strings.Contains(string(output), "hardened") {
			t.Fatalf("%v\n%s", err, output)
		}
		return
	}
	if err := roles.Harden(); err != nil {
		t.Fatal(err)
	}
	limits, err := os.ReadFile("/proc/self/limits")
	if os.IsPermission(err) {
		t.Log("hardened") // not even its own user reads it any more
		return
	}
	if err != nil || !strings.Contains(string(limits), "Max core file size        0") {
		t.Fatalf("%v\n%s", err, limits)
	}
	if info, err := os.Stat("/proc/self/mem"); err == nil && os.Getuid() != 0 {
		t.Fatalf("/proc/self/mem is still its user's: %v", info.Sys())
	}
	t.Log("hardened")
}
