package main

import (
	"errors"
	"fmt"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/wallet/roles"
)

type walletDoctor struct{}

func (c *walletDoctor) Run(s *session) error {
	settings, err := config.ReadCoordinator(s.environ)
	if err != nil {
		return err
	}
	process, service, err := roles.Coordinator(s.ctx, settings, s.quiet(), roles.Options{})
	if err != nil {
		return err
	}
	report, err := service.Doctor(s.ctx, nil)
	if err := errors.Join(err, process.Close()); err != nil {
		return err
	}
	for _, f := range report.Findings {
		if f.WalletID == "" {
			fmt.Fprintf(s.stdout, "PROBLEM  %s\n", f.Text)
			continue
		}
		fmt.Fprintf(s.stdout, "PROBLEM  wallet %s of environment %s: %s\n", f.WalletID, f.EnvironmentID, f.Text)
	}
	if report.Underway > 0 {
		fmt.Fprintf(s.stdout, "         %d operations are under way\n", report.Underway)
	}
	if report.Uncollected > 0 {
		fmt.Fprintf(s.stdout, "warning  %d offline shares wait here: `stepup wallet offline collect` writes them to files\n",
			report.Uncollected)
	}
	if len(report.Findings) > 0 {
		return errUnwell
	}
	fmt.Fprintf(s.stdout, "ok       %d wallets: both custodians hold them, and together they give each address\n", report.Wallets)
	return nil
}
