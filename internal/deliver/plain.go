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

// device names the browser in words of ours. None of the user agent's own text
// is shown, because whoever made the request wrote it, and the notice is there
// to warn of them.
func device(userAgent string) string {
	find := func(table [][2]string) string {
		for _, row := range table {
			if strings.Contains(userAgent, row[0]) {
				return row[1]
			}
		}
		return ""
	}
	browser, system := find(browsers), find(systems)
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser != "" || system != "":
		return browser + system
	}
	return "an unknown device"
}
