package main

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// debian is a fresh Debian in a folder, which is kept for the next run.
func debian(t *testing.T) string {
	t.Helper()
	kept, err := filepath.Abs("../artifacts/debian")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(kept); err != nil {
		if _, err := exec.LookPath("debootstrap"); err != nil {
			t.Skip("NOT TESTED: debootstrap is not here; type: apt-get install -y debootstrap")
		}
		fresh := kept + ".new"
		if err := os.RemoveAll(fresh); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(fresh, 0o755); err != nil {
			t.Fatal(err)
		}
		fetch := exec.CommandContext(t.Context(), "debootstrap", "--variant=minbase", "--include=systemd,sudo,curl", "stable", fresh)
		if output, err := fetch.CombinedOutput(); err != nil {
			t.Skipf("NOT TESTED: Debian cannot be fetched: %v\n%s", err, output)
		}
		if err := os.Rename(fresh, kept); err != nil {
			t.Fatal(err)
		}
	}
	root := filepath.Join(t.TempDir(), "root")
	run(t, "cp", "--archive", "--reflink=auto", kept, root)
	return root
}

// run runs a command that has to succeed.
func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), name, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, arguments, err, output)
	}
	return string(output)
}

// machine is a Debian that systemd runs, as the first process of namespaces of its
// own. It shares the network with the test.
type machine struct {
	root    string
	init    *exec.Cmd
	ended   chan error
	control string // its folder of control groups
}

// starting mounts what systemd expects of a container, and becomes it. $1 is the root,
// $2 a new control group.
const starting = `set -e
echo 0 > "$2/cgroup.procs"
exec unshare --cgroup sh -ec '
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount -t sysfs -o ro sysfs "$1/sys"
mount -t cgroup2 cgroup "$1/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$1/run"
mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
mount -t tmpfs -o mode=755 tmpfs "$1/dev"
for device in null zero full random urandom tty; do touch "$1/dev/$device"; mount --bind "/dev/$device" "$1/dev/$device"; done
mkdir "$1/dev/shm" "$1/dev/pts"
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$1/dev/pts"
ln -s pts/ptmx "$1/dev/ptmx"
ln -s /proc/self/fd "$1/dev/fd"
ln -s /proc/self/fd/0 "$1/dev/stdin"
cd "$1"
pivot_root . mnt
umount --lazy mnt
exec env -i container=other PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --log-target=journal < dev/null > dev/null 2>&1' sh "$1"
`

// boot starts the machine in a folder.
func boot(t *testing.T, root string) *machine {
	t.Helper()
	control := ""
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); f[2] == "cgroup2" {
			control = filepath.Join(f[1], fmt.Sprintf("stepup-test-%d", os.Getpid()))
		}
	}
	if err := os.Mkdir(control, 0o755); err != nil {
		t.Skip("NOT TESTED: systemd needs a control group of its own here: ", err)
	}
	m := &machine{root: root, ended: make(chan error, 1), control: control}
	m.init = exec.Command("sh", "-c", starting, "sh", root, control)
	m.init.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS,
		Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // it ends with this thread, which is that of the test
	said, err := os.Create(filepath.Join(t.TempDir(), "systemd"))
	if err != nil {
		t.Fatal(err)
	}
	m.init.Stdout, m.init.Stderr = said, said
	if err := m.init.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { m.ended <- m.init.Wait() }()
	t.Cleanup(m.halt)
	if err := until(t, m.ended, func() bool {
		state, _ := m.inside("systemctl", "is-system-running").Output()
		return strings.HasPrefix(string(state), "running") || strings.HasPrefix(string(state), "degraded")
	}); err != nil {
		t.Skipf("NOT TESTED: systemd does not run here: %v\n%s", err, content(t, said.Name()))
	}
	return m
}

// halt ends everything that runs in the machine; its first process takes all with it.
func (m *machine) halt() {
	if m.init == nil {
		return
	}
	_ = m.init.Process.Kill()
	<-m.ended
	var groups []string
	_ = filepath.WalkDir(m.control, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			groups = append(groups, path)
		}
		return nil
	})
	for _, group := range slices.Backward(groups) {
		_ = syscall.Rmdir(group)
	}
	m.init = nil
}

// inside is a command of the machine.
func (m *machine) inside(arguments ...string) *exec.Cmd {
	at := []string{"--target", strconv.Itoa(m.init.Process.Pid), "--mount", "--pid", "--uts", "--cgroup", "--root", "--wd"}
	cmd := exec.Command("nsenter", append(at, arguments...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin", "HOME=/root", "LANG=C.UTF-8"}
	return cmd
}

// typist is somebody at a shell of the machine.
type typist struct {
	t     *testing.T
	at    *machine
	keys  io.Writer
	lines chan string
	n     int
}

// atShell lets somebody who may use sudo sit down at a shell.
func (m *machine) atShell(t *testing.T) *typist {
	t.Helper()
	shell := m.inside("runuser", "-u", "ada", "--", "bash")
	shell.Env = append(shell.Env, "HOME=/home/ada")
	keys, err := shell.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	screen, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	shell.Stderr = shell.Stdout
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	s := &typist{t: t, at: m, keys: keys, lines: make(chan string, 1000)}
	var done sync.WaitGroup
	done.Go(func() {
		for scanner := bufio.NewScanner(screen); scanner.Scan(); {
			s.lines <- scanner.Text()
		}
		close(s.lines)
		_ = shell.Wait()
	})
	t.Cleanup(func() {
		keys.Close()
		done.Wait()
	})
	s.types("set -eu; cd /home/ada")
	return s
}

// types types something, with what is asked for on the way, and returns what is
// printed. A command that fails ends the shell.
func (s *typist) types(text string, answers ...func() string) string {
	s.t.Helper()
	s.n++
	end := fmt.Sprintf("done-%d", s.n)
	for line := range strings.Lines(text + "\necho " + end + "\n") {
		_, err := io.WriteString(s.keys, line)
		if err == nil && strings.HasPrefix(line, "read ") {
			_, err = io.WriteString(s.keys, answers[0]()+"\n")
			answers = answers[1:]
		}
		if err != nil {
			break // the lines say why
		}
	}
	var printed strings.Builder
	for line := range s.lines {
		if before, found := strings.CutSuffix(line, end); found {
			return printed.String() + before
		}
		printed.WriteString(line + "\n")
	}
	journal, _ := s.at.inside("journalctl", "--boot", "--no-pager", "--lines=40").CombinedOutput()
	s.t.Fatalf("the shell has ended; typed was\n%s\nand it printed\n%s\nThe journal says\n%s", text, printed.String(), journal)
	return ""
}
