package stepup_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"testing"
	"unicode/utf8"
)

const (
	maxColumns    = 140 // of a line of Go
	tabColumns    = 4
	maxParameters = 5 // of a function, its receiver and a testing.TB not among them
)

// TestStyle holds what no other tool does: the width of lines and of functions.
func TestStyle(t *testing.T) {
	for _, name := range goFiles(t) {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range bytes.Split(content, []byte("\n")) {
			if n := utf8.RuneCount(line) + (tabColumns-1)*bytes.Count(line, []byte("\t")); n > maxColumns {
				t.Errorf("%s:%d: %d columns, where a line has at most %d", name, i+1, n, maxColumns)
			}
		}
		for _, wide := range wide(t, name, content) {
			t.Errorf("%s takes more than %d parameters: give those that belong together a type", wide, maxParameters)
		}
	}
}

// goFiles are all Go files of the repository, of its other modules too.
func goFiles(t *testing.T) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (slices.Contains([]string{"node_modules", ".git", "testdata"}, entry.Name()) || name == "artifacts"):
			return fs.SkipDir
		case path.Ext(name) == ".go":
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// wide are the functions of a file that take too many parameters, as "folder.Name" or
// "folder.Type.Name".
func wide(t *testing.T, name string, content []byte) (found []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, declaration := range file.Decls {
		f, ok := declaration.(*ast.FuncDecl)
		if !ok || parameters(f.Type) <= maxParameters {
			continue
		}
		full := path.Dir(name) + "."
		if f.Recv != nil {
			full += typeName(f.Recv.List[0].Type) + "."
		}
		found = append(found, full+f.Name.Name)
	}
	return found
}

func parameters(f *ast.FuncType) (n int) {
	for _, field := range f.Params.List {
		switch typeName(field.Type) {
		case "testing.TB", "testing.T", "testing.B", "testing.F":
		default:
			n += max(1, len(field.Names))
		}
	}
	return n
}

// typeName is the name of a type without its pointer and its parameters.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}
