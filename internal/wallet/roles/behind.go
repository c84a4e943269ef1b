package roles

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/custodydoor"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/coordinator"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

// Behind is the wallet service as the issuer has it: a coordinator to ask, and a
// listener on which custodians ask back.
type Behind struct {
	Wallets api.Coordinator

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
func Connect(ctx context.Context, c config.Wallets, outboundAllow []netip.Prefix, log *slog.Logger) (_ *Behind, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	b := &Behind{log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if b.identity, err = peer.Load(c.Coordinator.Certs, wallet.Issuer); err != nil {
		return nil, err
	}
	if c.Hosts() {
		c.Coordinator.OutboundAllow = outboundAllow
		process, service, err := Coordinator(ctx, c.Coordinator, log, Options{})
		if err != nil {
			return nil, err
		}
		b.running, b.Wallets = append(b.running, running{wallet.Coordinator, process, nil}), service
	} else {
		to, err := b.client.dial(b.identity, wallet.Coordinator, c.URL)
		if err != nil {
			return nil, err
		}
		b.Wallets = coordinator.NewClient(to)
	}
	if b.custody, err = net.Listen("tcp", c.CustodyListen); err != nil {
		return nil, fmt.Errorf("listening for custodians (STEPUP_CUSTODY_LISTEN): %w", err)
	}
	return b, nil
}

// Run answers custodians until ctx ends, and runs what is hosted. It returns
// when something has failed, too.
func (b *Behind) Run(ctx context.Context, door *custodydoor.Door) error {
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
	custody := b.custody
	b.custody = nil
	start("answering custodians", func() error { return serve(ctx, door.Server(b.identity, b.log), custody) })
	for _, r := range b.running {
		start("the "+string(r.role), func() error { return r.process.Run(ctx, r.listener) })
	}
	b.running = nil
	all.Wait()
	return errors.Join(append(failed, b.Close())...)
}

// Close gives back what is open; for one that never ran.
func (b *Behind) Close() error {
	var all []error
	for _, r := range b.running {
		all = append(all, r.process.Close())
		if r.listener != nil {
			all = append(all, r.listener.Close())
		}
	}
	b.running = nil
	if b.custody != nil {
		all = append(all, b.custody.Close())
		b.custody = nil
	}
	return errors.Join(append(all, b.client.Close())...)
}
