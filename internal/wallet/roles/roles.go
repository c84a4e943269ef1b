// Package roles puts the roles of the wallet service together from their
// settings, for the commands, for development mode and for tests. It decides
// nothing: what a role may be asked, and by whom, is said in the role's package.
package roles

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
)

// shutdownTime is how long open calls may take when a role is stopped.
const shutdownTime = 20 * time.Second

// Options are what tests and development mode change.
type Options struct {
	Development bool                // databases are playthings
	Now         func() time.Time    // nil: the machine's clock
	Store       func(*store.Config) // nil: nothing to add
}

func (o Options) store(url string, schema store.Schema, log *slog.Logger) store.Config {
	c := store.Config{URL: url, Schema: schema, Development: o.Development, Logger: log}
	if o.Store != nil {
		o.Store(&c)
	}
	return c
}

func (o Options) now() func() time.Time {
	if o.Now == nil {
		return time.Now
	}
	return o.Now
}

// Process is a role that is ready to serve.
type Process struct {
	server   *http.Server
	work     []func(context.Context) // runs beside the server, until its context ends
	closings []func() error          // in the order they were opened
}

// Run serves until ctx ends, lets open calls finish, and closes everything. Without
// a listener only what runs beside the server does.
func (p *Process) Run(ctx context.Context, listener net.Listener) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var working sync.WaitGroup
	for _, work := range p.work {
		working.Go(func() { work(background) })
	}
	err := serve(ctx, p.server, listener)
	stop()
	working.Wait()
	return errors.Join(err, p.Close())
}

// serve answers on the listener until ctx ends and open calls are done.
func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	if listener == nil {
		<-ctx.Done()
		return nil
	}
	served := make(chan error, 1)
	go func() { served <- server.ServeTLS(listener, "", "") }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	err := server.Shutdown(last)
	if serving := <-served; !errors.Is(serving, http.ErrServerClosed) {
		err = errors.Join(err, serving)
	}
	return err
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

// closing notes what to give back.
func (p *Process) closing(f func() error) { p.closings = append(p.closings, f) }
