package environment

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	hostLabel   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	numberLabel = regexp.MustCompile(`^(0x[0-9a-f]*|[0-9]+)$`)
	// androidOrigin is what WebAuthn on Android sends in place of a web origin.
	androidOrigin = regexp.MustCompile(`^android:apk-key-hash:[A-Za-z0-9_-]{43}$`)
)

const originShape = "write scheme://host or scheme://host:port, as in https://app.example.com"

// originProblem says what keeps s from being an origin exactly as browsers send
// it, so that comparing bytes is enough later; "" when nothing does.
func originProblem(s string) string {
	if strings.Contains(s, "*") {
		return "wildcards are not accepted: list every origin by itself"
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return quoted(s) + " is not an origin: " + originShape
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname())
	switch {
	case u.User != nil:
		return "an origin carries no user name or password: " + originShape
	case scheme != "https" && scheme != "http":
		return quoted(s) + " is not a web origin: " + originShape
	case !hostOK(host):
		return quoted(u.Hostname()) + " is not a host name or address as browsers send it (names beyond ASCII in their xn-- form)"
	case scheme == "http" && !loopback(host):
		return "http is accepted on loopback only: use https://" + u.Host
	}
	canonical := scheme + "://" + bracketed(host)
	if port := u.Port(); port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return "port " + port + " does not exist: use 1 to 65535"
		}
		if !(scheme == "https" && n == 443) && !(scheme == "http" && n == 80) {
			canonical = scheme + "://" + net.JoinHostPort(host, strconv.FormatUint(n, 10))
		}
	}
	if s != canonical {
		return "an origin has no path, query or default port, and is lower-case: write " + canonical
	}
	return ""
}

// urlProblem says what keeps s from being a URL we would call or link to.
func urlProblem(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || !hostOK(strings.ToLower(u.Hostname())) {
		return quoted(s) + " is not a URL: write it whole, as in https://login.example.com/path"
	}
	switch {
	case u.User != nil:
		return "a URL here carries no user name or password: remove them"
	case u.Fragment != "" || strings.HasSuffix(s, "#"):
		return "a URL here has no #fragment: remove it"
	case u.Scheme == "https", u.Scheme == "http" && loopback(strings.ToLower(u.Hostname())):
		return ""
	}
	return "must be https (http is accepted on loopback only)"
}

// hostOK accepts lower-case host names and addresses in their one canonical form.
func hostOK(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String() == host && addr.Zone() == ""
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if !hostLabel.MatchString(label) {
			return false
		}
	}
	return len(host) <= 253 && !numberLabel.MatchString(labels[len(labels)-1])
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// appOrigin is what the pages of an app that is no web site are served from: a
// scheme of the app's or the browser's own, and a name under it.
var appOrigin = regexp.MustCompile(`^[a-z][a-z0-9+.-]{0,40}://[a-z0-9._-]{1,253}(:[1-9][0-9]{0,4})?$`)

// notApps are schemes whose pages have no origin of their own, or one that
// others share.
var notApps = []string{"http", "https", "ws", "wss", "ftp", "file", "data", "blob", "filesystem", "javascript", "about", "view-source",
	"content", "resource", "null"}

// IsAppOrigin reports whether the pages of a listed origin are those of an app
// (capacitor://localhost, chrome-extension://…) and not of a web site. Nobody
// vouches for who may use such a name, as domain names vouch for web sites: it
// carries no cookie, no passkey and no sign-in text of a wallet.
func IsAppOrigin(origin string) bool {
	scheme, _, ok := strings.Cut(origin, "://")
	return ok && appOrigin.MatchString(origin) && !slices.Contains(notApps, scheme)
}

// OriginOf is the origin of a URL, as browsers send it.
func OriginOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	scheme, host, port := strings.ToLower(u.Scheme), bracketed(strings.ToLower(u.Hostname())), u.Port()
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return scheme + "://" + host
	}
	return scheme + "://" + host + ":" + port
}

// originHost is the host of a valid origin.
func originHost(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
