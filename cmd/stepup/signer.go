package main

import (
	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/roles"
)

type signerCommand struct{}

func (c *signerCommand) Run(s *session) error {
	if err := roles.Harden(); err != nil { // before there is anything to hide
		return err
	}
	return s.custodian(wallet.Signer, "STEPUP_SIGNER_LISTEN", roles.Signer)
}

// custodian runs the signer or the guardian.
func (s *session) custodian(role wallet.Role, variable string, make asRole) error {
	settings, err := config.ReadCustodian(s.environ, role)
	if err != nil {
		return err
	}
	log := s.logJSON()
	process, err := make(s.ctx, settings, log, roles.Options{})
	if err != nil {
		return err
	}
	return s.run(variable, settings.Listen, process, log)
}
