package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// sumsFile is what `sha256sum --check` reads.
const sumsFile = "SHA256SUMS"

// sums writes the checksums of all files of a folder, by name.
func sums(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, sumsFile), func(w io.Writer) error {
		for _, e := range entries {
			if e.Name() == sumsFile {
				continue
			}
			sum, err := sum(filepath.Join(folder, e.Name()))
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "%x  %s\n", sum, e.Name()); err != nil {
				return err
			}
		}
		return nil
	})
}

func sum(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return h.Sum(nil), err
}
