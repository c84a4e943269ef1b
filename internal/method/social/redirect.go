package social

import (
	"net/url"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup/internal/fault"
)

const maxRedirect = 2048

// checkRedirect lets a flow return to one of the environment's redirect origins
// and nowhere else. The address must begin with the origin byte for byte, and a
// parser must find the same origin in it: what two readers could read differently
// (backslashes, user names, escapes or other scripts in the host, spaces) is refused.
func checkRedirect(raw string, origins []string) error {
	refused := fault.New(fault.InvalidRequest, "redirectUrl must begin with an origin that this environment lists in redirectOrigins, byte for byte.")
	if raw == "" || len(raw) > maxRedirect {
		return refused
	}
	for _, b := range []byte(raw) {
		if b <= ' ' || b >= 0x7f || b == '\\' {
			return refused
		}
	}
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.Opaque != "" || strings.HasPrefix(u.Path, "//") {
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
