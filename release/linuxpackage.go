package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // the two formats, by their names
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// linuxPackage makes the package of a format, deb or rpm. It holds the binary, the
// unit and an empty settings file that upgrades leave alone, and makes the account
// that the unit runs under. Installing it starts nothing: there is nothing to start
// before somebody has written the settings.
func (r release) linuxPackage(b binary, format string) error {
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	systemd := func(name string) string { return filepath.Join(r.repository, "deploy/systemd", name) }
	file := func(from, to string, mode os.FileMode, kind string) *files.Content {
		return &files.Content{Source: from, Destination: to, Type: kind,
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: mode, MTime: b.when}}
	}
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: "stepup", Arch: b.target.arch, Platform: b.target.os, Version: b.number(), MTime: b.when,
		Maintainer: "stepup authors <stepup-auth@localhost>", License: "Apache-2.0", Section: "net", Priority: "optional",
		Description: "Self-hosted step-up authentication\n" +
			"Asks signed-in users to prove again that it is them before a sensitive action,\n" +
			"and answers with a short-lived token that is good for that action alone.",
		DisableGlobbing: true,
		Overridables: nfpm.Overridables{
			Umask: 0o022,
			Contents: files.Contents{
				file(b.path, "/usr/bin/stepup", 0o755, ""),
				file(systemd("stepup.service"), "/usr/lib/systemd/system/stepup.service", 0o644, ""),
				file(systemd("stepup.sysusers"), "/usr/lib/sysusers.d/stepup.conf", 0o644, ""),
				file(systemd("stepup.env"), "/etc/stepup/stepup.env", 0o640, files.TypeConfigNoReplace),
				file(filepath.Join(r.repository, "LICENSE"), "/usr/share/doc/stepup/copyright", 0o644, ""),
			},
			Scripts: nfpm.Scripts{PostInstall: systemd("postinstall.sh"), PreRemove: systemd("preremove.sh")},
			RPM:     nfpm.RPM{BuildHost: "localhost", Compression: "gzip"},
		},
	})
	if err := nfpm.PrepareForPackager(info, format); err != nil {
		return err
	}
	name := strings.ReplaceAll(packager.ConventionalFileName(info), "~", "-") // some places of download rewrite a tilde
	return writeFile(filepath.Join(r.out, name), func(w io.Writer) error { return packager.Package(info, w) })
}
