package deliver

import (
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Senders says which addresses each environment's mail may come from. Without a
// word of the operator an environment chooses none: its mail comes from no-reply
// at the domain of the server's public address, under the environment's name.
type Senders struct {
	domain  string              // of the public address; empty: it has none
	free    bool                // on loopback any sender is allowed, because nobody else is reached
	domains []string            // that every environment may send from
	own     map[string][]string // that one environment may send from besides, by its id
	known   bool                // whether the public address is known; where it is not, nothing is judged
}

var environmentID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// NewSenders reads the entries of STEPUP_MAIL_DOMAINS: a domain for every
// environment, or ENVIRONMENT=domain for one. An empty publicURL makes Senders
// that judge nothing, as the zero value does: commands may not be told the address.
func NewSenders(publicURL string, entries []string) (Senders, error) {
	s := Senders{own: map[string][]string{}, known: publicURL != ""}
	for _, entry := range entries {
		id, domain, one := strings.Cut(entry, "=")
		if !one {
			id, domain = "", entry
		}
		ascii, err := senderDomain(domain)
		switch {
		case err != nil:
			return s, fmt.Errorf("STEPUP_MAIL_DOMAINS: %q: %w", entry, err)
		case !one:
			s.domains = append(s.domains, strings.ToLower(ascii))
		case !environmentID.MatchString(id):
			return s, fmt.Errorf("STEPUP_MAIL_DOMAINS: %q: write domain, or ENVIRONMENT=domain with the environment's id in small letters",
				entry)
		default:
			s.own[id] = append(s.own[id], strings.ToLower(ascii))
		}
	}
	if u, err := url.Parse(publicURL); err == nil {
		s.free = loopbackName(u.Hostname())
		if domain, err := senderDomain(u.Hostname()); err == nil && !s.free {
			s.domain = strings.ToLower(domain)
		}
	}
	return s, nil
}

func loopbackName(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback() || strings.EqualFold(host, "localhost") ||
		strings.HasSuffix(strings.ToLower(host), ".localhost")
}

// Check refuses a server whose environments would have no address to send from.
func (s Senders) Check() error {
	if s.domain == "" && !s.free && s.known && len(s.domains) == 0 {
		return errors.New(
			"STEPUP_PUBLIC_URL has no domain name that mail could come from: name one in STEPUP_MAIL_DOMAINS, such as example.com")
	}
	return nil
}

// Problem says why mail of the environment does not come from this mailbox, and
// what it comes from instead; empty: it does. An empty mailbox is the default.
func (s Senders) Problem(environmentID, from string) string {
	if from == "" || !s.known || s.allows(environmentID, from) {
		return ""
	}
	return fmt.Sprintf("mail.from: this server does not let the environment send from %.100q: mail comes from %s until the operator adds "+
		"%s=DOMAIN to STEPUP_MAIL_DOMAINS, or the line goes",
		from, s.address(environmentID), environmentID)
}

func (s Senders) allows(environmentID, from string) bool {
	if s.free {
		return true
	}
	sender, err := parseSender(from)
	if err != nil {
		return false
	}
	if strings.EqualFold(sender.Address, s.address(environmentID)) {
		return true
	}
	domain := strings.ToLower(sender.Address[strings.LastIndexByte(sender.Address, '@')+1:])
	return slices.Contains(s.domains, domain) || slices.Contains(s.own[environmentID], domain)
}

// address is what an environment sends from that names no sender.
func (s Senders) address(environmentID string) string {
	for _, domains := range [][]string{{s.domain}, s.own[environmentID], s.domains} {
		if len(domains) > 0 && domains[0] != "" {
			return "no-reply@" + domains[0]
		}
	}
	return "no-reply@localhost"
}

// Sender is the mailbox that a mail of the environment leaves from: the one it was
// written with where that is allowed, else the default under the same name. Every
// mail passes here on its way out, those of commands that do not know the address
// of the server too.
func (s Senders) Sender(environmentID, from string) string {
	if !s.known || s.allows(environmentID, from) {
		return from
	}
	name := ""
	if sender, err := mail.ParseAddress(from); err == nil && !hasControl(sender.Name) {
		name = sender.Name
	}
	return (&mail.Address{Name: oneLine(name, maxName), Address: s.address(environmentID)}).String()
}
