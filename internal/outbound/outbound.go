// Package outbound is the only way the server fetches addresses that a tenant's
// document names: key sets, identity providers, chain nodes. Its invariant: no
// such request ever reaches an address of this machine or of a private network,
// whatever name resolves to it, unless the operator allows that network. The
// address is judged when it is dialled, after every look-up, so that a name
// cannot show one address to the judge and another to the socket.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// Limits of every request. They are documented in docs/limits.md.
const (
	Time        = 10 * time.Second // for the whole exchange
	MaxResponse = 1 << 20          // bytes of an answer that [ReadAll] takes
	dialTime    = 3 * time.Second
	headerTime  = 5 * time.Second
	maxHeader   = 32 << 10
	maxIdle     = 2 // connections kept per host
)

// ErrBlocked says that an address must not be reached.
var ErrBlocked = errors.New("address is not on the public internet: add its network to STEPUP_OUTBOUND_ALLOW if it is meant")

// NewClient makes a client that reaches the public internet and the allowed
// networks. It follows no redirect, uses no proxy and sends no cookie. Outside
// the allowed networks it insists on https.
func NewClient(allow []netip.Prefix) *http.Client { return newClient(allow, nil) }

func newClient(allow []netip.Prefix, resolver *net.Resolver) *http.Client {
	f := filter{allow: allow}
	dialer := &net.Dialer{Timeout: dialTime, ControlContext: f.control, Resolver: resolver}
	return &http.Client{
		Timeout: Time,
		Transport: &httpsOnly{filter: f, next: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: dialTime, ResponseHeaderTimeout: headerTime,
			MaxResponseHeaderBytes: maxHeader, MaxIdleConnsPerHost: maxIdle, IdleConnTimeout: time.Minute,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ReadAll reads an answer that is no longer than limit bytes.
func ReadAll(body io.Reader, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("answer is longer than %d bytes", limit)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}

type filter struct{ allow []netip.Prefix }

// control judges the address of a socket right before it connects.
func (f filter) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%s %s: %w", network, address, ErrBlocked)
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil || !f.reachable(at.Addr()) {
		return fmt.Errorf("%s: %w", address, ErrBlocked)
	}
	return nil
}

func (f filter) reachable(a netip.Addr) bool { return f.allowed(a) || public(a) }

func (f filter) allowed(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, network := range f.allow {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// httpsOnly refuses plain http, except to a literal address (or localhost) of
// an allowed network: what travels there can be read and changed on the way.
type httpsOnly struct {
	filter filter
	next   http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (h *httpsOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := h.check(r.URL); err != nil {
		return nil, err
	}
	return h.next.RoundTrip(r)
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] through.
func (h *httpsOnly) CloseIdleConnections() {
	if t, ok := h.next.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

func (h *httpsOnly) check(u *url.URL) error {
	switch {
	case u.User != nil:
		return errors.New("address carries a user name: remove it")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && u.Hostname() == "localhost" && h.filter.allowed(netip.AddrFrom4([4]byte{127, 0, 0, 1})):
		return nil
	case u.Scheme == "http":
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && h.filter.allowed(a) {
			return nil
		}
	}
	return fmt.Errorf("%s: use https; plain http goes only to networks in STEPUP_OUTBOUND_ALLOW", u.Scheme)
}
