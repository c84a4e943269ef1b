package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

// version is that of this binary.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return cmp.Or(info.Main.Version, "(devel)")
	}
	return "(unknown)"
}

// Run prints what the binary was built from, as the Go toolchain wrote it down.
func (c *versionCommand) Run(s *session) error {
	revision, modified := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			switch {
			case setting.Key == "vcs.revision":
				revision = ", revision " + setting.Value
			case setting.Key == "vcs.modified" && setting.Value == "true":
				modified = " with changes"
			}
		}
	}
	_, err := fmt.Fprintf(s.stdout, "stepup %s%s%s, %s %s/%s\n", version(), revision, modified, runtime.Version(), runtime.GOOS,
		runtime.GOARCH)
	return err
}
