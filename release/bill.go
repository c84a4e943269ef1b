package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"
)

// bill writes the bill of materials of a binary, in CycloneDX 1.6: the modules that
// the linker says are in it, each with the hash that go.sum holds, and Go itself.
func (r release) bill(b binary) error {
	root := goModule(&b.info.Main)
	root.Type = cyclonedx.ComponentTypeApplication
	root.Licenses = &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}}
	content, err := sum(b.path)
	if err != nil {
		return err
	}
	root.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(content)}}

	toolchain := strings.TrimPrefix(b.info.GoVersion, "go")
	components := []cyclonedx.Component{{
		BOMRef: "pkg:golang/std@" + toolchain, Type: cyclonedx.ComponentTypeLibrary, Name: "std", Version: toolchain,
		PackageURL: "pkg:golang/std@" + toolchain,
	}}
	for _, m := range b.info.Deps { // sorted by path
		if m.Replace != nil {
			m = m.Replace
		}
		components = append(components, goModule(m))
	}
	bom := cyclonedx.NewBOM()
	// The number is of the binary, so that the same binary has the same bill.
	bom.SerialNumber = "urn:uuid:" + uuid.NewHash(sha256.New(), uuid.NameSpaceURL, content, 8).String()
	bom.Metadata = &cyclonedx.Metadata{Timestamp: b.when.UTC().Format("2006-01-02T15:04:05Z"), Component: &root}
	bom.Components = &components
	return writeFile(filepath.Join(r.out, b.stem()+".cdx.json"), func(w io.Writer) error {
		return cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6)
	})
}

func goModule(m *debug.Module) cyclonedx.Component {
	url := "pkg:golang/" + m.Path + "@" + m.Version
	c := cyclonedx.Component{BOMRef: url, Type: cyclonedx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, PackageURL: url}
	if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(sum) == sha256.Size {
		c.Properties = &[]cyclonedx.Property{{Name: "go:sum", Value: m.Sum}}
	}
	return c
}
