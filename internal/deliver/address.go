package deliver

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// ErrAddress is what every refusal of [NormalizeEmail] wraps.
var ErrAddress = errors.New("not an email address we can use")

// Limits of RFC 5321, section 4.5.3.1. The path limit of 256 counts the two
// angle brackets.
const (
	maxAddress = 254
	maxLocal   = 64
	maxDomain  = 253
	maxLabel   = 63
)

// NormalizeEmail reads an address a stranger typed. addr is the address to
// show and to mail: as typed, without surrounding spaces, and with a domain in
// other scripts in its ASCII form, so that a look-alike is seen as one. key is
// what to look users up by: equal for all spellings we take as the same
// mailbox, which are those that differ in letter case.
//
// Only a strict subset of RFC 5321 is accepted, because every reader of the
// rest reads it differently: exactly one @, an ASCII local part of plain
// characters without quotes, comments or routes, and a domain with at least
// two labels. Errors wrap [ErrAddress], say what is wrong and never repeat the
// address.
func NormalizeEmail(s string) (addr, key string, err error) {
	s = strings.Trim(s, " ")
	// A longer one cannot become shorter; this bounds the work below.
	if len(s) > 4*maxAddress {
		return "", "", fmt.Errorf("%w: longer than %d characters", ErrAddress, maxAddress)
	}
	local, host, found := strings.Cut(s, "@")
	if !found || strings.Contains(host, "@") {
		return "", "", fmt.Errorf("%w: it needs exactly one @", ErrAddress)
	}
	if err := checkLocal(local); err != nil {
		return "", "", fmt.Errorf("%w: %w", ErrAddress, err)
	}
	domain, err := publicDomain(host)
	if err != nil {
		return "", "", fmt.Errorf("%w: %w", ErrAddress, err)
	}
	addr = local + "@" + domain
	if len(addr) > maxAddress {
		return "", "", fmt.Errorf("%w: longer than %d characters", ErrAddress, maxAddress)
	}
	return addr, strings.ToLower(addr), nil // ASCII by now, so lower case is unambiguous
}

// The characters of a dot-atom, less those that carry routes (! %) or that
// a shell or a mail store may take for something else (| ` /).
const localChars = "#$&'*+-=?^_{}~."

// checkLocal also refuses a leading hyphen: sendmail-like programs behind a
// relay have taken such addresses for options.
func checkLocal(local string) error {
	if local == "" || len(local) > maxLocal {
		return fmt.Errorf("the part before the @ must have 1 to %d characters", maxLocal)
	}
	for i := range len(local) {
		if c := local[i]; !isAlphanumeric(c) && !strings.ContainsRune(localChars, rune(c)) {
			return fmt.Errorf("the part before the @ may hold only ASCII letters, digits and %s", localChars)
		}
	}
	if local[0] == '-' || local[0] == '.' || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return errors.New("the part before the @ has a dot or hyphen in the wrong place")
	}
	return nil
}

// publicDomain is host in ASCII form, if it can be a domain on the internet.
func publicDomain(host string) (string, error) {
	domain, err := senderDomain(host)
	if err != nil {
		return "", err
	}
	last := domain[strings.LastIndexByte(domain, '.')+1:]
	if last == domain {
		return "", errors.New("the domain needs at least two parts, like example.com")
	}
	// Top-level domains have no digits, except in their ASCII form of other
	// scripts; this is also what tells an IP address.
	if strings.ContainsAny(last, "0123456789") && !strings.HasPrefix(strings.ToLower(last), "xn--") {
		return "", errors.New("the domain must be a name, not an IP address")
	}
	return domain, nil
}

// senderDomain is host in ASCII form, label by label: no dot may appear or
// vanish in the mapping.
func senderDomain(host string) (string, error) {
	if host == "" || strings.HasSuffix(host, ".") {
		return "", errors.New("the domain must not be empty or end in a dot")
	}
	labels := strings.Split(host, ".")
	for i, label := range labels {
		ascii, err := asciiLabel(label)
		if err != nil {
			return "", err
		}
		labels[i] = ascii
	}
	domain := strings.Join(labels, ".")
	if isNumber(labels[len(labels)-1]) { // resolvers take it for an IP address, whatever stands before
		return "", errors.New("the domain must be a name, not an IP address")
	}
	if len(domain) > maxDomain {
		return "", fmt.Errorf("the domain is longer than %d characters", maxDomain)
	}
	return domain, nil
}

// isNumber is how the URL standard tells an address from a name.
func isNumber(label string) bool {
	_, err := strconv.ParseUint(label, 0, 64)
	return err == nil || strings.Trim(label, "0123456789") == ""
}

// asciiLabel converts one label. Two ways in which one name passes for another
// end here: characters of other scripts that map to plain ASCII (full-width
// letters, the Kelvin sign), and xn-- forms that decode to plain ASCII or that
// no encoder would produce.
func asciiLabel(label string) (string, error) {
	lower := strings.ToLower(label)
	foreign := strings.ContainsFunc(label, func(r rune) bool { return r >= 0x80 })
	if !foreign && !strings.HasPrefix(lower, "xn--") {
		return label, checkLabel(label)
	}
	if !foreign {
		label = lower // case carries nothing in the encoded form
	}
	ascii, err := idna.Lookup.ToASCII(label)
	if err != nil {
		return "", errors.New("the domain is not a valid international name")
	}
	decoded, err := idna.Lookup.ToUnicode(ascii)
	if err != nil || decoded == ascii {
		return "", errors.New("the domain is not a valid international name")
	}
	again, err := idna.Lookup.ToASCII(decoded)
	if err != nil || again != ascii || !strings.HasPrefix(ascii, "xn--") {
		return "", errors.New("the domain is not a valid international name")
	}
	return ascii, checkLabel(ascii)
}

// checkLabel allows letters, digits and inner hyphens; "ab--" in front is
// reserved for encodings, of which only xn-- exists.
func checkLabel(label string) error {
	if label == "" || len(label) > maxLabel {
		return fmt.Errorf("each part of the domain must have 1 to %d characters", maxLabel)
	}
	for i := range len(label) {
		if c := label[i]; !isAlphanumeric(c) && c != '-' {
			return errors.New("the domain may hold only letters, digits, dots and hyphens")
		}
	}
	if label[0] == '-' || label[len(label)-1] == '-' {
		return errors.New("no part of the domain may start or end with a hyphen")
	}
	if len(label) >= 4 && label[2:4] == "--" && !strings.EqualFold(label[:2], "xn") {
		return errors.New("the domain is not a valid international name")
	}
	return nil
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
