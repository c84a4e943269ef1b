package main

import (
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/roles"
)

type guardianCommand struct{}

func (c *guardianCommand) Run(s *session) error {
	if err := roles.Harden(); err != nil { // half a key is worth as much care
		return err
	}
	return s.custodian(wallet.Guardian, "STEPUP_GUARDIAN_LISTEN", roles.Guardian)
}
