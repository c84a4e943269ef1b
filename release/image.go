package main

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// nonroot is the user of the image, the number that "distroless" images use too.
const nonroot = 65532

// image makes the OCI image of all Linux binaries, as a layout in one tar file, which
// `docker load`, `podman load`, `skopeo copy oci-archive:` and `crane push` read. It
// holds the certificates of Mozilla's root programme and the binary; there is no
// shell, no package manager and nobody else's base image. The root file system may be
// read-only: what is written goes to the database or, with SQLite, to the volume.
func (r release) image(built []binary) error {
	index := v1.ImageIndex(mutate.IndexMediaType(empty.Index, types.OCIImageIndex))
	var first binary
	for _, b := range built {
		if b.target.os != "linux" {
			continue
		}
		if first.path == "" {
			first = b
		}
		img, err := imageOf(b)
		if err != nil {
			return fmt.Errorf("image for %s: %w", b.target, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{
			MediaType: types.OCIManifestSchema1, Platform: &v1.Platform{OS: b.target.os, Architecture: b.target.arch}}})
	}
	if first.path == "" {
		return nil
	}
	r.say("packing the image")
	folder, err := os.MkdirTemp("", "stepup-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	// The first is what podman names it by, the second what Docker does.
	reference := map[string]string{"org.opencontainers.image.ref.name": "stepup:" + first.number(),
		"io.containerd.image.name": "docker.io/library/stepup:" + first.number()}
	written, err := layout.Write(folder, empty.Index)
	if err == nil {
		err = written.AppendIndex(index, layout.WithAnnotations(reference))
	}
	if err != nil {
		return err
	}
	files, err := filesBelow(folder)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(r.out, "stepup-"+first.number()+"-image.tar"), func(w io.Writer) error {
		return writeTar(w, files, first.when)
	})
}

// filesBelow are all files of a folder, by name.
func filesBelow(folder string) (found []packed, err error) {
	err = filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		found = append(found, packed{name: filepath.ToSlash(name), mode: 0o644, from: path})
		return err
	})
	slices.SortFunc(found, func(a, b packed) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	return found, err
}

// imageOf is the image for one target: a layer that seldom changes, and one that
// every release changes.
func imageOf(b binary) (v1.Image, error) {
	certificates, err := layer([]packed{{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, data: roots()}}, b)
	if err != nil {
		return nil, err
	}
	program, err := layer([]packed{
		{name: "usr/bin/stepup", mode: 0o755, from: b.path},
		{name: "var/lib/stepup/", mode: 0o700, owner: nonroot}, // an engine makes an empty volume as it finds this
	}, b)
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.Append(img,
		mutate.Addendum{Layer: certificates, MediaType: types.OCILayer, History: history(b, "certificates")},
		mutate.Addendum{Layer: program, MediaType: types.OCILayer, History: history(b, "stepup")})
	if err != nil {
		return nil, err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.Created = v1.Time{Time: b.when.UTC()}
	file.OS, file.Architecture = b.target.os, b.target.arch
	file.Config = v1.Config{
		User:       fmt.Sprintf("%d:%d", nonroot, nonroot),
		Entrypoint: []string{"/usr/bin/stepup"},
		Cmd:        []string{"serve"},
		Env:        []string{"PATH=/usr/bin", "STEPUP_LISTEN=:8080"},
		WorkingDir: "/",
		Labels: map[string]string{
			"org.opencontainers.image.title":    "stepup",
			"org.opencontainers.image.version":  b.number(),
			"org.opencontainers.image.revision": b.revision,
			"org.opencontainers.image.licenses": "Apache-2.0",
		},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
	}
	return mutate.ConfigFile(img, file)
}

func history(b binary, what string) v1.History {
	return v1.History{Created: v1.Time{Time: b.when.UTC()}, CreatedBy: "stepup release", Comment: what}
}

func layer(files []packed, b binary) (v1.Layer, error) {
	var content bytes.Buffer
	if err := writeTar(&content, files, b.when); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content.Bytes())), nil },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

// roots are the certificates, as the Go project keeps them from Mozilla's list. One
// that Mozilla trusts only in part is left out, because a file cannot say so.
func roots() []byte {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes all
		}
	}
	return text.Bytes()
}
