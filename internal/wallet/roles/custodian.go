package roles

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/authz"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/guardian"
	"github.com/stepup-auth/stepup/internal/wallet/kek"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
	"github.com/stepup-auth/stepup/internal/wallet/signer"
)

// helloTime bounds the first call of the guardian when the signer starts.
const helloTime = 5 * time.Second

// OpenCustody opens what a custodian keeps, and nothing else of it: its database
// with its key. Close the database after use.
func OpenCustody(ctx context.Context, c config.Custodian, log *slog.Logger, o Options) (*custody.Store, error) {
	k := &keeping{}
	if err := k.open(ctx, c, log, o); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k.custody, nil
}

// keeping is what both custodians are made of.
type keeping struct {
	Process
	identity *peer.Identity
	file     config.CustodianFile
	root     kek.Key
	custody  *custody.Store
	checker  *authz.Checker
}

func (k *keeping) open(ctx context.Context, c config.Custodian, log *slog.Logger, o Options) (err error) {
	if k.file, err = c.ReadFile(); err != nil {
		return err
	}
	if k.root, err = kek.Open(ctx, c.Key); err != nil {
		return fmt.Errorf("the %s's key: %w", c.Role, err)
	}
	var former []kek.Key
	for _, uri := range k.file.FormerKeys {
		key, err := kek.Open(ctx, uri)
		if err != nil {
			return fmt.Errorf("formerKeys: %w", err)
		}
		former = append(former, key)
	}
	db, err := store.Open(ctx, o.store(c.DatabaseURL.Reveal(), schemas[c.Role](), log))
	if err != nil {
		return fmt.Errorf("the %s's database: %w", c.Role, err)
	}
	k.closing(db.Close)
	k.custody, err = custody.New(custody.Config{
		Role: c.Role, DB: db, Root: k.root, Former: former, Retention: time.Duration(k.file.Retention),
		Grace: time.Duration(k.file.DeleteGrace),
	})
	if err != nil || len(former) == 0 {
		return err
	}
	moved, err := k.custody.Rewrap(ctx, audit.By{Actor: "system"})
	if err != nil {
		return fmt.Errorf("wrapping anew what is under a former key: %w", err)
	}
	log.Info("everything is wrapped under the key in force: formerKeys can be removed", "environments", moved)
	return nil
}

var schemas = map[wallet.Role]func() store.Schema{wallet.Signer: signer.Schema, wallet.Guardian: guardian.Schema}

// keep opens all that a custodian needs before it serves.
func keep(ctx context.Context, c config.Custodian, log *slog.Logger, o Options) (_ *keeping, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	k := &keeping{}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.Close())
		}
	}()
	if k.identity, err = peer.Load(c.Certs, c.Role); err != nil {
		return nil, err
	}
	if err := k.open(ctx, c, log, o); err != nil {
		return nil, err
	}
	issuer, err := k.dial(k.identity, wallet.Issuer, c.CustodyURL)
	if err != nil {
		return nil, err
	}
	asked := authz.NewIssuer(issuer, o.now())
	k.checker = &authz.Checker{Environments: asked, Claimer: asked, Now: o.now()}
	return k, nil
}

// Signer makes a signer. It is refused a start with the guardian's own root key;
// a guardian that does not answer yet is asked again with every operation.
func Signer(ctx context.Context, c config.Custodian, log *slog.Logger, o Options) (_ *Process, err error) {
	k, err := keep(ctx, c, log, o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.Close())
		}
	}()
	other, err := k.dial(k.identity, wallet.Guardian, c.GuardianURL)
	if err != nil {
		return nil, err
	}
	s, err := signer.New(signer.Config{Custody: k.custody, Checker: k.checker, Guardian: guardian.NewClient(other), File: k.file, Log: log})
	if err != nil {
		return nil, err
	}
	if !o.Development { // there, the guardian does not serve before the signer is made
		if err := greet(ctx, s, log); err != nil {
			return nil, err
		}
	}
	k.server = peer.NewServer(k.identity, log, s.Endpoints()...)
	k.work = append(k.work, s.Run)
	return &k.Process, nil
}

func greet(ctx context.Context, s *signer.Server, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, helloTime)
	defer cancel()
	err := s.Hello(ctx)
	if fault.Has(err, fault.WalletServiceUnsafe) {
		return fmt.Errorf("signer and guardian have the same key-encryption key, so that whoever has it has both shares: give each its "+
			"own, made by `stepup wallet key`: %w", err)
	}
	if err != nil {
		log.Warn("the guardian does not answer yet; it is asked again with every operation", "error", err)
	}
	return nil
}

// Guardian makes a guardian.
func Guardian(ctx context.Context, c config.Custodian, log *slog.Logger, o Options) (_ *Process, err error) {
	k, err := keep(ctx, c, log, o)
	if err != nil {
		return nil, err
	}
	s, err := guardian.New(ctx, guardian.Config{Custody: k.custody, Root: k.root, Checker: k.checker, File: k.file, Log: log})
	if err != nil {
		return nil, errors.Join(err, k.Close())
	}
	k.server = peer.NewServer(k.identity, log, s.Endpoints()...)
	k.work = append(k.work, s.Run)
	return &k.Process, nil
}
