package importer

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Format is how a file writes its rows.
type Format string

// The formats. Rows that were sent to the admin API come from no file.
const (
	NDJSON Format = "ndjson" // a JSON object a line
	CSV    Format = "csv"    // RFC 4180: commas, a head, UTF-8
	Rows   Format = "rows"
)

// FormatOf tells the format by the name of a file; empty: it does not.
func FormatOf(name string) Format {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".ndjson", ".jsonl":
		return NDJSON
	case ".csv":
		return CSV
	}
	return ""
}

// File reads the rows of a file, one after the other.
type File struct {
	from   *bufio.Reader
	digest hash.Hash
	format Format
	issuer string // of the environment's own login
	head   []string
	number int64 // of the row that was read last
}

// ErrBroken says that nobody can tell where in the file one row ends and the next
// begins: what stands behind that may be anything.
var ErrBroken = errors.New("the rest of the file cannot be read")

// NewFile begins to read. Of a CSV file it reads the head.
func NewFile(from io.Reader, format Format, issuer string) (*File, error) {
	f := &File{from: bufio.NewReaderSize(from, MaxRow), digest: sha256.New(), format: format, issuer: issuer}
	if mark, err := f.from.Peek(3); err == nil && bytes.Equal(mark, []byte("\ufeff")) {
		f.count(mark)
		_, _ = f.from.Discard(3)
	}
	switch format {
	case NDJSON:
		return f, nil
	case CSV:
		return f, f.readHead()
	}
	return nil, fmt.Errorf("%q is no format: use %s or %s", shortly(string(format)), NDJSON, CSV)
}

func (f *File) count(text []byte) { _, _ = f.digest.Write(text) }

// Next reads the next row; [io.EOF] says that there is none. Empty lines count as rows
// and are none.
func (f *File) Next() (Row, error) {
	next := f.nextLine
	if f.format == CSV {
		next = f.nextCSV
	}
	row, err := next()
	if err == nil {
		row.digest = hex.EncodeToString(f.digest.Sum(nil))
	}
	return row, err
}

func (f *File) nextLine() (Row, error) {
	for {
		line, whole, err := f.line()
		if err != nil {
			return Row{}, err
		}
		f.number++
		switch {
		case !whole:
			return unread(f.number, "", wrong("", "The row is longer than %d bytes.", MaxRow)), nil
		case len(bytes.TrimSpace(line)) > 0:
			return ReadJSON(f.number, line, f.issuer), nil
		}
	}
}

// line reads up to the end of a line, without it. Of one that is too long it keeps
// nothing.
func (f *File) line() (line []byte, whole bool, err error) {
	line, err = f.from.ReadSlice('\n')
	f.count(line)
	whole = true
	for errors.Is(err, bufio.ErrBufferFull) {
		var more []byte
		more, err = f.from.ReadSlice('\n')
		f.count(more)
		whole = false
	}
	if errors.Is(err, io.EOF) && (len(line) > 0 || !whole) {
		err = nil
	}
	return bytes.TrimRight(line, "\r\n"), whole, err
}

func (f *File) readHead() error {
	head, err := f.record()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty: its first row names the columns")
	}
	if err != nil {
		return err
	}
	for i, name := range head {
		switch {
		case isFactor(name):
			return fmt.Errorf("column %q: passwords and second factors are not imported", shortly(name))
		case !slices.Contains(columns, name):
			return fmt.Errorf("column %q is not one of %s, with commas between them", shortly(name), strings.Join(columns, ", "))
		case slices.Contains(head[:i], name):
			return fmt.Errorf("column %q is there twice", name)
		}
	}
	if !slices.Contains(head, "externalId") {
		return errors.New("there is no column externalId, which says which user a row is about")
	}
	f.head = head
	return nil
}

func (f *File) nextCSV() (Row, error) {
	var cells []string
	for len(cells) == 0 {
		var err error
		if cells, err = f.record(); err != nil {
			return Row{}, err
		}
	}
	if len(cells) != len(f.head) {
		return unread(f.number, "", wrong("", "The row has %d columns, and the head %d.", len(cells), len(f.head))), nil
	}
	var w written
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			return unread(f.number, "", wrong(f.head[i], "The column %s is not UTF-8.", f.head[i])), nil
		}
		if cell == "" {
			continue
		}
		if err := w.set(f.head[i], cell); err != nil {
			return unread(f.number, w.shownID(), err), nil
		}
	}
	return w.row(f.number, f.issuer), nil
}

// shownID is the id of a row that is otherwise not read.
func (w written) shownID() string {
	if checkID(w.ExternalID) != nil {
		return ""
	}
	return w.ExternalID
}

// record reads the cells of one row of a CSV file as RFC 4180 has them, of an empty line
// none. It guesses nothing: where a quote is out of place, the cells of somebody's
// name could pass for rows of their own.
func (f *File) record() ([]string, error) {
	var cells []string
	var cell []byte
	quoted, closed := false, false // the cell began with a quote; and that quote was closed
	var read []byte
	defer func() { f.count(read) }()
	for {
		b, err := f.from.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && quoted && !closed:
			return nil, f.broken("a quote is not closed")
		case errors.Is(err, io.EOF) && len(read) > 0:
			return f.end(cells, cell, quoted)
		case err != nil:
			return nil, err
		}
		if read = append(read, b); len(read) > MaxRow {
			return nil, f.broken(fmt.Sprintf("it is longer than %d bytes", MaxRow))
		}
		switch {
		case quoted && !closed && b != '"':
			cell = append(cell, b)
		case quoted && !closed:
			closed = true
		case b == '"' && closed: // two of them in a quoted cell are one
			cell, closed = append(cell, b), false
		case b == '"' && len(cell) == 0 && !quoted:
			quoted = true
		case b == '"':
			return nil, f.broken("a quote stands inside a column that does not begin with one")
		case b == ',':
			cells, cell, quoted, closed = append(cells, string(cell)), nil, false, false
		case b == '\n':
			return f.end(cells, cell, quoted)
		case b == '\r' && f.atLineEnd():
		case closed:
			return nil, f.broken("something stands behind a closing quote")
		default:
			cell = append(cell, b)
		}
	}
}

func (f *File) atLineEnd() bool {
	next, err := f.from.Peek(1)
	return err != nil || next[0] == '\n'
}

// end is a row that is over.
func (f *File) end(cells []string, cell []byte, quoted bool) ([]string, error) {
	f.number++
	if len(cells) == 0 && len(cell) == 0 && !quoted {
		return nil, nil
	}
	return append(cells, string(cell)), nil
}

func (f *File) broken(why string) error {
	return fmt.Errorf("row %d: %s: %w", f.number+1, why, ErrBroken)
}
