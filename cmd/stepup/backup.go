package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/coordinator"
	"github.com/stepup-auth/stepup/internal/wallet/guardian"
	"github.com/stepup-auth/stepup/internal/wallet/signer"
)

type backupCommand struct {
	Role string `help:"Whose database: ${enum}." enum:"issuer,wallet,signer,guardian" default:"issuer"`
	File string `arg:"" help:"File to write; it must not exist yet." type:"path"`
}

func (c *backupCommand) Run(s *session) error {
	settings, err := s.storeOf(wallet.Role(c.Role))
	if err != nil {
		return err
	}
	settings.MustExist = true
	db, err := store.Open(s.ctx, settings)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Backup(s.ctx, c.File); err != nil {
		return err
	}
	if wallet.Role(c.Role) == wallet.Issuer { // whoever takes a copy of everything is on record
		err := db.Write(s.ctx, func(tx *store.Tx) error {
			return audit.Record(tx, operator().By, "backup.made", audit.Detail{"file": filepath.Base(c.File)})
		})
		if err != nil {
			return fmt.Errorf("%s was written; that it was could not be put on record: %w", c.File, err)
		}
	}
	fmt.Fprintf(s.stdout, "Wrote %s. %s\n", c.File, withoutKey[wallet.Role(c.Role)])
	return nil
}

var withoutKey = map[wallet.Role]string{
	wallet.Issuer:      "It is of no use without the master key, which is not in it.",
	wallet.Coordinator: "There is no key in it, and nothing a key could open.",
	wallet.Signer:      "It is of no use without the signer's key-encryption key, which is not in it, and without the guardian's.",
	wallet.Guardian:    "It is of no use without the guardian's key-encryption key, which is not in it, and without the signer's.",
}

type restoreCommand struct {
	OlderVersion bool `help:"Restore environments that stand at an older version, although they may have accepted a newer one since."`

	Role string `help:"Whose database: ${enum}." enum:"issuer,wallet,signer,guardian" default:"issuer"`
	File string `arg:"" help:"Backup to restore into the (empty) database the settings name."`
}

func (c *restoreCommand) Run(s *session) error {
	if err := mustBeFiles(c.File); err != nil {
		return err
	}
	settings, err := s.storeOf(wallet.Role(c.Role))
	if err != nil {
		return err
	}
	issuer := wallet.Role(c.Role) == wallet.Issuer
	var older []olderEnvironment
	judge := func(environments []store.RestoredEnvironment) error {
		if older = olderOf(environments); len(older) > 0 && !c.OlderVersion {
			return asOlder(older)
		}
		return nil
	}
	if !issuer {
		judge = nil
	}
	if err := store.Restore(s.ctx, settings, c.File, judge); err != nil {
		return err
	}
	if issuer {
		fmt.Fprintln(s.stdout, "Restored. The epoch has moved: every open challenge and single-use token from before is void.")
		for _, env := range older {
			fmt.Fprintf(s.stdout, "WARNING: %s. If it had accepted %s, type: stepup env accept %s\n", env, environment.Newest, env.id)
		}
		return nil
	}
	fmt.Fprintln(s.stdout, "Restored. Start all roles, and run `stepup wallet doctor` before anybody uses a wallet: it says whether the "+
		"databases are of one time.")
	return nil
}

// olderEnvironment is one whose rules in a backup may be older than those it had.
type olderEnvironment struct{ id, name, at string }

func (e olderEnvironment) String() string {
	return fmt.Sprintf("%s (%s) stands at %s", e.name, e.id, e.at)
}

// olderOf finds the environments that may have accepted a newer version after the
// backup was made. The database that would know is the one that is replaced.
func olderOf(environments []store.RestoredEnvironment) (older []olderEnvironment) {
	for _, restored := range environments {
		env, err := environment.Parse([]byte(restored.Document))
		switch {
		case err != nil:
			older = append(older, olderEnvironment{restored.ID, restored.Name, "a version that cannot be read"})
		case env.MinAPIVersion.Before(environment.Newest):
			older = append(older, olderEnvironment{restored.ID, restored.Name, string(env.MinAPIVersion)})
		}
	}
	return older
}

func asOlder(older []olderEnvironment) error {
	text := ""
	for _, env := range older {
		text += "\n  " + env.String()
	}
	return fmt.Errorf("environments of this backup stand at a version older than %s:%s\n"+
		"If one of them accepted it after the backup was made, restoring takes that back, and what was asked for is asked for no longer. "+
		"To restore all the same, add --older-version, and accept again before users come", environment.Newest, text)
}

// storeOf is the database that a role's settings name.
func (s *session) storeOf(role wallet.Role) (store.Config, error) {
	c := store.Config{Logger: s.quiet(), Development: s.dev}
	if s.dev && role != wallet.Issuer {
		return c, errors.New("the wallet databases of development mode are thrown away with its folder; leave --dev out")
	}
	switch role {
	case wallet.Coordinator:
		settings, err := config.ReadCoordinator(s.environ)
		c.URL, c.Schema = settings.DatabaseURL.Reveal(), coordinator.Schema()
		return c, errors.Join(err, given(c.URL, "STEPUP_WALLET_DATABASE_URL"))
	case wallet.Signer:
		settings, err := config.ReadCustodian(s.environ, role)
		c.URL, c.Schema = settings.DatabaseURL.Reveal(), signer.Schema()
		return c, errors.Join(err, given(c.URL, "STEPUP_SIGNER_DATABASE_URL"))
	case wallet.Guardian:
		settings, err := config.ReadCustodian(s.environ, role)
		c.URL, c.Schema = settings.DatabaseURL.Reveal(), guardian.Schema()
		return c, errors.Join(err, given(c.URL, "STEPUP_GUARDIAN_DATABASE_URL"))
	}
	return s.storeConfig()
}

func given(url, variable string) error {
	if url == "" {
		return fmt.Errorf("%s is not set: it names the database", variable)
	}
	return nil
}
