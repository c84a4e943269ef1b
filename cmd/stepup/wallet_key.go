package main

import (
	"fmt"

	"github.com/stepup-auth/stepup/internal/wallet/kek"
)

type walletKey struct {
	File string `arg:"" help:"File to make; it must not exist yet." type:"path"`
}

func (c *walletKey) Run(s *session) error {
	id, err := kek.CreateFile(c.File)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "Made key %s. Set STEPUP_SIGNER_KEY or STEPUP_GUARDIAN_KEY to file:%s, never both to the same key, and keep\n"+
		"a copy where no backup of the database is: without it every wallet is lost.\n", id, c.File)
	return nil
}
