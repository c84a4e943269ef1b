package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// packed is a file on its way into an archive or an image.
type packed struct {
	name  string // in the archive; with a slash at its end it is an empty folder
	mode  int64
	owner int    // number of user and group; 0 is root
	from  string // file it is read from; empty: data
	data  []byte
}

func (p packed) content() ([]byte, error) {
	if p.from == "" {
		return p.data, nil
	}
	return os.ReadFile(p.from)
}

// archive makes the archive for people who unpack it themselves: binary, licence,
// README and, on Linux, the unit for systemd. Windows gets a zip, all others a tar.gz.
func (r release) archive(b binary) error {
	files := []packed{
		{name: "LICENSE", mode: 0o644, from: filepath.Join(r.repository, "LICENSE")},
		{name: "README.md", mode: 0o644, from: filepath.Join(r.repository, "README.md")},
		{name: filepath.Base(b.path), mode: 0o755, from: b.path},
	}
	if b.target.os == "linux" {
		for _, name := range []string{"stepup.env", "stepup.service"} {
			files = append(files, packed{name: name, mode: 0o644, from: filepath.Join(r.repository, "deploy/systemd", name)})
		}
	}
	for i := range files {
		files[i].name = path.Join(b.stem(), files[i].name)
	}
	if b.target.os == "windows" {
		return writeFile(filepath.Join(r.out, b.stem()+".zip"), func(w io.Writer) error { return writeZip(w, files, b.when) })
	}
	return writeFile(filepath.Join(r.out, b.stem()+".tar.gz"), func(w io.Writer) error {
		z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
		if err != nil {
			return err
		}
		if err := writeTar(z, files, b.when); err != nil {
			return err
		}
		return z.Close()
	})
}

// writeFile makes a file; what could not be written whole is an error.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// writeTar writes files in their order, all of one time.
func writeTar(w io.Writer, files []packed, when time.Time) error {
	t := tar.NewWriter(w)
	for _, p := range files {
		content, err := p.content()
		if err != nil {
			return err
		}
		head := &tar.Header{Typeflag: tar.TypeReg, Name: p.name, Mode: p.mode, Uid: p.owner, Gid: p.owner, Size: int64(len(content)),
			ModTime: when, Format: tar.FormatUSTAR}
		if strings.HasSuffix(p.name, "/") {
			head.Typeflag = tar.TypeDir
		}
		if err := t.WriteHeader(head); err != nil {
			return err
		}
		if _, err := t.Write(content); err != nil {
			return err
		}
	}
	return t.Close()
}

func writeZip(w io.Writer, files []packed, when time.Time) error {
	z := zip.NewWriter(w)
	for _, p := range files {
		content, err := p.content()
		if err != nil {
			return err
		}
		head := &zip.FileHeader{Name: p.name, Method: zip.Deflate, Modified: when.UTC()}
		head.SetMode(os.FileMode(p.mode))
		entry, err := z.CreateHeader(head)
		if err != nil {
			return err
		}
		if _, err := entry.Write(content); err != nil {
			return err
		}
	}
	return z.Close()
}
