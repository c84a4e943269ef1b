package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/offline"
	"github.com/stepup-auth/stepup/internal/wallet/roles"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

type walletOfflineKey struct {
	File string `arg:"" help:"File to make; it must not exist yet. Keep it on no server." type:"path"`
}

func (c *walletOfflineKey) Run(s *session) error {
	public, err := offline.CreateKey(c.File)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "Wrote %s. Take it off this machine, and write into the signer's file (STEPUP_SIGNER_CONFIG):\nofflineKey: %s\n",
		c.File, public)
	return nil
}

type walletOffline struct {
	Collect walletCollect `cmd:"" help:"Write the waiting shares of offline parties to files, and forget them here."`
	Drill   walletDrill   `cmd:"" help:"Try every quorum of the shares at hand, and say which give the key of the wallet's address."`
}

type walletCollect struct {
	Dir string `arg:"" help:"Folder that the share files go to; bring it where no server is." type:"existingdir"`
}

func (c *walletCollect) Run(s *session) error {
	settings, err := config.ReadCoordinator(s.environ)
	if err != nil {
		return err
	}
	process, service, err := roles.Coordinator(s.ctx, settings, s.quiet(), roles.Options{})
	if err != nil {
		return err
	}
	collected, err := service.Collect(s.ctx, func(share wallet.OfflineShare) error {
		path, err := offline.Write(c.Dir, share)
		if err == nil {
			fmt.Fprintf(s.stdout, "Wrote %s.\n", path)
		}
		return err
	})
	if err := errors.Join(err, process.Close()); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "%d shares. They are sealed to the operator's offline key; only whoever has it opens them.\n", collected)
	return nil
}

func (s *session) quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(s.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

type walletDrill struct {
	Key   string   `help:"The operator's offline key." required:"" placeholder:"FILE"`
	With  []string `placeholder:"ROLE" help:"${drilled}"`
	Files []string `arg:"" help:"Share files of one wallet and one generation."`
}

func (c *walletDrill) Run(s *session) error {
	if err := mustBeFiles(append([]string{c.Key}, c.Files...)...); err != nil {
		return err
	}
	key, err := offline.ReadKey(c.Key)
	if err != nil {
		return err
	}
	holders := map[int]share.Pieces{}
	defer func() {
		for _, pieces := range holders {
			pieces.Wipe()
		}
	}()
	var about offline.Share
	for i, path := range c.Files {
		file, err := offline.Read(path)
		if err != nil {
			return err
		}
		opened, err := offline.Open(key, file)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if i > 0 && (opened.WalletID != about.WalletID || opened.Generation != about.Generation || opened.Scheme != about.Scheme) {
			opened.Pieces.Wipe()
			return fmt.Errorf("%s is of wallet %s, generation %d: shares are only of use together with others of their "+
				"own wallet and generation", path, opened.WalletID, opened.Generation)
		}
		about = opened
		holders[opened.Party] = opened.Pieces
	}
	for _, name := range c.With {
		parties, err := s.restored(wallet.Role(name), about)
		if err != nil {
			return fmt.Errorf("the %s: %w", name, err)
		}
		for party, pieces := range parties {
			holders[party] = pieces
		}
	}
	quorums, err := offline.Drill(about.Scheme, about.Chain, about.Address, holders)
	if err != nil {
		return err
	}
	bad := 0
	for _, q := range quorums {
		if q.Problem == "" {
			fmt.Fprintf(s.stdout, "ok       parties %s give the key of %s\n", parties(q.Parties), about.Address)
			continue
		}
		bad++
		fmt.Fprintf(s.stdout, "PROBLEM  parties %s: %s\n", parties(q.Parties), q.Problem)
	}
	if bad > 0 {
		return errUnwell
	}
	return nil
}

func parties(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = fmt.Sprint(n)
	}
	return strings.Join(words, " and ")
}

// restored opens a custodian's database and reads what its parties hold.
func (s *session) restored(role wallet.Role, about offline.Share) (map[int]share.Pieces, error) {
	if !slices.Contains([]wallet.Role{wallet.Signer, wallet.Guardian}, role) {
		return nil, errors.New("is no custodian: use signer or guardian")
	}
	settings, err := config.ReadCustodian(s.environ, role)
	if err != nil {
		return nil, err
	}
	kept, err := roles.OpenCustody(s.ctx, settings, s.quiet(), roles.Options{})
	if err != nil {
		return nil, err
	}
	defer kept.DB().Close()
	var sealed custody.Sealed
	err = kept.DB().Write(s.ctx, func(tx *store.Tx) (err error) {
		sealed, err = kept.Release(tx, about.EnvironmentID, about.WalletID, about.Generation)
		return err
	})
	if err != nil {
		return nil, err
	}
	pieces, err := kept.Open(s.ctx, sealed)
	if err != nil {
		return nil, err
	}
	defer pieces.Wipe()
	return offline.Custodian(about.Scheme, role, pieces)
}
