package blocks_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/doctest"
)

// A block is one fenced code block of a page. Behind its language the first
// line may say more:
//
//	sh                        is typed into the page's shell
//	sh background=HOST:PORT   runs beside it, from when that address answers
//	text                      is what the sh block before it prints; … stands for anything
//	go file=NAME              is written there and compiled; a test is run
//	yaml file=NAME            is written there; all yaml is read as an environment's document
//	json                      is JSON
//	ts                        in the README of a JavaScript package: compiled by the tests of sdk/typescript
//
// Everything else needs a comment right before it: <!-- not run: why -->.
type block struct {
	page string
	line int
	lang string
	info map[string]string
	text string
	skip string // why it is not run
}

var notRun = regexp.MustCompile(`^<!-- not run: (.+) -->$`)

// blocksOf reads the fenced code blocks of a page, indented ones too.
func blocksOf(t *testing.T, page string) []block {
	t.Helper()
	var blocks []block
	var open *block
	indent, before := "", ""
	for i, line := range strings.Split(doctest.Read(t, page), "\n") {
		bare := strings.TrimSpace(line)
		switch {
		case open == nil && strings.HasPrefix(bare, "```"):
			indent = line[:strings.Index(line, "`")]
			words := strings.Fields(strings.TrimPrefix(bare, "```"))
			open = &block{page: page, line: i + 1, info: map[string]string{}}
			if len(words) > 0 {
				open.lang = words[0]
				for _, word := range words[1:] {
					name, value, _ := strings.Cut(word, "=")
					open.info[name] = value
				}
			}
			if why := notRun.FindStringSubmatch(before); why != nil {
				open.skip = why[1]
			}
		case open != nil && bare == "```":
			blocks = append(blocks, *open)
			open, before = nil, ""
		case open != nil:
			open.text += strings.TrimPrefix(line, indent) + "\n"
		case bare != "":
			before = bare
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the block is never closed", page, open.line)
	}
	return blocks
}

// matches reports whether the output is the text, in which … stands for
// anything, also for many lines.
func matches(text, output string) bool {
	parts := strings.Split(strings.TrimSpace(text), "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*") + `$`).
		MatchString(strings.TrimSpace(strings.ReplaceAll(output, "\r\n", "\n")))
}
