package faults

import (
	"io"
	"net/netip"
	"testing"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/faults/load"
	"github.com/stepup-auth/stepup/internal/server/processtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// inside starts a server in this process, on which the suites can lay hands.
func inside(t testing.TB, url string, clock *storetest.Clock) *servertest.Server {
	t.Helper()
	return servertest.Start(t, servertest.WithDatabase(url, clock), servertest.WithConfig(func(c *config.Production) {
		c.PublicURL = processtest.PublicURL
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}), servertest.WithLog(io.Discard))
}

// loadOf sets clients to work on a server of this process.
func loadOf(t testing.TB, s *servertest.Server) *load.Load {
	t.Helper()
	for _, document := range load.Documents() {
		s.Apply(t, document)
	}
	return load.Start(t, load.Options{URLs: []string{s.URL}, Guard: s.ServiceToken(t, servertest.A, []string{serviceauth.TokensConsume}),
		Auditor: s.ServiceToken(t, servertest.A, []string{serviceauth.AuditRead}), Now: s.Now})
}
