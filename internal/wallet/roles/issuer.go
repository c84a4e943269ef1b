package roles

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/coordinator"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

// Issuer is the issuer's side of the wallet service: a coordinator to ask, and a
// listener on which custodians ask back.
type Issuer struct {
	Wallets wallet.Service

	log      *slog.Logger
	identity *peer.Identity
	custody  net.Listener
	running  []running // roles in this very process
	client   Process   // what is open to another process
}

type running struct {
	role     wallet.Role
	process  *Process
	listener net.Listener // nil: nobody calls it but this process
}

// Connect is the wallet service of `stepup serve`: a coordinator elsewhere, or
// one that it hosts.
func Connect(ctx context.Context, c config.Wallets, outboundAllow []netip.Prefix, log *slog.Logger) (_ *Issuer, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	i := &Issuer{log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, i.Close())
		}
	}()
	if i.identity, err = peer.Load(c.Coordinator.Certs, wallet.Issuer); err != nil {
		return nil, err
	}
	if c.Hosts() {
		c.Coordinator.OutboundAllow = outboundAllow
		process, service, err := Coordinator(ctx, c.Coordinator, log, Options{})
		if err != nil {
			return nil, err
		}
		i.running, i.Wallets = append(i.running, running{wallet.Coordinator, process, nil}), service
	} else {
		to, err := i.client.dial(i.identity, wallet.Coordinator, c.URL)
		if err != nil {
			return nil, err
		}
		i.Wallets = coordinator.NewClient(to)
	}
	if i.custody, err = net.Listen("tcp", c.CustodyListen); err != nil {
		return nil, fmt.Errorf("listening for custodians (STEPUP_CUSTODY_LISTEN): %w", err)
	}
	return i, nil
}

// Run gives custodians these answers until ctx ends, and runs what is hosted. It
// returns when something has failed, too.
func (i *Issuer) Run(ctx context.Context, answers []peer.Endpoint) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		failed []error
	)
	start := func(name string, run func() error) {
		all.Go(func() {
			defer stop()
			if err := run(); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	custody := i.custody
	i.custody = nil
	start("answering custodians", func() error { return serve(ctx, peer.NewServer(i.identity, i.log, answers...), custody) })
	for _, r := range i.running {
		start("the "+string(r.role), func() error { return r.process.Run(ctx, r.listener) })
	}
	i.running = nil
	all.Wait()
	return errors.Join(append(failed, i.Close())...)
}

// Close gives back what is open; for one that never ran.
func (i *Issuer) Close() error {
	var all []error
	for _, r := range i.running {
		all = append(all, r.process.Close())
		if r.listener != nil {
			all = append(all, r.listener.Close())
		}
	}
	i.running = nil
	if i.custody != nil {
		all = append(all, i.custody.Close())
		i.custody = nil
	}
	return errors.Join(append(all, i.client.Close())...)
}
