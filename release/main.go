// Command release makes what strangers install, out of the commit that is checked
// out: a static binary for each system and processor, archives, packages for Debian
// and Red Hat, an OCI image, a bill of materials and checksums. It starts no daemon
// and asks nobody but the Go toolchain.
//
// Its invariant: the same commit and the same Go make the same bytes, on any machine
// and in any folder. Every time in a file is that of the commit, every list is
// sorted, and no path of the machine is written down.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// target is a system and processor that there is a binary for.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "/" + t.arch }

// name is the target in the names of files.
func (t target) name() string { return t.os + "-" + t.arch }

// targets are all of them, in the order in which they are built.
var targets = []target{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"},
}

func main() {
	out := flag.String("out", "artifacts/release", "folder that gets the files; what lies in it is removed")
	only := flag.String("only", "", "targets to make, such as linux/amd64,linux/arm64, or host; empty: all")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "Makes a release out of the commit that is checked out.\n"+
			"Changes that are in no commit are left out.\n\nUsage: go run . [flags] [REPOSITORY]\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	repository := ".."
	if flag.NArg() > 0 {
		repository = flag.Arg(0)
	}
	chosen, err := choose(*only)
	if err == nil {
		err = release{repository: repository, out: *out, say: progress(time.Now())}.make(chosen)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func progress(start time.Time) func(string) {
	return func(what string) { fmt.Printf("%4.0f s  %s\n", time.Since(start).Seconds(), what) }
}

// choose reads the flag -only.
func choose(only string) ([]target, error) {
	switch only {
	case "":
		return targets, nil
	case "host":
		only = runtime.GOOS + "/" + runtime.GOARCH
	}
	var chosen []target
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(targets, func(t target) bool { return t.String() == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("-only: there is no target %q; there are %v", name, targets)
		}
		chosen = append(chosen, targets[i])
	}
	return chosen, nil
}

// release is one run.
type release struct {
	repository string       // whose commit is built
	out        string       // folder of what is made
	say        func(string) // tells how far it is
}

// make builds everything for the targets. Files of an earlier run are removed first, so
// that the checksums name all there is.
func (r release) make(chosen []target) error {
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "stepup-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if r.repository, err = clone(r.repository, filepath.Join(work, "source")); err != nil {
		return err
	}

	var built []binary
	for _, t := range chosen {
		r.say("building " + t.String())
		b, err := r.build(t, filepath.Join(work, t.name()))
		if err != nil {
			return err
		}
		built = append(built, b)
		if err := r.pack(b); err != nil {
			return err
		}
	}
	if err := r.image(built); err != nil {
		return err
	}
	r.say("adding up")
	return sums(r.out)
}

// pack makes all files that hold one binary only.
func (r release) pack(b binary) error {
	if err := r.archive(b); err != nil {
		return fmt.Errorf("archive for %s: %w", b.target, err)
	}
	if err := r.bill(b); err != nil {
		return fmt.Errorf("bill of materials for %s: %w", b.target, err)
	}
	if b.target.os != "linux" {
		return nil
	}
	for _, format := range []string{"deb", "rpm"} {
		if err := r.linuxPackage(b, format); err != nil {
			return fmt.Errorf("%s for %s: %w", format, b.target, err)
		}
	}
	return nil
}
