package attack_test

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
)

// writer may change documents, and weaken none.
func (s scene) writer(t testing.TB, environment string) func(document string) servertest.Response {
	t.Helper()
	token := servertest.Bearer(s.ServiceToken(t, environment, []string{serviceauth.EnvironmentsRead, serviceauth.EnvironmentsWrite}))
	token.Set("Content-Type", "application/yaml")
	return func(document string) servertest.Response {
		t.Helper()
		id, _, _ := strings.Cut(strings.TrimPrefix(document, "id: "), "\n")
		return s.Do(t, "PUT", servertest.Admin(url.PathEscape(id)), token, document)
	}
}

// Each step takes something away from the people of an environment, in a way that
// hides: a preset beside a floor, a second factor that is weaker than the one
// there was, a name that is somebody else's, a chain under another one's name.
func TestL14HiddenWeakening(t *testing.T) {
	t.Parallel()
	s := start(t)
	apply := s.writer(t, servertest.A)
	plain := servertest.Document(servertest.A, "")
	scopes := func(entry string) string {
		return strings.Replace(plain, `audience: "https://bank.example"}`, `audience: "https://bank.example"`+entry+`}`, 1)
	}
	methods := func(list string) string {
		return plain + "passkeys: {rpId: a.example, origins: [https://a.example]}\nmfa: {methods: [" + list + "]}\n"
	}
	network := func(entry string) string {
		return plain + "embeddedWallets: {networks: [{name: Main, rpc: https://rpc.example, chain: EVM, " + entry + "}]}\n"
	}
	provider := func(entry string) string {
		return plain + "providers: [{provider: acme, issuer: https://login.example, clientId: a" + entry + "}]\n"
	}
	passkeys := "{type: passkey, enabled: true, allowBackupCodes: false}"
	for _, step := range []struct{ name, old, next string }{
		{"the preset of a floor is gone", scopes(", floor: {preset: asvs-l3}"), plain},
		{"the floor is gone", scopes(`, floor: {withoutMfa: "urn:stepup:mfa"}`), plain},
		{"apps beside passkeys", methods(passkeys), methods(passkeys + ", {type: totp, enabled: true, allowBackupCodes: false}")},
		{"recovery codes beside passkeys", methods(passkeys), methods("{type: passkey, enabled: true, allowBackupCodes: true}")},
		{"another name", plain, strings.Replace(plain, "name: Environment a", "name: Example Bank", 1)},
		{"another name in mails", plain, plain + "mail: {appName: Example Bank}\n"},
		{"a chain under another's name", network("chainId: 1"), network("chainId: 137")},
		{"a secret for a provider", provider(""), provider(", clientSecret: {env: PROVIDER}")},
		{"another secret for a provider", provider(", clientSecret: {env: PROVIDER}"), provider(", clientSecret: {env: OTHER}")},
		{"a provider's token endpoint", provider(""), provider(", endpoints: {token: https://evil.example/token}")},
		{"a provider's own endpoint again", provider(", endpoints: {token: https://login.example/token}"), provider("")},
	} {
		s.Apply(t, step.old)
		if got := apply(step.next); got.Status != 403 || got.Code != "insufficient_service_scope" {
			t.Errorf("%s: %d %s\n%s", step.name, got.Status, got.Code, got.Body)
		}
	}
}

// elsewhere is a listener whose connections come from wherever the test says.
type elsewhere struct {
	net.Listener
	from *atomic.Pointer[net.TCPAddr]
}

func (e elsewhere) Accept() (net.Conn, error) {
	conn, err := e.Listener.Accept()
	return farConn{conn, e.from.Load()}, err
}

type farConn struct {
	net.Conn
	from *net.TCPAddr
}

func (c farConn) RemoteAddr() net.Addr { return c.from }

// A proxy is named; that makes nobody else's plain HTTP good, whatever it says
// about itself.
func TestL13PlainHTTPPerConnection(t *testing.T) {
	t.Parallel()
	from := &atomic.Pointer[net.TCPAddr]{}
	from.Store(&net.TCPAddr{IP: net.IPv6loopback, Port: 1})
	s := start(t,
		servertest.WithListener(func(l net.Listener) net.Listener { return elsewhere{l, from} }),
		servertest.WithConfig(func(p *config.Production) {
			p.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::7/128")}
		}))
	for _, peer := range []struct {
		from    string
		trusted bool
	}{
		{"127.0.0.1", true}, {"127.9.9.9", true}, {"::1", true}, {"::ffff:127.0.0.1", true},
		{"10.0.0.1", true}, {"::ffff:10.0.0.1", true}, {"fd00::7", true},
		{"11.0.0.1", false}, {"203.0.113.9", false}, {"::ffff:203.0.113.9", false}, {"fd00::8", false}, {"fe80::1%eth0", false}, {"192.168.0.1", false},
		{"64:ff9b::a00:1", false}, {"2002:a00:1::", false}, {"::10.0.0.1", false}, {"0.0.0.0", false}, {"::", false},
	} {
		address := netip.MustParseAddr(peer.from)
		from.Store(&net.TCPAddr{IP: address.WithZone("").AsSlice(), Zone: address.Zone(), Port: 4711})
		for _, claim := range []http.Header{
			{}, {"X-Forwarded-Proto": {"https"}, "X-Forwarded-For": {"10.0.0.1"}, "Forwarded": {"for=10.0.0.1;proto=https"}}, {"X-Forwarded-For": {"127.0.0.1"}, "X-Real-Ip": {"127.0.0.1"}},
		} {
			header := claim.Clone()
			header.Set("Connection", "close")
			path := sdk("/settings")
			want, code := 200, ""
			if !peer.trusted {
				want, code = 403, "https_required"
			}
			if got := s.Do(t, "GET", path, header, nil); got.Status != want || got.Code != code {
				t.Errorf("from %s with %v: %d %s, want %d", peer.from, claim, got.Status, got.Code, want)
			}
			for _, open := range []string{"/healthz", "/readyz"} {
				if got := s.Do(t, "GET", open, header, nil); got.Status != 200 {
					t.Errorf("%s from %s: %d", open, peer.from, got.Status)
				}
			}
			for _, odd := range []string{"/healthz/", "/healthz/../api", "//healthz", "/readyz/x", "/.well-known/webauthn", "/api/v0/admin/environments"} {
				if got := s.Do(t, "GET", odd, header, nil); !peer.trusted && got.Code != "https_required" {
					t.Errorf("%s from %s: %d %s", odd, peer.from, got.Status, got.Code)
				}
			}
		}
	}
}
