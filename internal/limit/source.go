package limit

import (
	"net/netip"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
)

// Source is a client's network address as it is counted. Whoever has one IPv6
// address has billions, so those count by the network that one customer gets,
// and all networks of one site together have ten times as much as one.
type Source struct {
	address string
	prefix  int
}

// From is the source of a request, as the environment counts it.
func From(address string, l environment.Limits) Source { return Source{address, l.IPv6Prefix} }

const (
	sitePrefix = 48 // the largest network that is given to one site
	siteTimes  = 10
)

// Network is what the address counts as: the IPv4 address, also one that an IPv6
// address holds, or the IPv6 network. What is no address counts as itself.
func (s Source) Network() string {
	network, _ := s.networks()
	return network
}

// networks are what the address counts as, and the site around that; empty:
// there is none.
func (s Source) networks() (network, site string) {
	at, err := netip.ParseAddr(s.address)
	if err != nil {
		return s.address, ""
	}
	if at = held(at.WithZone("")); at.Is4() {
		return at.String(), ""
	}
	if s.prefix > sitePrefix {
		site = netip.PrefixFrom(at, sitePrefix).Masked().String()
	}
	return netip.PrefixFrom(at, s.prefix).Masked().String(), site
}

var (
	nat64  = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the IPv4 address stands last
	sixTo4 = netip.MustParsePrefix("2002::/16")    // RFC 3056: it stands behind the prefix
)

// held is the IPv4 address that an IPv6 address was made from; any other stays.
func held(at netip.Addr) netip.Addr {
	if at = at.Unmap(); at.Is4() {
		return at
	}
	raw := at.As16()
	switch {
	case nat64.Contains(at):
		return netip.AddrFrom4([4]byte(raw[12:16]))
	case sixTo4.Contains(at):
		return netip.AddrFrom4([4]byte(raw[2:6]))
	}
	return at
}

// PerSource are the bounds of what is counted per source, the narrower first.
func PerSource(tx *store.Tx, s Source, rate environment.Rate, what string, parts ...string) []Bound {
	network, site := s.networks()
	bounds := []Bound{{Key: For(tx, what, append([]string{network}, parts...)...), Rate: rate}}
	if site != "" {
		rate.Count *= siteTimes
		bounds = append(bounds, Bound{Key: For(tx, what+"-site", append([]string{site}, parts...)...), Rate: rate})
	}
	return bounds
}
