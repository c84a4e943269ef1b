package servertest

import (
	"context"
	"testing"

	"github.com/stepup-auth/stepup/internal/server"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet/roles"
)

// WithCustodians gives the server the real wallet service, as development mode
// runs it: coordinator, signer and guardian over mutual TLS on loopback, with
// databases and keys of their own below folder. Nodes of one database need one
// service each, so this is for one node.
func WithCustodians(folder string) Option { return func(o *options) { o.custodians = folder } }

// openCustodians makes the service; the function it returns runs it for a server.
func (s *Server) openCustodians(t testing.TB, folder string, c *server.Config) (run func(ctx context.Context, running *server.Server)) {
	t.Helper()
	service, err := roles.Development(t.Context(), folder, c.Log, roles.Options{
		Now: s.Now, Store: func(c *store.Config) { c.TestOnlyOffset = s.Clock.Offset },
	})
	if err != nil {
		t.Fatalf("making the wallet service: %v", err)
	}
	c.Wallets = service.Wallets
	return func(ctx context.Context, running *server.Server) {
		stopped := make(chan error, 1)
		go func() { stopped <- service.Run(ctx, running.Custody().Endpoints()) }()
		t.Cleanup(func() {
			if err := <-stopped; err != nil {
				t.Errorf("stopping the wallet service: %v", err)
			}
		})
	}
}
