package walletsig

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/chain"
)

// MaxMessage is the length of the longest text that is read, in bytes.
const MaxMessage = 4096

// Message is a sign-in text of EIP-4361, or its Solana sibling, field by field.
// Optional fields are empty.
type Message struct {
	Scheme         string // of the domain, where it is written
	Domain         string // host, with its port where it has one
	Account        string // the kind: Ethereum, Solana
	Address        string
	Statement      string
	URI            string
	ChainID        string // always there for Ethereum
	Nonce          string
	IssuedAt       string
	ExpirationTime string
	NotBefore      string
	RequestID      string
	Resources      []string
}

// String is the one text of the message.
func (m Message) String() string {
	var b strings.Builder
	if m.Scheme != "" {
		b.WriteString(m.Scheme + "://")
	}
	b.WriteString(m.Domain + invitation + m.Account + " account:\n" + m.Address + "\n\n")
	if m.Statement != "" {
		b.WriteString(m.Statement + "\n")
	}
	b.WriteString("\nURI: " + m.URI + "\nVersion: 1")
	for _, f := range m.optional() {
		if *f.value != "" {
			b.WriteString("\n" + f.label + *f.value)
		}
	}
	if len(m.Resources) > 0 {
		b.WriteString(resourcesLine)
		for _, r := range m.Resources {
			b.WriteString(resourceMark + r)
		}
	}
	return b.String()
}

const (
	invitation    = " wants you to sign in with your "
	resourcesLine = "\nResources:"
	resourceMark  = "\n- "
)

type field struct {
	label string
	value *string
	shape *regexp.Regexp
	must  bool
}

// optional lists what follows the version, in its order.
func (m *Message) optional() []field {
	return []field{
		{"Chain ID: ", &m.ChainID, chainShape, m.Account == "Ethereum"},
		{"Nonce: ", &m.Nonce, nonceShape, true},
		{"Issued At: ", &m.IssuedAt, timeShape, true},
		{"Expiration Time: ", &m.ExpirationTime, timeShape, false},
		{"Not Before: ", &m.NotBefore, timeShape, false},
		{"Request ID: ", &m.RequestID, requestShape, false},
	}
}

// The grammar's parts. Every one is at most what EIP-4361 allows; a domain has
// no user information, numbers have no leading zeros.
var (
	schemeShape  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)
	domainShape  = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)
	accountShape = regexp.MustCompile(`^[A-Z][A-Za-z]{0,31}$`)
	addressShape = regexp.MustCompile(`^[0-9A-Za-z]{1,64}$`)
	chainShape   = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)
	nonceShape   = regexp.MustCompile(`^[0-9A-Za-z]{8,128}$`)
	timeShape    = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`)
	requestShape = regexp.MustCompile(`^([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+$`)
	uriShape     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:([A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$`)
)

// ParseMessage reads a text that is a message from its first byte to its last.
// What it accepts it would write again byte for byte.
func ParseMessage(text string) (Message, error) {
	var m Message
	if len(text) > MaxMessage || !utf8.ValidString(text) {
		return m, errors.New("it is too long, or not UTF-8")
	}
	if strings.Contains(text, "\r\n") {
		return m, errors.New(`its lines end in CR LF, "\r\n"; have the wallet sign them with LF, "\n", and send just what it signed`)
	}
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			return m, fmt.Errorf("it holds the character %U, which nobody sees", r)
		}
	}
	rest, err := m.parseHead(text)
	if err != nil {
		return m, err
	}
	if m.URI, rest, err = take(rest, "URI: ", uriShape); err != nil {
		return m, err
	}
	if rest, err = literal(rest, "\nVersion: 1"); err != nil {
		return m, err
	}
	for _, f := range m.optional() {
		if !strings.HasPrefix(rest, "\n"+f.label) && !f.must {
			continue
		}
		if *f.value, rest, err = take(rest, "\n"+f.label, f.shape); err != nil {
			return m, err
		}
		if f.shape == timeShape {
			if _, err := time.Parse(time.RFC3339Nano, *f.value); err != nil {
				return m, fmt.Errorf("after %q stands no time", f.label)
			}
		}
	}
	if rest, err = m.parseResources(rest); err != nil {
		return m, err
	}
	if rest != "" {
		return m, errors.New("it has more text than the message")
	}
	if m.String() != text {
		return m, errors.New("it is not written as it is read")
	}
	return m, nil
}

// parseHead reads up to the line of the URI.
func (m *Message) parseHead(text string) (rest string, err error) {
	first, rest, _ := strings.Cut(text, "\n")
	domain, account, ok := strings.Cut(first, invitation)
	if !ok {
		return "", errors.New("the first line is no invitation to sign in")
	}
	if scheme, bare, ok := strings.Cut(domain, "://"); ok {
		if !schemeShape.MatchString(scheme) {
			return "", errors.New("before :// stands no scheme")
		}
		m.Scheme, domain = scheme, bare
	}
	if !domainShape.MatchString(domain) {
		return "", errors.New("the domain is no host with an optional port")
	}
	m.Domain = domain
	if m.Account, ok = strings.CutSuffix(account, " account:"); !ok || !accountShape.MatchString(m.Account) {
		return "", errors.New("the first line names no kind of account")
	}
	m.Address, rest, _ = strings.Cut(rest, "\n")
	if !addressShape.MatchString(m.Address) {
		return "", errors.New("the second line is no address")
	}
	if m.Account == "Ethereum" {
		if address, ok := chain.EVM.ReadAddress(m.Address); !ok || address != m.Address {
			return "", errors.New("the address in its second line is not written with the capitals of EIP-55")
		}
	}
	if rest, err = literal(rest, "\n"); err != nil {
		return "", err
	}
	m.Statement, rest, _ = strings.Cut(rest, "\n")
	if m.Statement == "" {
		return rest, nil
	}
	return literal(rest, "\n")
}

func (m *Message) parseResources(rest string) (string, error) {
	rest, ok := strings.CutPrefix(rest, resourcesLine)
	if !ok {
		return rest, nil
	}
	for rest != "" {
		var resource string
		var err error
		if resource, rest, err = take(rest, resourceMark, uriShape); err != nil {
			return "", err
		}
		m.Resources = append(m.Resources, resource)
	}
	if len(m.Resources) == 0 {
		return "", errors.New("under Resources stands none")
	}
	return "", nil
}

func literal(text, want string) (rest string, err error) {
	rest, ok := strings.CutPrefix(text, want)
	if !ok {
		return "", fmt.Errorf("%q is missing", want)
	}
	return rest, nil
}

// take reads one line: a label, then a value of the shape.
func take(text, label string, shape *regexp.Regexp) (value, rest string, err error) {
	text, err = literal(text, label)
	if err != nil {
		return "", "", err
	}
	end := strings.IndexByte(text, '\n')
	if end < 0 {
		end = len(text)
	}
	if !shape.MatchString(text[:end]) {
		return "", "", fmt.Errorf("the value after %q is none", label)
	}
	return text[:end], text[end:], nil
}
