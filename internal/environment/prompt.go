package environment

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Prompt is where people are asked in a page of ours, and where that page may send
// them back to.
type Prompt struct {
	Origin       string        `yaml:"origin" json:"origin"`             // of the page; empty: that of the public URL
	RedirectURIs []RedirectURI `yaml:"redirectUris" json:"redirectUris"` // whole addresses; default none: nobody is asked there
}

// RedirectURI is an address of an app. In a document it is a plain text, unless its
// scheme is one that any app of a device may claim, which has to be said.
type RedirectURI struct {
	URI          string `yaml:"uri" json:"uri"`
	CustomScheme bool   `yaml:"customScheme,omitempty" json:"customScheme,omitempty"`
}

// maxRedirectURI bounds an address that a prompt goes back to.
const maxRedirectURI = 1024

// Returns reports whether a prompt may go back to the address: it is listed, as a
// text. Of an address on loopback any port is taken, because apps on a machine get
// theirs as they start (RFC 8252, section 7.3).
func (p Prompt) Returns(uri string) bool {
	return slices.ContainsFunc(p.RedirectURIs, func(listed RedirectURI) bool {
		if listed.URI == uri {
			return true
		}
		origin, rest, onLoopback := cutLoopback(listed.URI)
		if !onLoopback {
			return false
		}
		_, asked, ok := strings.Cut(uri, origin)
		return ok && strings.HasPrefix(uri, origin) && cutPort(asked) == rest
	})
}

var loopbackURI = regexp.MustCompile(`^(http://(?:127\.0\.0\.1|localhost|\[::1\]))(:[1-9][0-9]{0,4})?(/.*)$`)

// cutLoopback parts a plain address on loopback into what comes before its port and
// what comes behind.
func cutLoopback(uri string) (before, behind string, ok bool) {
	found := loopbackURI.FindStringSubmatch(uri)
	if found == nil {
		return "", "", false
	}
	return found[1], found[3], true
}

var leadingPort = regexp.MustCompile(`^:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])/`)

// cutPort is what comes behind a port, or all of it where none is.
func cutPort(rest string) string {
	if found := leadingPort.FindString(rest); found != "" {
		return rest[len(found)-1:]
	}
	return rest
}

// PromptUsesPasskeys reports whether a page at origin may use the passkeys of e: it
// lies at or below the relying party, or the relying party says so (WebAuthn 5.11).
func (e *Environment) PromptUsesPasskeys(origin string) bool {
	if e.Passkeys.RPID == "" {
		return false
	}
	host := originHost(origin)
	return host == e.Passkeys.RPID || strings.HasSuffix(host, "."+e.Passkeys.RPID) || slices.Contains(e.Passkeys.RelatedOrigins, origin)
}

var (
	// ownScheme is named after a domain of the app's maker, from its end (RFC 8252,
	// section 7.1). So it is none of those that a browser or a system knows.
	ownScheme  = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:/[!-~]*$`)
	uriText    = regexp.MustCompile(`^[!-~]+$`)
	answerName = regexp.MustCompile(`^(code|state|iss|error|error_description)$`)
)

func (c checker) prompt() {
	p := c.e.Prompt
	if p.Origin != "" {
		if problem := originProblem(p.Origin); problem != "" {
			c.at("prompt.origin", "%s", problem)
		}
	}
	uris := make([]string, len(p.RedirectURIs))
	for i, r := range p.RedirectURIs {
		uris[i] = r.URI
		if problem := redirectProblem(r); problem != "" {
			c.at(index("prompt.redirectUris", i), "%s", problem)
		}
	}
	c.distinct("prompt.redirectUris", uris, maxItems)
}

// redirectProblem says what keeps an address from being one that a prompt goes back
// to; "" when nothing does.
func redirectProblem(r RedirectURI) string {
	if len(r.URI) > maxRedirectURI || !uriText.MatchString(r.URI) || strings.Contains(r.URI, `\`) {
		return "must be an address in ASCII, escaped where needed, of at most 1024 bytes"
	}
	u, err := url.Parse(r.URI)
	if err != nil {
		return quoted(r.URI) + " is not an address: write it whole, as in https://app.example.com/callback"
	}
	web := u.Scheme == "https" || u.Scheme == "http"
	switch {
	case r.CustomScheme && !ownScheme.MatchString(r.URI):
		return "with customScheme its scheme is a domain of yours from its end, as in com.example.app:/callback"
	case !web && !r.CustomScheme:
		return "must be https, or http on loopback. A scheme of your own, which other apps can claim too, is written " +
			"{uri: \"com.example.app:/callback\", customScheme: true}"
	case u.Fragment != "" || strings.Contains(r.URI, "#"):
		return "an address that is gone back to has no #fragment: remove it"
	case strings.Contains(r.URI, "*"):
		return "wildcards are not accepted: list every address by itself"
	}
	for name := range u.Query() {
		if answerName.MatchString(name) {
			return "the parameter " + name + " is one of the answer's: remove it"
		}
	}
	if !web {
		return ""
	}
	if problem := urlProblem(r.URI); problem != "" {
		return problem
	}
	if problem := originProblem(u.Scheme + "://" + u.Host); problem != "" {
		return problem
	}
	if !strings.HasPrefix(u.Path, "/") {
		return "write its path, at least /, as in " + r.URI + "/"
	}
	return ""
}
