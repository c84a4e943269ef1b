package cluster_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stepup-auth/stepup/internal/store/storetest"
)

var (
	rounds = flag.Int("rounds", 0, "rounds of faults; 0: none, and nothing is started")
	kinds  = flag.String("kinds", "", "the faults to take by turns, separated by commas; empty: all")
)

// stage says how far a process of this binary is on its way into the namespaces.
const stage = "STEPUP_CLUSTER_STAGE"

// TestMain runs the tests in namespaces of their own where rounds were asked for: the
// outer process waits for the first one in there, which reaps orphans and waits for the
// tests.
func TestMain(m *testing.M) {
	flag.Parse()
	switch {
	case *rounds == 0 || missing() != "":
		os.Exit(m.Run())
	case os.Getenv(stage) == "":
		os.Exit(again("init", &syscall.SysProcAttr{
			Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID,
			Pdeathsig:  syscall.SIGKILL,
		}))
	case os.Getenv(stage) == "init":
		if err := ownMounts(); err != nil {
			fmt.Fprintln(os.Stderr, "entering namespaces:", err)
			os.Exit(1)
		}
		os.Exit(again("tests", nil))
	}
	os.Exit(m.Run())
}

// again starts this binary anew, for the next stage, and returns its exit status. It
// takes in whatever other processes end meanwhile.
func again(next string, attributes *syscall.SysProcAttr) int {
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	cmd.Env = append(os.Environ(), stage+"="+next)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = os.Stdin, os.Stdout, os.Stderr, attributes
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "entering namespaces:", err)
		return 1
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 1
		case pid == cmd.Process.Pid && status.Exited():
			return status.ExitStatus()
		case pid == cmd.Process.Pid:
			return 1
		}
	}
}

// ownMounts hides what follows from the rest of the system: the names of network
// namespaces, and the list of processes.
func ownMounts() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	if err := os.MkdirAll(namespaces, 0o755); err != nil {
		return err
	}
	return syscall.Mount("tmpfs", namespaces, "tmpfs", 0, "")
}

// programs are what the machines run, and how Debian calls their packages.
var programs = map[string]string{"patroni": "patroni", "etcd": "etcd-server", "haproxy": "haproxy", "ip": "iproute2",
	"nsenter": "util-linux", "setpriv": "util-linux"}

// missing is why nothing can be started here, empty if it can.
func missing() string {
	if os.Geteuid() != 0 {
		return "network namespaces need root"
	}
	var packages []string
	for program, name := range programs {
		if _, err := exec.LookPath(program); err != nil && !slices.Contains(packages, name) {
			packages = append(packages, name)
		}
	}
	if _, err := storetest.BinFolder(); err != nil {
		packages = append(packages, "postgresql")
	}
	if len(packages) > 0 {
		return "programs are missing; run: apt-get install -y --no-install-recommends " + strings.Join(packages, " ")
	}
	if out, err := exec.Command("unshare", "--net", "--mount", "true").CombinedOutput(); err != nil {
		return fmt.Sprintf("namespaces cannot be made here: %v %s", err, out)
	}
	return ""
}

// needCluster skips the test where no rounds were asked for, and says why where they
// cannot be had.
func needCluster(t *testing.T) {
	t.Helper()
	if *rounds == 0 {
		t.Skip("no rounds were asked for; make faults-cluster asks for some")
	}
	if why := missing(); why != "" {
		t.Skip("NOT TESTED: " + why)
	}
}
