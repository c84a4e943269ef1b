package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"syscall"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/roles"
)

type walletCommand struct {
	Serve      walletServe      `cmd:"" default:"1" help:"Run the coordinator; what plain 'stepup wallet' does."`
	Init       walletInit       `cmd:"" help:"Make the certificates of the wallet service, and say which go to which machine."`
	Key        walletKey        `cmd:"" help:"Make a custodian's key-encryption key in a file. Signer and guardian each have their own."`
	OfflineKey walletOfflineKey `cmd:"" help:"Make the operator's offline key, which the shares of offline parties are sealed to."`
	Offline    walletOffline    `cmd:"" help:"Shares of offline parties: collect, drill."`

	Doctor walletDoctor `cmd:"" help:"Check every wallet: both custodians hold it, its key can be put together, nothing is left over."`
}

// ofWallets reports whether a command is of a role that reads settings of its
// own, or reads none.
func (c *commands) ofWallets(command string) bool {
	switch strings.Fields(command)[0] {
	case "wallet", "signer", "guardian", "version":
		return true
	case "backup":
		return c.Backup.Role != string(wallet.Issuer)
	case "restore":
		return c.Restore.Role != string(wallet.Issuer)
	}
	return false
}

type walletServe struct{}

func (c *walletServe) Run(s *session) error {
	settings, err := config.ReadCoordinator(s.environ)
	if err != nil {
		return err
	}
	log := s.logJSON()
	process, _, err := roles.Coordinator(s.ctx, settings, log, roles.Options{})
	if err != nil {
		return err
	}
	return s.run("STEPUP_WALLET_LISTEN", settings.Listen, process, log)
}

func (s *session) logJSON() *slog.Logger { return slog.New(slog.NewJSONHandler(s.stderr, nil)) }

// run serves a role on the address that a variable names.
func (s *session) run(variable, address string, process *roles.Process, log *slog.Logger) error {
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("something listens on %s already: stop it, or choose another address with %s", address, variable)
	}
	if err != nil {
		return errors.Join(err, process.Close())
	}
	log.Info("serving", "listen", listener.Addr().String())
	return process.Run(s.ctx, listener)
}

// asRole is how a custodian is made from its settings.
type asRole func(context.Context, config.Custodian, *slog.Logger, roles.Options) (*roles.Process, error)
