// Package roles puts the roles of the wallet service together from their
// settings, for the commands and for development mode. It decides nothing: what
// a role may be asked, and by whom, is said in the package of the role.
package roles

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

// shutdownTime is how long open calls may take when a role is stopped.
const shutdownTime = 20 * time.Second

// Process is a role that is ready to serve.
type Process struct {
	server   *http.Server
	work     []func(context.Context) // runs beside the server, until its context ends
	closings []func() error          // in the order they were opened
}

func newProcess(identity *peer.Identity, log *slog.Logger, endpoints ...peer.Endpoint) *Process {
	return &Process{server: peer.NewServer(identity, log, endpoints...)}
}

// Run serves until ctx ends, lets open calls finish, and closes everything.
func (p *Process) Run(ctx context.Context, listener net.Listener) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var working sync.WaitGroup
	for _, work := range p.work {
		working.Go(func() { work(background) })
	}
	served := make(chan error, 1)
	go func() { served <- p.server.ServeTLS(listener, "", "") }()
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		err = p.server.Shutdown(last)
		cancel()
		if serving := <-served; !errors.Is(serving, http.ErrServerClosed) {
			err = errors.Join(err, serving)
		}
	}
	stop()
	working.Wait()
	return errors.Join(err, p.Close())
}

// Close gives back what the role has opened; for one that never ran.
func (p *Process) Close() error {
	var all []error
	for i := len(p.closings) - 1; i >= 0; i-- {
		all = append(all, p.closings[i]())
	}
	p.closings = nil
	return errors.Join(all...)
}
