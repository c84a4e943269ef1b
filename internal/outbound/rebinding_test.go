package outbound_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/stepup-auth/stepup/internal/outbound"
)

// nameServer answers every question for an IPv4 address with what answers says
// of its number, and returns a resolver that asks nobody else.
func nameServer(t *testing.T, answers func(question int64) []netip.Addr) *net.Resolver {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	var asked atomic.Int64
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := socket.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				for _, a := range answers(asked.Add(1)) {
					m.Answers = append(m.Answers, dnsmessage.Resource{
						Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
						Body:   &dnsmessage.AResource{A: a.As4()},
					})
				}
			}
			if text, err := m.Pack(); err == nil {
				_, _ = socket.WriteTo(text, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
}

// F4: a name server of the attacker's shows a public address to whoever looks
// first and this machine's to whoever connects; or both in one answer.
func TestF4RebindingServer(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	good, bad := netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("127.0.0.1")

	resolver := nameServer(t, func(question int64) []netip.Addr {
		if question == 1 {
			return []netip.Addr{good}
		}
		return []netip.Addr{bad}
	})
	if seen, err := resolver.LookupNetIP(t.Context(), "ip4", "keys.evil.example"); err != nil || len(seen) != 1 ||
		!outbound.Public(seen[0]) {
		t.Fatalf("what a check beforehand sees: %v, %v", seen, err)
	}
	if _, err := outbound.NewClientAsking(nil, resolver).Get("https://keys.evil.example:" + port); !errors.Is(err, outbound.ErrBlocked) {
		t.Errorf("after rebinding: %v, want it blocked", err)
	}

	both := nameServer(t, func(int64) []netip.Addr {
		return []netip.Addr{bad, netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("10.0.0.1")}
	})
	if _, err := outbound.NewClientAsking(nil, both).Get("https://keys.evil.example:" + port); !errors.Is(err, outbound.ErrBlocked) {
		t.Errorf("several bad addresses: %v, want it blocked", err)
	}
}
