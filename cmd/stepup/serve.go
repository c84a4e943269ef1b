package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/pages"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/server"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet/roles"
)

type serveCommand struct {
	Listen        string `help:"Address to listen on, instead of STEPUP_LISTEN." placeholder:"HOST:PORT"`
	MetricsListen string `help:"Address of the metrics listener, instead of STEPUP_METRICS_LISTEN." placeholder:"HOST:PORT"`
	BankURL       string `help:"Where the example service answers (development)." default:"http://127.0.0.1:8090"`
	ChainURL      string `help:"Where a node for development, such as anvil, answers (development)." default:"http://127.0.0.1:8545"`
}

func (c *serveCommand) Run(s *session) error {
	if c.Listen != "" {
		s.config.Listen = c.Listen
	}
	if c.MetricsListen != "" {
		s.config.MetricsListen = c.MetricsListen
	}
	if s.dev {
		return c.development(s)
	}
	if err := s.config.CheckServing(); err != nil {
		return err
	}
	if s.config.TLSCert != "" { // looked at now, so that a wrong file stops the start
		if _, err := tls.LoadX509KeyPair(s.config.TLSCert, s.config.TLSKey); err != nil {
			return fmt.Errorf("STEPUP_TLS_CERT and STEPUP_TLS_KEY must name PEM files that belong together: %w", err)
		}
	}
	s.log = slog.New(slog.NewJSONHandler(s.stderr, nil))
	if proxies := s.config.PlainHTTP(); proxies != "" {
		s.log.Warn("plain HTTP is taken from loopback and from STEPUP_TRUSTED_PROXIES only; anybody else is refused", "proxies", proxies)
	}
	settings, err := s.storeConfig()
	if err != nil {
		return err
	}
	settings.Logger = s.log // that it migrated the database, or moved the epoch, stands in its log
	db, err := store.Open(s.ctx, settings)
	if err != nil {
		return err
	}
	defer db.Close()
	mailer, err := deliver.NewSMTP(s.config.SMTPURL, s.log)
	if err != nil {
		return fmt.Errorf("STEPUP_SMTP_URL: %w", err)
	}
	made := server.Config{Production: s.config, DB: db, Mailer: mailer, Log: s.log, Pages: pages.Prompt}
	var wallets *roles.Issuer
	if s.config.WalletService.On() {
		if wallets, err = roles.Connect(s.ctx, s.config.WalletService, s.config.OutboundAllow, s.log); err != nil {
			return err
		}
		defer wallets.Close()
		made.Wallets = wallets.Wallets
	}
	if s.config.SMSURL != "" {
		if made.Texter, err = deliver.NewSMS(s.config.SMSURL, s.config.SMSSecret); err != nil {
			return err
		}
		for _, problem := range deliver.SMSProblems(s.config.SMSURL, s.config.SMSSecret) {
			s.log.Warn("text messages", "problem", problem)
		}
	}
	if err := db.Write(s.ctx, func(tx *store.Tx) error { return server.PrepareConsole(made, tx) }); err != nil {
		return fmt.Errorf("preparing the console: %w", err)
	}
	return s.serve(server.New(made), "", wallets)
}

// development serves on loopback with a database of its own, two environments,
// an inbox instead of mail, the demo app, and a token for the example service.
func (c *serveCommand) development(s *session) error {
	if !config.Loopback(s.config.Listen) {
		return fmt.Errorf("development mode shows everybody's codes, so it listens on loopback only, not on %s", s.config.Listen)
	}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return fmt.Errorf("making the development folder: %w", err)
	}
	db, err := s.openDB(false)
	if err != nil {
		return err
	}
	defer db.Close()
	s.log = newDevelopmentLog(s.stderr)
	s.config.PublicURL = "http://" + s.config.Listen
	wallets, err := roles.Development(s.ctx, filepath.Join(s.data, "wallets"), s.log, roles.Options{})
	if err != nil {
		return fmt.Errorf("starting the wallet service: %w", err)
	}
	defer wallets.Close()
	d := server.Development{BankURL: c.BankURL, ChainURL: c.ChainURL, TokenFile: filepath.Join(s.data, "example-service.token"),
		OperatorFile: filepath.Join(s.data, "demo-operator.token")}
	made, err := d.New(s.ctx, server.Config{Production: s.config, DB: db, Log: s.log, Wallets: wallets.Wallets, Pages: pages.Prompt})
	if err != nil {
		return err
	}
	words := strings.NewReplacer("HERE", server.DemoURL(s.config.PublicURL), "BANK", c.BankURL, "DATA", s.data)
	return s.serve(made, words.Replace(developmentBanner), wallets)
}

const developmentBanner = `
  ┌──────────────────────────────────────────────────────────────┐
  │  stepup in DEVELOPMENT MODE: codes are shown to everybody.   │
  │  Never use it, or its database, for real users.              │
  └──────────────────────────────────────────────────────────────┘

  Demo app          HERE/demo/
  Console           HERE/console/   (signs you in as an owner, whoever you are)
  Inbox with codes  HERE/dev/inbox
  Example service   BANK   (make run starts it too)
  Data              DATA

`

// serve prints the greeting as soon as the addresses are its own. wallets is the
// wallet service, or nil; it is stopped last.
func (s *session) serve(made *server.Server, greeting string, wallets *roles.Issuer) error {
	public, err := net.Listen("tcp", s.config.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("something listens on %s already; stop it, or choose another address with --listen", s.config.Listen)
	}
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	var metrics net.Listener
	if s.config.MetricsListen != "" {
		if metrics, err = net.Listen("tcp", s.config.MetricsListen); err != nil {
			return errors.Join(fmt.Errorf("listening for metrics: %w", err), public.Close())
		}
	}
	if _, err := io.WriteString(s.stdout, greeting); err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	s.log.Info("serving", "listen", public.Addr().String(), "public_url", s.config.PublicURL)
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	last, stopWallets := context.WithCancel(context.WithoutCancel(s.ctx))
	defer stopWallets()
	stopped := make(chan error, 1)
	go func() {
		if wallets == nil {
			stopped <- nil
			return
		}
		err := wallets.Run(last, made.Custody().Endpoints())
		stop() // a server without its wallet service is restarted with it
		stopped <- err
	}()
	err = made.Run(ctx, public, metrics)
	stopWallets()
	return errors.Join(err, <-stopped)
}

// developmentKey reads the master key of the development folder, and makes one
// only when there is none.
func (s *session) developmentKey() (*seal.Box, error) {
	path := filepath.Join(s.data, "master.key")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		key, err := seal.NewMasterKey()
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(s.data, 0o700); err != nil {
			return nil, err
		}
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, fmt.Errorf("writing the development key: %w", err)
		}
		_, err = file.WriteString(key.Reveal() + "\n")
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, fmt.Errorf("writing the development key: %w", err)
		}
		return seal.ParseMasterKey(key)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the development key: %w", err)
	}
	return seal.ParseMasterKey(secret.Text(strings.TrimSpace(string(text))))
}
