package main

import (
	"bytes"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"golang.org/x/sys/unix"
)

// composed are the services of the compose file that run our image.
var composed = []string{"issuer", "wallet", "signer", "guardian"}

// setUp is deploy/compose with what its setup.sh makes by the binary of the release.
func setUp(t *testing.T, binary string) (project *types.Project, folder string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root may give files to the user of the image")
	}
	folder = t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("../deploy/compose")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		setup := exec.Command("sh", filepath.Join(folder, "setup.sh"))
		setup.Env = append(os.Environ(), "STEPUP="+binary)
		before := everything(t, filepath.Join(folder, "made"))
		if output, err := setup.CombinedOutput(); err != nil {
			t.Fatalf("setup.sh: %v\n%s", err, output)
		}
		if after := everything(t, filepath.Join(folder, "made")); before != "" && after != before {
			t.Error("setup.sh makes anew what is there")
		}
	}
	options, err := cli.NewProjectOptions([]string{filepath.Join(folder, "compose.yaml")},
		cli.WithEnv([]string{"STEPUP_HOST=auth.example.com"}))
	if err != nil {
		t.Fatal(err)
	}
	if project, err = options.LoadProject(t.Context()); err != nil {
		t.Fatal(err)
	}
	return project, folder
}

// everything is the content of all files below a folder.
func everything(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	if _, err := os.Stat(folder); err != nil {
		return ""
	}
	files, err := filesBelow(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		all.WriteString(f.name + "\n" + content(t, f.from))
	}
	return all.String()
}

// TestCompose judges the compose file as Docker Compose reads it: by its schema, and by
// what each of our containers may do.
func TestCompose(t *testing.T) {
	project, folder := setUp(t, unpackedBinary(t))
	if info, err := os.Stat(filepath.Join(folder, "made")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of keys is open to others: %v, %v", info, err)
	}
	hosts := regexp.MustCompile(`--host (\w+)`).FindAllStringSubmatch(content(t, filepath.Join(folder, "setup.sh")), -1)
	for _, name := range composed {
		service, err := project.GetService(name)
		if err != nil {
			t.Fatal(err)
		}
		if !service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"}) ||
			!slices.Equal(service.SecurityOpt, []string{"no-new-privileges:true"}) || len(service.Ports) != 0 {
			t.Errorf("%s may do too much: %+v", name, service)
		}
		if !slices.ContainsFunc(hosts, func(h []string) bool { return h[1] == name }) {
			t.Errorf("%s has no certificate for its name", name)
		}
		for variable, value := range service.Environment {
			for _, word := range []string{"KEY", "PASSWORD", "SMTP_URL", "DATABASE_URL"} {
				if strings.HasSuffix(variable, word) && !strings.HasPrefix(*value, "file:") && !strings.HasPrefix(*value, "sqlite:") {
					t.Errorf("%s: %s is a secret in the open", name, variable)
				}
			}
		}
		for _, mount := range service.Volumes {
			if mount.Type == types.VolumeTypeBind {
				if _, err := os.Stat(mount.Source); err != nil || !mount.ReadOnly {
					t.Errorf("%s mounts %s: %v, read only: %v", name, mount.Source, err, mount.ReadOnly)
				}
			}
		}
	}
	if !project.Networks["back"].Internal {
		t.Error("the custodians may reach the internet")
	}
	for _, name := range []string{"signer", "guardian"} {
		if service, _ := project.GetService(name); len(service.Networks) != 1 || slices.Collect(maps.Keys(service.Networks))[0] != "back" {
			t.Errorf("%s is on the networks %v", name, service.Networks)
		}
	}
}

// inside marks the process that runs in a network of its own.
const inside = "RELEASE_TEST_INSIDE"

