package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/sassoftware/go-rpmutils"
)

// made is a release of this machine's target, which the tests look at.
var made struct {
	folder string
	err    error
}

func TestMain(m *testing.M) {
	if folder := os.Getenv(inside); folder != "" { // of the process that started this one
		made.folder = folder
		os.Exit(m.Run())
	}
	folder, err := os.MkdirTemp("", "stepup-release-test-")
	if err == nil {
		made.folder, made.err = folder, makeHost(folder)
	} else {
		made.err = err
	}
	status := m.Run()
	os.RemoveAll(folder)
	os.RemoveAll(folder + previousEnding)
	os.Exit(status)
}

var host = target{"linux", runtime.GOARCH}

func makeHost(folder string) error {
	return release{repository: "..", out: folder, say: func(string) {}}.make([]target{host})
}

// only is the one file of the release with the ending.
func only(t *testing.T, ending string) string {
	t.Helper()
	if made.err != nil {
		t.Fatal(made.err)
	}
	found, err := filepath.Glob(filepath.Join(made.folder, "*"+ending))
	if err != nil || len(found) != 1 {
		t.Fatalf("files that end in %s: %v, %v; one was wanted", ending, found, err)
	}
	return found[0]
}

// TestTwice makes the release again, out of another folder. In the long form it is
// that of every target, and nothing compiled before is used.
func TestTwice(t *testing.T) {
	if made.err != nil {
		t.Fatal(made.err)
	}
	chosen, first := []target{host}, made.folder
	if os.Getenv("LONG_TESTS") != "" {
		chosen, first = targets, t.TempDir()
		if err := (release{repository: "..", out: first, say: func(string) {}}).make(chosen); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GOCACHE", t.TempDir())
	}
	elsewhere, err := clone("..", filepath.Join(t.TempDir(), "a folder of another name"))
	if err != nil {
		t.Fatal(err)
	}
	second := t.TempDir()
	if err := (release{repository: elsewhere, out: second, say: func(string) {}}).make(chosen); err != nil {
		t.Fatal(err)
	}
	a, b := content(t, filepath.Join(first, sumsFile)), content(t, filepath.Join(second, sumsFile))
	if a != b {
		t.Errorf("the same commit made other bytes:\n%s\nand\n%s", a, b)
	}
	if want := 4*2 + 2*4 + 1; len(chosen) == len(targets) && strings.Count(a, "\n") != want {
		t.Errorf("the checksums have not %d lines:\n%s", want, a)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestSums(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(content(t, only(t, sumsFile))), "\n")
	entries, err := os.ReadDir(made.folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != len(entries)-1 {
		t.Errorf("%d checksums for %d files", len(lines), len(entries)-1)
	}
	for _, line := range lines {
		want, name, _ := strings.Cut(line, "  ")
		got := sha256.Sum256([]byte(content(t, filepath.Join(made.folder, name))))
		if hex.EncodeToString(got[:]) != want {
			t.Errorf("the checksum of %s is wrong", name)
		}
	}
}

// unpacked is a tar file: what is in it, by name.
func unpacked(t *testing.T, from io.Reader) map[string]*tar.Header {
	t.Helper()
	found := map[string]*tar.Header{}
	for r := tar.NewReader(from); ; {
		head, err := r.Next()
		if err == io.EOF {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found[head.Name] = head
	}
}

func TestArchive(t *testing.T) {
	name := only(t, ".tar.gz")
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	files := unpacked(t, z)
	stem := strings.TrimSuffix(filepath.Base(name), ".tar.gz")
	for _, want := range []string{"LICENSE", "README.md", "stepup", "stepup.env", "stepup.service"} {
		head := files[path.Join(stem, want)]
		if head == nil {
			t.Errorf("%s is missing", want)
		} else if head.Uid != 0 || head.FileInfo().Mode()&0o022 != 0 {
			t.Errorf("%s may be written by others than root: %v", want, head)
		}
	}
	if len(files) != 5 {
		t.Errorf("the archive holds %d files; 5 were wanted", len(files))
	}
}

// extract lays the files of the image for this machine out in a folder, and returns
// its configuration. There may be no other files than those it knows.
func extract(t *testing.T, root string) *v1.ConfigFile {
	t.Helper()
	folder := t.TempDir()
	if output, err := exec.Command("tar", "-xf", only(t, "-image.tar"), "-C", folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		t.Fatalf("the layout has not one image: %+v, %v", manifest, err)
	}
	if index, err = index.ImageIndex(manifest.Manifests[0].Digest); err != nil {
		t.Fatal(err)
	}
	if manifest, err = index.IndexManifest(); err != nil || len(manifest.Manifests) != 1 {
		t.Fatalf("the image has not one platform: %+v, %v", manifest, err)
	}
	if p := manifest.Manifests[0].Platform; p == nil || p.OS != "linux" || p.Architecture != runtime.GOARCH {
		t.Errorf("the platform of the image is %v", p)
	}
	img, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range layers {
		content, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		tarball, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		for name := range unpacked(t, bytes.NewReader(tarball)) {
			names = append(names, name)
		}
		cmd := exec.Command("tar", "-xf", "-", "-C", root)
		cmd.Stdin = bytes.NewReader(tarball)
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	slices.Sort(names)
	if want := []string{"etc/ssl/certs/ca-certificates.crt", "usr/bin/stepup", "var/lib/stepup/"}; !slices.Equal(names, want) {
		t.Errorf("the layers hold %q; %q were wanted and nothing else", names, want)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// TestImage starts what the image would start, as its user, in a file system that has
// what its layers have, and asks it whether it is ready. Only the volume may be
// written.
func TestImage(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may change the root of a process")
	}
	root := t.TempDir()
	config := extract(t, root)
	if config.Config.User != "65532:65532" {
		t.Errorf("the image runs as %q", config.Config.User)
	}
	open(t, root)
	run := func(arguments ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), config.Config.Entrypoint[0], arguments...)
		cmd.Env = slices.Concat(config.Config.Env, []string{"STEPUP_LISTEN=127.0.0.1:" + free(t),
			"STEPUP_PUBLIC_URL=http://localhost:8080", "STEPUP_DATABASE_URL=sqlite:/var/lib/stepup/stepup.db",
			"STEPUP_SMTP_URL=smtp://127.0.0.1:25", "STEPUP_MASTER_KEY=" + masterKey(t)})
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nonroot, Gid: nonroot}}
		cmd.Dir = "/"
		return cmd
	}
	version, err := run("version").CombinedOutput()
	if err != nil || !strings.Contains(string(version), config.Config.Labels["org.opencontainers.image.revision"]) {
		t.Errorf("stepup version: %v\n%s", err, version)
	}

	server := run(config.Config.Cmd...)
	var said bytes.Buffer
	server.Stderr = &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	address := strings.TrimPrefix(server.Env[len(config.Config.Env)], "STEPUP_LISTEN=")
	if err := ready(t, "http://"+address+"/readyz", ended); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("it did not end well: %v\n%s", err, said.String())
	}
}

