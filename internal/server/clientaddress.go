package server

import (
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
)

// What can be wrong with what trusted proxies say. Everybody counts as the proxy then.
const (
	forwardedNothing = "a trusted proxy sends neither X-Forwarded-For nor Forwarded, so that everybody behind it counts as one client: " +
		"let it send one of them"
	forwardedUnread = "a trusted proxy sends an address in X-Forwarded-For or Forwarded that nobody can read, so that everybody behind " +
		"it counts as one client: let it send the client's address"
	forwardedDisagrees = "X-Forwarded-For and Forwarded name different clients, so that these count as the proxy: let it remove the " +
		"header that it does not write"
)

// clients finds the true addresses of clients.
type clients struct {
	trusted []netip.Prefix
	log     *slog.Logger
	warned  sync.Map     // each problem is logged once
	problem atomic.Value // the newest, as a string; for the doctor
}

func newClients(trusted []netip.Prefix, log *slog.Logger) *clients {
	return &clients{trusted: trusted, log: log}
}

// address is the connection's, or, when that is a trusted proxy, the rightmost
// one that the proxies name and that is no proxy of ours. Which of the two
// headers they write is not known, and a client can send the other one: where
// both stand, both must say the same.
func (c *clients) address(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	peer := at.Addr().Unmap().WithZone("")
	if !c.trusts(peer) {
		return peer.String()
	}
	old := c.behind(peer, elements(r.Header.Values("X-Forwarded-For")), readHop)
	standard := c.behind(peer, elements(r.Header.Values("Forwarded")), readForwarded)
	switch {
	case old.problem == forwardedNothing:
		old = standard
	case standard.problem != forwardedNothing && standard.client != old.client:
		old = hop{peer, forwardedDisagrees}
	}
	if old.problem != "" {
		c.warn(old.problem, peer)
	}
	return old.client.String()
}

// hop is the client that one header names, and what is wrong with the header.
type hop struct {
	client  netip.Addr
	problem string
}

func (c *clients) behind(peer netip.Addr, hops []string, read func(string) (netip.Addr, bool)) hop {
	if len(hops) == 0 {
		return hop{peer, forwardedNothing}
	}
	client := peer
	for i := len(hops) - 1; i >= 0; i-- {
		next, ok := read(hops[i])
		if !ok {
			return hop{client, forwardedUnread} // trust what is right of it
		}
		if client = next; !c.trusts(client) {
			break
		}
	}
	return hop{client, ""}
}

func (c *clients) trusts(a netip.Addr) bool {
	for _, p := range c.trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func (c *clients) warn(problem string, proxy netip.Addr) {
	c.problem.Store(problem)
	if _, before := c.warned.LoadOrStore(problem, true); !before {
		c.log.Warn("forwarded headers", "problem", problem, "proxy", proxy.String())
	}
}

// newest returns the last problem that was seen since the call before, or "".
func (c *clients) newest() string {
	problem, _ := c.problem.Swap("").(string)
	return problem
}

// elements are those of a list in any number of header lines; empty ones mean
// nothing (RFC 9110, 5.6.1). Quotes are not looked at: no address has a comma,
// and a client's open quote would swallow what our proxy wrote behind it.
func elements(lines []string) (list []string) {
	for _, element := range strings.Split(strings.Join(lines, ","), ",") {
		if element = strings.TrimSpace(element); element != "" {
			list = append(list, element)
		}
	}
	return list
}

// readForwarded reads the parameter "for" of one element (RFC 7239, 4).
func readForwarded(element string) (at netip.Addr, ok bool) {
	for _, pair := range strings.Split(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if !strings.EqualFold(name, "for") {
			continue
		}
		if ok { // twice: one of them is not the proxy's
			return netip.Addr{}, false
		}
		if at, ok = readHop(value); !ok {
			return netip.Addr{}, false
		}
	}
	return at, ok
}

// port is one of RFC 7239, 6: digits, or a made-up name.
var port = regexp.MustCompile(`^(?:[0-9]{1,5}|_[A-Za-z0-9._-]+)$`)

// readHop reads an address as proxies write it: bare, in brackets, with a port,
// in quotes.
func readHop(text string) (netip.Addr, bool) {
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	at, err := netip.ParseAddr(text)
	if err != nil {
		host, behind := text, ""
		if inside, found := strings.CutPrefix(text, "["); found {
			host, behind, found = strings.Cut(inside, "]")
			if at, err = netip.ParseAddr(host); err != nil || !found || !at.Is6() {
				return netip.Addr{}, false
			}
		} else {
			i := strings.LastIndexByte(text, ':')
			if i < 0 {
				return netip.Addr{}, false
			}
			host, behind = text[:i], text[i:]
			if at, err = netip.ParseAddr(host); err != nil || !at.Is4() {
				return netip.Addr{}, false
			}
		}
		if behind != "" && (behind[0] != ':' || !port.MatchString(behind[1:])) {
			return netip.Addr{}, false
		}
	}
	return at.Unmap().WithZone(""), true
}
