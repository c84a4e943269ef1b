package intent

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// quote shows foreign text in quotation marks. Line breaks, control characters,
// marks that turn the writing direction and blanks that are no space come as
// escapes, so that no text can end its line, hide or pass for another.
func quote(text string) string {
	return blanks.Replace(strconv.Quote(text))
}

// blanks are letters and symbols that show nothing.
var blanks = strings.NewReplacer("\u115f", `\u115f`, "\u1160", `\u1160`, "\u3164", `\u3164`, "\uffa0", `\uffa0`, "\u2800", `\u2800`)

// short quotes the beginning of a text, for the summary, and says whether that is
// the whole of it.
func short(text string) (quoted string, whole bool) {
	const most = 160
	if utf8.RuneCountInString(text) <= most {
		return quote(text), true
	}
	return quote(string([]rune(text)[:most])) + "… (" + strconv.Itoa(len(text)) + " bytes)", false
}