// open lets the user of the image reach a folder that is its root.
func open(t *testing.T, root string) {
	t.Helper()
	for folder := root; folder != filepath.Dir(os.TempDir()) && folder != "/"; folder = filepath.Dir(folder) {
		if err := os.Chmod(folder, 0o755|os.ModeSticky); err != nil && folder == root {
			t.Fatal(err)
		}
	}
}

// ready asks until the answer is 200, or the server has ended.
func ready(t *testing.T, url string, ended <-chan error) error {
	t.Helper()
	return until(t, ended, func() bool {
		response, err := http.Get(url)
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// until tries something until it holds, or a server has ended.
func until(t *testing.T, ended <-chan error, holds func() bool) error {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case err := <-ended:
			return errors.Join(errors.New("a server has ended"), err)
		case <-t.Context().Done():
			return t.Context().Err()
		case <-again.C:
			if holds() {
				return nil
			}
		}
	}
}

func free(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// unpackedBinary is the binary of the archive.
func unpackedBinary(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if output, err := exec.Command("tar", "-xzf", only(t, ".tar.gz"), "-C", folder, "--strip-components=1").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return filepath.Join(folder, "stepup")
}

// masterKey is made by the binary itself.
func masterKey(t *testing.T) string {
	t.Helper()
	key, err := exec.Command(unpackedBinary(t), "keys", "master").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(key))
}

// TestRoots reads the certificates that the image brings.
func TestRoots(t *testing.T) {
	rest, n := roots(), 0
	for block := (*pem.Block)(nil); ; n++ {
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
	}
	if n < 80 || len(bytes.TrimSpace(rest)) != 0 {
		t.Errorf("%d certificates were read and %d bytes left over", n, len(rest))
	}
}

// TestDeb unpacks the package for Debian into an empty folder.
func TestDeb(t *testing.T) {
	name := only(t, ".deb")
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("dpkg-deb is not here")
	}
	root := t.TempDir()
	if output, err := exec.Command("dpkg-deb", "-x", name, root).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	control, err := exec.Command("dpkg-deb", "-f", name, "Package", "Version", "Architecture").Output()
	if err != nil || !strings.Contains(string(control), "Architecture: "+runtime.GOARCH) ||
		!strings.HasPrefix(string(control), "Package: stepup\nVersion: 0.") {
		t.Errorf("what the package says of itself: %v\n%s", err, control)
	}
	conffiles, err := exec.Command("dpkg-deb", "-I", name, "conffiles").Output()
	if err != nil || strings.TrimSpace(string(conffiles)) != "/etc/stepup/stepup.env" {
		t.Errorf("upgrades leave alone: %v %q", err, conffiles)
	}
	for file, mode := range map[string]os.FileMode{
		"/usr/bin/stepup": 0o755, "/etc/stepup/stepup.env": 0o640, "/usr/lib/systemd/system/stepup.service": 0o644,
		"/usr/lib/sysusers.d/stepup.conf": 0o644, "/usr/share/doc/stepup/copyright": 0o644,
	} {
		if info, err := os.Stat(filepath.Join(root, file)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v; mode %o was wanted", file, info, err, mode)
		}
	}
	if output, err := exec.Command(filepath.Join(root, "usr/bin/stepup"), "version").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// TestRPM reads the package for Red Hat's family.
func TestRPM(t *testing.T) {
	file, err := os.Open(only(t, ".rpm"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rpm, err := rpmutils.ReadRpm(file)
	if err != nil {
		t.Fatal(err)
	}
	files, err := rpm.Header.GetFiles()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, f := range files {
		got[f.Name()] = f.Mode() & 0o777
		if f.UserName() != "root" || f.GroupName() != "root" {
			t.Errorf("%s belongs to %s:%s", f.Name(), f.UserName(), f.GroupName())
		}
	}
	want := map[string]int{
		"/usr/bin/stepup": 0o755, "/etc/stepup/stepup.env": 0o640, "/usr/lib/systemd/system/stepup.service": 0o644,
		"/usr/lib/sysusers.d/stepup.conf": 0o644, "/usr/share/doc/stepup/copyright": 0o644,
	}
	if !maps.Equal(got, want) {
		t.Errorf("the package holds %v; %v was wanted", got, want)
	}
}

// TestBill reads the bill of materials again, and compares it with the binary.
func TestBill(t *testing.T) {
	var bom cyclonedx.BOM
	if err := json.Unmarshal([]byte(content(t, only(t, ".cdx.json"))), &bom); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range *bom.Components {
		if names[c.Name] {
			t.Errorf("%s is there twice", c.Name)
		}
		names[c.Name] = true
		if c.Version == "" || c.PackageURL == "" {
			t.Errorf("%s has no version or no address", c.Name)
		}
	}
	for _, want := range []string{"std", "modernc.org/sqlite", "github.com/jackc/pgx/v5", "github.com/go-webauthn/webauthn"} {
		if !names[want] {
			t.Errorf("%s is missing", want)
		}
	}
}

// TestUnit lets systemd read the unit, where it is here.
func TestUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd is not here")
	}
	unit, err := filepath.Abs("../deploy/systemd/stepup.service")
	if err != nil {
		t.Fatal(err)
	}
	// The binary of the unit is not on this machine; all else that is wrong is.
	output, _ := exec.Command(analyze, "verify", "--man=no", unit).CombinedOutput()
	for line := range strings.Lines(string(output)) {
		if strings.Contains(line, "stepup.service") && !strings.Contains(line, "/usr/bin/stepup is not executable") {
			t.Error(line)
		}
	}
	if output, err := exec.Command(analyze, "security", "--offline=yes", "--threshold=20", unit).CombinedOutput(); err != nil {
		t.Errorf("the unit may do too much: %v\n%s", err, output)
	}
}
