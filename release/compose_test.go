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
	if os.Getuid() != 0 {
		t.Skip("only root may change the root of a process")
	}
	if os.Getenv(inside) == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestComposeRuns$", "-test.v")
		again.Env = append(os.Environ(), inside+"="+made.folder)
		again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		output, err := again.CombinedOutput()
		if err != nil || !bytes.Contains(output, []byte("--- PASS")) {
			t.Errorf("%v\n%s", err, output)
		}
		return
	}
	loopbackUp(t)
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
		err := until(t, ended, func() bool {
			conn, err := net.Dial("tcp", "127.0.0.1:"+port)
			if err == nil {
				conn.Close()
			}
			return err == nil
		})
		if err != nil {
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
	lay := func(path, from string) {
		t.Helper()
		to := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(content(t, from)), info.Mode()); err != nil {
			t.Fatal(err)
		}
		owner := info.Sys().(*syscall.Stat_t)
		if err := os.Chown(to, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	for _, mount := range service.Volumes {
		if mount.Type == types.VolumeTypeBind {
			lay(mount.Target, mount.Source)
		}
	}
	for _, s := range service.Secrets {
		lay("run/secrets/"+s.Source, project.Secrets[s.Source].File)
	}
	names := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(names, []byte("127.0.0.1 localhost "+strings.Join(composed, " ")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	lay("etc/hosts", names)
	cmd := exec.CommandContext(t.Context(), config.Config.Entrypoint[0], service.Command...)
	cmd.Env = slices.Clone(config.Config.Env)
	for name, value := range service.Environment {
		cmd.Env = append(cmd.Env, name+"="+*value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nonroot, Gid: nonroot}}
	cmd.Dir = "/"
	return cmd
}