// TestComposeRuns starts the four services as the compose file has them: their commands
// and settings, the files of the image and those that are mounted, the user of the
// image, names for one another. They are processes in a network of their own instead of
// containers, and SQLite stands in for PostgreSQL.
func TestComposeRuns(t *testing.T) {
	if !alone(t) {
		return
	}
	project, folder := setUp(t, unpackedBinary(t))
	for name, database := range map[string]string{"issuer": "stepup", "wallet": "wallet"} {
		url := "sqlite:/var/lib/stepup/" + database + ".db"
		if err := os.WriteFile(filepath.Join(folder, "made", name+".database"), []byte(url), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, len(composed))
	var coordinator *exec.Cmd
	for _, name := range composed {
		service, err := project.GetService(name)
		if err != nil {
			t.Fatal(err)
		}
		cmd := contained(t, project, service)
		if name == "wallet" {
			coordinator = cmd
		}
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() { ended <- cmd.Wait() }()
		t.Cleanup(func() {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			if t.Failed() {
				t.Logf("%s said:\n%s", name, said.String())
			}
		})
	}
	if err := ready(t, "http://127.0.0.1:8080/readyz", ended); err != nil {
		t.Fatal(err)
	}
	for _, port := range []string{"8082", "8083", "8084"} {
		if err := listening(t, port, ended); err != nil {
			t.Fatal(err)
		}
	}
	// The doctor asks the other roles by their names, with the coordinator's certificate.
	doctor := exec.CommandContext(t.Context(), coordinator.Path, "wallet", "doctor")
	doctor.Env, doctor.Dir, doctor.SysProcAttr = coordinator.Env, coordinator.Dir, coordinator.SysProcAttr
	output, err := doctor.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	t.Logf("the doctor says:\n%s", output)
}

// alone runs a test once more in a network of its own, and is true there. Ports that
// the deployment names are free in it.
func alone(t *testing.T) bool {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root may change the root of a process")
	}
	if os.Getenv(inside) != "" {
		loopbackUp(t)
		return true
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=50m")
	again.Env = append(os.Environ(), inside+"="+made.folder)
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	output, err := again.CombinedOutput()
	if err == nil && bytes.Contains(output, []byte("--- SKIP")) {
		t.Skipf("%s", output)
	}
	if err != nil || !bytes.Contains(output, []byte("--- PASS")) {
		t.Errorf("%v\n%s", err, output)
	}
	t.Logf("%s", output)
	return false
}

// loopbackUp switches on the loopback interface of a new network.
func loopbackUp(t *testing.T) {
	t.Helper()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		t.Fatal(err)
	}
}

// contained is a service as a process: its files are the image's, its mounts and its
// secrets, and its names are those of the network.
func contained(t *testing.T, project *types.Project, service types.ServiceConfig) *exec.Cmd {
	t.Helper()
	root := t.TempDir()
	config := extract(t, root)
	open(t, root)
	for _, mount := range service.Volumes {
		if mount.Type == types.VolumeTypeBind {
			lay(t, root, mount.Target, asItIs(t, mount.Source))
		}
	}
	for _, s := range service.Secrets {
		lay(t, root, "run/secrets/"+s.Source, asItIs(t, project.Secrets[s.Source].File))
	}
	layNames(t, root, composed)
	cmd := exec.CommandContext(t.Context(), config.Config.Entrypoint[0], service.Command...)
	cmd.Env = slices.Clone(config.Config.Env)
	for name, value := range service.Environment {
		cmd.Env = append(cmd.Env, name+"="+*value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nonroot, Gid: nonroot}}
	cmd.Dir = "/"
	return cmd
}

// laid is a file as it is mounted into a container.
type laid struct {
	text         string
	mode         os.FileMode
	owner, group int
}

// asItIs is a file of this machine.
func asItIs(t *testing.T, path string) laid {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	return laid{content(t, path), info.Mode(), int(owner.Uid), int(owner.Gid)}
}

// lay writes a file below a root.
func lay(t *testing.T, root, path string, file laid) {
	t.Helper()
	to := filepath.Join(root, path)
	err := os.MkdirAll(filepath.Dir(to), 0o755)
	if err == nil {
		err = os.WriteFile(to, []byte(file.text), 0o600)
	}
	if err == nil {
		err = os.Chown(to, file.owner, file.group)
	}
	if err == nil {
		err = os.Chmod(to, file.mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// layNames lets the names of a network be this machine.
func layNames(t *testing.T, root string, names []string) {
	t.Helper()
	lay(t, root, "etc/hosts", laid{"127.0.0.1 localhost " + strings.Join(names, " ") + "\n", 0o644, 0, 0})
}

// listening waits until something listens on a port.
func listening(t *testing.T, port string, ended <-chan error) error {
	t.Helper()
	return until(t, ended, func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}
