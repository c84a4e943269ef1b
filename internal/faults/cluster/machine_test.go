package cluster_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// namespaces is where `ip netns` keeps the names of network namespaces.
const namespaces = "/run/netns"

// The machines have two networks: one for databases among themselves, one for servers,
// HAProxy and clients. Either can be cut alone.
const (
	peers = "peers" // 10.99.1.0/24
	front = "front" // 10.99.0.0/24
)

var subnet = map[string]string{front: "10.99.0.", peers: "10.99.1."}

// machine is one of the three, a network namespace.
type machine struct {
	name   string // m1, m2, m3
	number int
	folder string // its disk
}

func (m *machine) address(network string) string { return subnet[network] + strconv.Itoa(10+m.number) }

// layNetworks makes both networks, with the tests at .1 of each.
func layNetworks(t *testing.T) {
	t.Helper()
	command(t, "ip", "link", "set", "lo", "up")
	for _, network := range []string{front, peers} {
		command(t, "ip", "link", "add", network, "type", "bridge")
		command(t, "ip", "address", "add", subnet[network]+"1/24", "dev", network)
		command(t, "ip", "link", "set", network, "up")
		t.Cleanup(func() { command(t, "ip", "link", "delete", network) })
	}
}

// newMachine makes one that hangs on both networks.
func newMachine(t *testing.T, number int, below string) *machine {
	t.Helper()
	name := "m" + strconv.Itoa(number)
	m := &machine{name: name, number: number, folder: filepath.Join(below, name)}
	if err := os.MkdirAll(m.folder, 0o755); err != nil {
		t.Fatal(err)
	}
	command(t, "ip", "netns", "add", name)
	t.Cleanup(func() { command(t, "ip", "netns", "delete", name) })
	for _, network := range []string{front, peers} {
		command(t, "ip", "link", "add", m.link(network), "type", "veth", "peer", "name", network, "netns", name)
		command(t, "ip", "link", "set", m.link(network), "master", network, "up")
		command(t, "ip", "-n", name, "address", "add", m.address(network)+"/24", "dev", network)
		command(t, "ip", "-n", name, "link", "set", network, "up")
	}
	command(t, "ip", "-n", name, "link", "set", "lo", "up")
	return m
}

// link is our end of the cable to the machine.
func (m *machine) link(network string) string { return m.name + "-" + network }

// cut takes the machine off these networks, silently: nobody is told that a connection ended.
func (m *machine) cut(t *testing.T, networks ...string) {
	t.Helper()
	for _, network := range networks {
		command(t, "ip", "link", "set", m.link(network), "nomaster")
	}
}

// join undoes cut.
func (m *machine) join(t *testing.T, networks ...string) {
	t.Helper()
	for _, network := range networks {
		command(t, "ip", "link", "set", m.link(network), "master", network)
	}
}

// start runs a program on the machine, as the user of PostgreSQL, which needs no more
// rights. Its output goes to NAME.log.
func (m *machine) start(t *testing.T, name string, env []string, args ...string) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(m.folder, name+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	inside := []string{"--net=" + filepath.Join(namespaces, m.name), "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"}
	cmd := exec.Command("nsenter", append(inside, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = m.folder, env, log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s on %s: %v", name, m.name, err)
	}
	go func() { _ = cmd.Wait() }()
}

// processes lists what runs on the machine; of several names, only those programs.
func (m *machine) processes(programs ...string) (pids []int) {
	own, _ := os.Stat(filepath.Join(namespaces, m.name))
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, entry := range entries {
		other, err := os.Stat(filepath.Join(entry, "ns/net"))
		if err != nil || !os.SameFile(own, other) {
			continue
		}
		program, _ := os.ReadFile(filepath.Join(entry, "comm"))
		if len(programs) > 0 && !strings.Contains(" "+strings.Join(programs, " ")+" ", " "+strings.TrimSpace(string(program))+" ") {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(entry))
		pids = append(pids, pid)
	}
	return pids
}

// signal sends one to all processes of the machine, or to those programs, until none is
// new: a process that is frozen starts no other.
func (m *machine) signal(signal syscall.Signal, programs ...string) {
	told := map[int]bool{}
	for again := true; again; {
		again = false
		for _, pid := range m.processes(programs...) {
			if !told[pid] {
				told[pid], again = true, true
				_ = syscall.Kill(pid, signal)
			}
		}
	}
}

// command runs a program to its end, which must be a good one.
func command(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out))
}

// lastLines are the ends of a machine's logs, for the reader of a failure.
func (m *machine) lastLines(n int) string {
	var text strings.Builder
	logs, _ := filepath.Glob(filepath.Join(m.folder, "*.log"))
	for _, log := range logs {
		content, _ := os.ReadFile(log)
		lines := strings.Split(strings.TrimSpace(string(content)), "\n")
		fmt.Fprintf(&text, "--- %s %s\n%s\n", m.name, filepath.Base(log), strings.Join(lines[max(0, len(lines)-n):], "\n"))
	}
	return text.String()
}

// eachAtOnce runs f for all machines side by side.
func eachAtOnce(machines []*machine, f func(m *machine)) {
	var all sync.WaitGroup
	for _, m := range machines {
		all.Go(func() { f(m) })
	}
	all.Wait()
}
