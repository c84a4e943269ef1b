package deliver

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// How much of a stranger's text a mail shows, in characters.
const (
	maxName    = 60
	maxWords   = 100
	maxThing   = 2 * maxWords
	maxOwn     = 1000
	maxSummary = 1000
)

// wordJoiner is invisible and allows no line break; no mail program takes
// a text with it for an address.
const wordJoiner = '\u2060'

// oneLine makes foreign text safe to print on a line of its own: one line, no
// control or direction-changing or invisible characters, at most max
// characters, the cut marked.
func oneLine(s string, max int) string {
	var out strings.Builder
	space, count := false, 0
	for _, r := range s {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			space = true
			continue
		case unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
			continue
		}
		if space && count > 0 {
			out.WriteByte(' ')
			count++
		}
		space = false
		if count >= max {
			out.WriteString("…")
			break
		}
		out.WriteRune(r)
		count++
	}
	return out.String()
}

// inert is oneLine, and also keeps mail programs from turning words into
// links: they do so with anything that looks like an address, so an app called
// "evil.example/login" or a new address at a telling domain would put a link
// into our mail. Numbers (1.50, 12:00) stay as they are, to be copied.
func inert(s string, max int) string {
	runes := []rune(oneLine(s, max))
	var out strings.Builder
	for i, r := range runes {
		out.WriteRune(r)
		if !strings.ContainsRune(".:/@", r) || i+1 == len(runes) || runes[i+1] == ' ' {
			continue
		}
		if i > 0 && unicode.IsDigit(runes[i-1]) && unicode.IsDigit(runes[i+1]) {
			continue
		}
		out.WriteRune(wordJoiner)
	}
	return out.String()
}

// inertLines is inert for each line that says something, max for all together: of
// what the lines say, not of the marks that inert adds.
func inertLines(s string, max int) []string {
	var lines []string
	for line := range strings.Lines(s) {
		said := utf8.RuneCountInString(oneLine(line, max))
		if said == 0 {
			continue
		}
		if max <= 0 {
			return append(lines, "…")
		}
		lines = append(lines, inert(line, max))
		max -= said
	}
	return lines
}

// cut shortens a line to so many bytes, the cut marked.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	end := most - len("…")
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// MaskEmail shows of an address what its owner needs to recognise it.
func MaskEmail(addr string) string {
	local, domain, found := strings.Cut(addr, "@")
	if !found || local == "" {
		return "***"
	}
	first, _ := utf8.DecodeRuneInString(local)
	return string(first) + "***@" + domain
}

// Browsers and systems a user agent may name, in the order to look for them:
// most of them also claim to be the ones further down.
var (
	browsers = [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"}, {"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"},
	}
	systems = [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"},
		{"CrOS", "ChromeOS"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	}
)

// find is the name in the table of the first that a user agent mentions.
func find(table [][2]string, userAgent string) string {
	for _, row := range table {
		if strings.Contains(userAgent, row[0]) {
			return row[1]
		}
	}
	return ""
}
