package roles

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/outbound"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/coordinator"
	"github.com/stepup-auth/stepup/internal/wallet/guardian"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
	"github.com/stepup-auth/stepup/internal/wallet/signer"
)

// Coordinator makes a coordinator: the process that serves it, and the service
// for whoever hosts it.
func Coordinator(ctx context.Context, c config.Coordinator, log *slog.Logger, o Options) (_ *Process, _ *coordinator.Service, err error) {
	if err := c.Check(); err != nil {
		return nil, nil, err
	}
	p := &Process{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	identity, err := peer.Load(c.Certs, wallet.Coordinator)
	if err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, o.store(c.DatabaseURL.Reveal(), coordinator.Schema(), log))
	if err != nil {
		return nil, nil, fmt.Errorf("the coordinator's database: %w", err)
	}
	p.closing(db.Close)
	toSigner, err := p.dial(identity, wallet.Signer, c.SignerURL)
	if err != nil {
		return nil, nil, err
	}
	toGuardian, err := p.dial(identity, wallet.Guardian, c.GuardianURL)
	if err != nil {
		return nil, nil, err
	}
	s, g := signer.NewClient(toSigner), guardian.NewClient(toGuardian)
	service := coordinator.New(coordinator.Config{DB: db, Signer: s, Guardian: g,
		HTTP: outbound.NewClient(c.OutboundAllow), Logger: log})
	p.server = peer.NewServer(identity, log, service.Endpoints()...)
	p.work = append(p.work, service.Run)
	return p, service, nil
}

func (p *Process) dial(identity *peer.Identity, role wallet.Role, address string) (*peer.Client, error) {
	client, err := peer.NewClient(identity, role, address)
	if err == nil {
		p.closing(func() error { client.Close(); return nil })
	}
	return client, err
}
