package social

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/fault"
)

const maxRedirect = 2048

// checkRedirect lets a flow return to one of the environment's redirect origins
// and nowhere else. The address must begin with the origin byte for byte, and a
// parser must find the same origin in it: what two readers could read differently
// (backslashes, user names, escapes or other scripts in the host, spaces) is refused.
func checkRedirect(raw string, origins []string) error {
	refused := fault.New(fault.InvalidRequest,
		"redirectUrl must begin with an origin that this environment lists in redirectOrigins, byte for byte.")
	if raw == "" || len(raw) > maxRedirect {
		return fault.New(fault.InvalidRequest, "redirectUrl is missing, or longer than %d bytes.", maxRedirect)
	}
	for i, r := range raw {
		switch {
		case r == ' ':
			return fault.New(fault.InvalidRequest,
				"redirectUrl holds a space, its character %d. Write it as %%20: new URL(text).href does.",
				1+utf8.RuneCountInString(raw[:i]))
		case r < ' ' || r == 0x7f:
			return fault.New(fault.InvalidRequest, "redirectUrl holds a character that nobody sees, its character %d. Remove it.",
				1+utf8.RuneCountInString(raw[:i]))
		case r > 0x7f:
			return fault.New(fault.InvalidRequest,
				"redirectUrl holds a character beyond ASCII, its character %d. Escape it, as new URL(text).href does.",
				1+utf8.RuneCountInString(raw[:i]))
		case r == '\\':
			return fault.New(fault.InvalidRequest, "redirectUrl holds a backslash, its character %d. Write / or %%5C.",
				1+utf8.RuneCountInString(raw[:i]))
		}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return fault.New(fault.InvalidRequest, "redirectUrl is no address that can be read: look at its escapes (%%20) and its port.")
	case u.User != nil:
		return fault.New(fault.InvalidRequest, "redirectUrl carries a user name or a password. Leave them out.")
	case u.Opaque != "" || strings.HasPrefix(u.Path, "//"):
		return refused
	}
	if !slices.ContainsFunc(origins, func(origin string) bool {
		rest, under := strings.CutPrefix(raw, origin)
		return under && (rest == "" || strings.ContainsRune("/?#", rune(rest[0]))) && u.Scheme+"://"+u.Host == origin
	}) {
		return refused
	}
	return nil
}

// back is the address that takes the browser back to the app. What it says of
// the outcome replaces anything of the same name that was there.
func back(raw string, outcome url.Values) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "" // it was checked when the flow began
	}
	query := u.Query()
	for _, name := range []string{"dynamicOauthCode", "dynamicOauthState", "error"} {
		query.Del(name)
	}
	for name, values := range outcome {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return u.String()
}
