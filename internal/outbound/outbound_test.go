package outbound_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/outbound"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// F4: addresses of this machine, of private networks and of cloud metadata,
// however they are written.
func TestF4Addresses(t *testing.T) {
	client := outbound.NewClient(nil)
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
		"192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "localhost",
		"[::]", "[::1]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[fec0::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]",
		"[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]",
		"[2001:0:7f00:1::]", "[2001:db8::1]", "[4000::1]", "192.31.196.1", "[2620:4f:8000::1]", "[3fff::1]",
	} {
		response, err := client.Get("https://" + host + "/keys")
		if err == nil {
			response.Body.Close()
		}
		if !errors.Is(err, outbound.ErrBlocked) {
			t.Errorf("%s: %v, want it blocked", host, err)
		}
	}
}

// F4: a name that resolves to a good address for whoever asks first and to a bad
// one for whoever asks next. There is only one look-up: the socket's.
func TestF4RebindingName(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	if _, err := outbound.NewClient(nil).Get("https://localhost:" + port); !errors.Is(err, outbound.ErrBlocked) {
		t.Errorf("a name of this machine: %v", err)
	}
}

// F4: a redirect is an answer like any other; nobody follows it.
func TestF4Redirect(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/next" {
			t.Error("a redirect was followed")
		}
		http.Redirect(w, r, "/next", http.StatusFound)
	}))
	defer server.Close()
	response, err := outbound.NewClient(loopback).Get(server.URL)
	if err != nil || response.StatusCode != http.StatusFound {
		t.Fatalf("%v, %v", response, err)
	}
	response.Body.Close()
}

// F4: an operator allows networks, not more; and a proxy of the process is not asked.
func TestF4AllowedNetworks(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://203.0.113.1:1")
	t.Setenv("HTTPS_PROXY", "http://203.0.113.1:1")
	server := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 100)) }))
	defer server.Close()
	response, err := outbound.NewClient(loopback).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := outbound.ReadAll(response.Body, 99); err == nil {
		t.Errorf("an answer that is too long: %d bytes", len(text))
	}
	for name, test := range map[string]struct {
		allow []netip.Prefix
		url   string
	}{
		"no network":        {nil, server.URL},
		"another network":   {[]netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}, server.URL},
		"plain http":        {nil, "http://example.com/"},
		"plain http, name":  {loopback, "http://example.com/"},
		"another scheme":    {loopback, "ftp://127.0.0.1/"},
		"a file":            {loopback, "file:///etc/passwd"},
		"user and password": {loopback, strings.Replace(server.URL, "http://", "http://user:secret@", 1)},
	} {
		response, err := outbound.NewClient(test.allow).Get(test.url)
		if err == nil {
			response.Body.Close()
			t.Errorf("%s: reached", name)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error repeats a password: %v", name, err)
		}
	}
}

// What is on the public internet is let through, also inside NAT64 and 6to4.
func TestPublicAddresses(t *testing.T) {
	for _, text := range []string{"8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "192.0.1.1", "2606:4700::1111",
		"64:ff9b::808:808", "2002:808:808::1", "::ffff:8.8.8.8"} {
		if !outbound.Public(netip.MustParseAddr(text)) {
			t.Errorf("%s is refused", text)
		}
	}
}
