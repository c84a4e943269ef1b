package outbound

import (
	"net/netip"
	"slices"

	"code.dny.dev/ssrf"
)

var sixTo4 = netip.MustParsePrefix("2002::/16")

// public reports whether an address is on the public internet: of IPv4, or of the part of
// IPv6 that is handed out, and in no network that IANA sets aside. Addresses that carry
// another one inside (mapped, NAT64, 6to4) are as public as that one.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	if a.Is4() {
		return !within(ssrf.IPv4DeniedPrefixes, a)
	}
	raw := a.As16()
	switch {
	case ssrf.IPv6NAT64Prefix.Contains(a):
		return public(netip.AddrFrom4([4]byte(raw[12:16])))
	case sixTo4.Contains(a):
		return public(netip.AddrFrom4([4]byte(raw[2:6])))
	}
	return ssrf.IPv6GlobalUnicast.Contains(a) && !within(ssrf.IPv6DeniedPrefixes, a)
}

func within(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Contains(a) })
}
