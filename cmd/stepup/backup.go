package main

import (
	"fmt"

	"github.com/stepup-auth/stepup/internal/store"
)

type backupCommand struct {
	File string `arg:"" help:"File to write; it must not exist yet." type:"path"`
}

func (c *backupCommand) Run(s *session) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Backup(s.ctx, c.File); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "Wrote %s. It is of no use without the master key, which is not in it.\n", c.File)
	return nil
}

type restoreCommand struct {
	File string `arg:"" help:"Backup to restore into the (empty) database the settings name." type:"existingfile"`
}

func (c *restoreCommand) Run(s *session) error {
	settings, err := s.storeConfig()
	if err != nil {
		return err
	}
	if err := store.Restore(s.ctx, settings, c.File); err != nil {
		return err
	}
	fmt.Fprintln(s.stdout, "Restored. The epoch has moved: every open challenge and single-use token from before is void.")
	return nil
}
