package environment

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	// MaxSize is how long a document may be, in bytes.
	MaxSize = 256 << 10
	// maxDepth is how deep one may nest; the document itself needs five levels.
	maxDepth = 16
)

// Parse reads an environment from YAML or JSON, fills the defaults in and
// judges every rule. The error, if any, is a [Problems] that names them all,
// each with its line.
func Parse(doc []byte) (*Environment, error) {
	r := newReport()
	root := r.compose(doc)
	if root == nil {
		return nil, r.err()
	}
	e := Defaults()
	d := decoder{r}
	d.decode(root, "", reflect.ValueOf(e).Elem())
	for i := range e.MFA.Methods {
		if path := index("mfa.methods", i); !r.given(path + ".allowBackupCodes") {
			e.MFA.Methods[i].AllowBackupCodes = backupCodesByDefault(e.MFA.Methods[i].Type)
		}
	}
	derive(e)
	c := checker{r, e}
	c.check()
	if err := r.err(); err != nil {
		return nil, err
	}
	return e, nil
}

// compose turns the text into one tree of nodes, or reports why it cannot.
func (r *report) compose(doc []byte) *yaml.Node {
	if len(doc) > MaxSize {
		r.add(1, "", "the document is %d bytes long, at most %d are accepted", len(doc), MaxSize)
		return nil
	}
	doc = bytes.TrimPrefix(doc, []byte("\ufeff"))
	if at := unprintable(doc); at >= 0 {
		r.add(lineAt(doc, at), "",
			"there is a byte that is not UTF-8 text, or a control character: save the document as UTF-8 and remove it")
		return nil
	}
	if trimmed := bytes.TrimSpace(doc); len(trimmed) > 0 && trimmed[0] == '{' && json.Valid(doc) {
		doc = yamlEscapes(doc)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(doc))
	var tree, next yaml.Node
	if err := decoder.Decode(&tree); errors.Is(err, io.EOF) || err == nil && empty(&tree) {
		r.add(1, "", "the document is empty: it needs at least id and name")
		return nil
	} else if err != nil {
		r.syntax(doc, err)
		return nil
	}
	if err := decoder.Decode(&next); err == nil {
		r.add(next.Line, "", "a second document starts here: keep one environment per file")
		return nil
	} else if !errors.Is(err, io.EOF) {
		r.syntax(doc, err)
		return nil
	}
	root := tree.Content[0]
	if line := tooDeep(root, maxDepth); line > 0 {
		r.add(line, "", "nested deeper than %d levels: nothing in an environment is", maxDepth)
		return nil
	}
	return root
}

var yamlError = regexp.MustCompile(`(?s)^yaml: (?:line (\d+): )?(.*)$`)

// indentTab is a tab among what a line is indented with.
var indentTab = regexp.MustCompile(`(?m)^ *\t`)
var unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)

// syntax reports what the YAML reader could not read.
func (r *report) syntax(doc []byte, err error) {
	line, message := 1, err.Error()
	if m := yamlError.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = m[2]
	}
	if m := unknownAnchor.FindStringSubmatch(message); m != nil {
		r.add(lineAt(doc, bytes.Index(doc, []byte("*"+m[1]))), "", "%s", noAliases)
		return
	}
	if at := indentTab.FindIndex(doc); at != nil &&
		(strings.Contains(message, "cannot start any token") || strings.Contains(message, "tab")) {
		r.add(lineAt(doc, at[0]), "", "the line begins with a tab, which YAML does not take: indent with spaces")
		return
	}
	line = min(line, bytes.Count(doc, []byte("\n"))+1)
	r.add(line, "", "this is not YAML: %s", strings.Join(strings.Fields(message), " "))
}

// unprintable finds the first byte that is not text in UTF-8, or -1.
func unprintable(doc []byte) int {
	for i := 0; i < len(doc); {
		c, size := utf8.DecodeRune(doc[i:])
		switch {
		case c == utf8.RuneError && size == 1,
			c < ' ' && c != '\n' && c != '\r' && c != '\t',
			c >= 0x7f && c < 0xa0, c == 0xfeff, c == 0xfffe, c == 0xffff:
			return i
		}
		i += size
	}
	return -1
}

func lineAt(doc []byte, offset int) int {
	return 1 + bytes.Count(doc[:max(offset, 0)], []byte("\n"))
}

func empty(document *yaml.Node) bool {
	return len(document.Content) == 0 || document.Content[0].Kind == yaml.ScalarNode && document.Content[0].Tag == "!!null"
}

// tooDeep returns the line at which the tree passes the depth, or 0. Aliases
// are not followed.
func tooDeep(n *yaml.Node, depth int) int {
	if depth == 0 {
		return max(n.Line, 1)
	}
	for _, child := range n.Content {
		if line := tooDeep(child, depth-1); line > 0 {
			return line
		}
	}
	return 0
}

// yamlEscapes rewrites the two escapes of JSON that the YAML reader lacks: \/ and
// the pairs for characters beyond 16 bits (\ud83d\ude00). The document must be
// valid JSON. Lines stay.
func yamlEscapes(doc []byte) []byte {
	unit := func(b []byte) (rune, bool) {
		if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
			return 0, false
		}
		n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
		return rune(n), err == nil
	}
	out := make([]byte, 0, len(doc))
	for i := 0; i < len(doc); {
		high, ok := unit(doc[i:])
		if ok && high >= 0xd800 && high < 0xdc00 {
			if low, ok := unit(doc[i+6:]); ok && low >= 0xdc00 && low < 0xe000 {
				joined := strconv.FormatInt(int64(high-0xd800)<<10+int64(low-0xdc00)+0x10000, 16)
				out = append(out, `\U`+strings.Repeat("0", 8-len(joined))+joined...)
				i += 12
				continue
			}
		}
		size := 1
		if doc[i] == '\\' { // never split an escaped backslash
			size = 2
			if doc[i+1] == '/' {
				i, size = i+1, 1
			}
		}
		out = append(out, doc[i:i+size]...)
		i += size
	}
	return out
}
