package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestEveryCommandIsDocumented walks the commands: each has a help text, is
// asked for help in testdata/help.txt, and is named in docs/operating.md,
// docs/environment.md or docs/wallets-operating.md.
func TestEveryCommandIsDocumented(t *testing.T) {
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	script := read("testdata/help.txt")
	var pages string
	for _, page := range []string{
		"operating", "environment", "wallets-operating", "console", "users", "import", "delivery", "external-auth",
	} {
		pages += read("../../docs/" + page + ".md")
	}
	parser, err := kong.New(&commands{}, helpWords)
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(false) {
		var words []string
		for node := leaf; node.Type == kong.CommandNode; node = node.Parent {
			words = append([]string{node.Name}, words...)
		}
		command := "stepup " + strings.Join(words, " ")
		if leaf.Help == "" {
			t.Errorf("%s says nothing about itself", command)
		}
		if !strings.Contains(script, "exec "+command+" --help\n") {
			t.Errorf("testdata/help.txt does not ask %s for help", command)
		}
		if !strings.Contains(pages, command) {
			t.Errorf("no page for operators names %s", command)
		}
	}
}

// TestGroupsNameTheirCommands: the help text of a group ends in a list of its commands.
func TestGroupsNameTheirCommands(t *testing.T) {
	parser, err := kong.New(&commands{}, helpWords)
	if err != nil {
		t.Fatal(err)
	}
	groups := 0
	var visit func(*kong.Node)
	visit = func(node *kong.Node) {
		var names []string
		for _, child := range node.Children {
			names = append(names, child.Name)
			visit(child)
		}
		if node.Type != kong.CommandNode || len(names) == 0 {
			return
		}
		groups++
		_, list, _ := strings.Cut(strings.TrimSuffix(node.Help, "."), ": ")
		told := strings.Split(list, ", ")
		slices.Sort(told)
		slices.Sort(names)
		if !slices.Equal(told, names) {
			t.Errorf("stepup %s tells of %q and has %q", node.Path(), told, names)
		}
	}
	visit(parser.Model.Node)
	if groups < 8 {
		t.Errorf("only %d groups found", groups)
	}
}
