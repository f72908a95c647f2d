package outbound

import (
	"errors"
	"fmt"
	"net/netip"
)

// ErrInside means that a name leads to an address that is not on the internet.
var ErrInside = errors.New("the address is not on the internet; set allow_private for an address in a private network")

// Allowed reports whether an address, "ip:port", is on the internet and may be called. The check
// follows the resolution of the name for each connection, so that a changing resolution is no way
// in.
func Allowed(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w (unreadable)", ErrInside)
	}
	if ip := ap.Addr().WithZone(""); !outside(ip) {
		return fmt.Errorf("%w (%s)", ErrInside, ip)
	}
	return nil
}

// outside reports whether an address is on the internet. An IPv6 address with an embedded IPv4
// address counts as the latter.
func outside(ip netip.Addr) bool {
	ip = ip.Unmap()
	if ip.Is6() {
		if v4, ok := carried(ip); ok {
			ip = v4
		}
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, p := range inside() {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// carried returns the address of IPv4 that NAT64 (64:ff9b::/96) or 6to4 (2002::/16)
// leads to.
func carried(ip netip.Addr) (netip.Addr, bool) {
	b := ip.As16()
	switch {
	case netip.PrefixFrom(netip.AddrFrom16([16]byte{0x00, 0x64, 0xff, 0x9b}), 96).Contains(ip):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

// inside are the non-public ranges beyond those of the standard library: loopback, private,
// link-local, multicast, unspecified.
func inside() []netip.Prefix {
	return []netip.Prefix{
		v4(0, 0, 0, 8),       // this network
		v4(100, 64, 0, 10),   // carrier-grade NAT
		v4(192, 0, 0, 24),    // protocol assignments
		v4(192, 0, 2, 24),    // documentation
		v4(192, 88, 99, 24),  // 6to4 relays
		v4(198, 18, 0, 15),   // benchmarks
		v4(198, 51, 100, 24), // documentation
		v4(203, 0, 113, 24),  // documentation
		v4(240, 0, 0, 4),     // reserved, broadcast
		v6(96),               // IPv4-compatible
		v6(48, 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01), // NAT64 of a network's own
		v6(64, 0x01, 0x00),                         // discard
		v6(23, 0x20, 0x01),                         // protocol assignments, Teredo
		v6(32, 0x20, 0x01, 0x0d, 0xb8),             // documentation
		v6(20, 0x3f, 0xff),                         // documentation
		v6(16, 0x5f, 0x00),                         // segment routing
		v6(10, 0xfe, 0xc0),                         // site-local
	}
}

func v4(a, b, c byte, bits int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b, c, 0}), bits)
}

func v6(bits int, first ...byte) netip.Prefix {
	var b [16]byte
	copy(b[:], first)
	return netip.PrefixFrom(netip.AddrFrom16(b), bits)
}
