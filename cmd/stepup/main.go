// Command stepup is the server and its administration: one binary, one file
// per subcommand. Everything it does to a database goes through the same
// functions as the admin API and is audited with the operator as the actor.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"os/user"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/stepup-auth/stepup/internal/adminclient"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

type commands struct {
	Dev  bool   `help:"Work on the development database instead of the one in STEPUP_DATABASE_URL."`
	Data string `help:"Folder of the development database." default:"./.stepup-dev" type:"path"`

	URL       string `name:"url" help:"Work on the server there, not on a database here; also STEPUP_URL." placeholder:"https://HOST"`
	TokenFile string `help:"File with the service token for that server; also STEPUP_TOKEN_FILE." placeholder:"FILE" type:"path"`
	CAFile    string `name:"ca-file" help:"${authorities}" placeholder:"FILE" type:"path"`

	Serve     serveCommand     `cmd:"" help:"Run the server. With --dev: everything on loopback, nothing to configure."`
	Env       envCommand       `cmd:"" help:"Environments: apply, show, set, copy, history, revert, accept, delete, list, example."`
	Readiness readinessCommand `cmd:"" help:"Say what accepting the newest API version would do: what would be refused, and to whom."`
	Policy    policyCommand    `cmd:"" help:"Policy as a text: explain, test, diff."`
	Token     tokenCommand     `cmd:"" help:"Service tokens: create, list, revoke."`
	User      userCommand      `cmd:"" help:"${users}"`
	Console   consoleCommand   `cmd:"" help:"Who may use the console: invite, list, revoke."`
	Mail      mailCommand      `cmd:"" help:"Mails: templates, preview, test."`
	External  externalCommand  `cmd:"" help:"Logins of your own: explain."`
	Keys      keysCommand      `cmd:"" help:"Keys: master, rotate."`
	Audit     auditCommand     `cmd:"" help:"The audit log: query, trail, follow, export, prune."`
	Backup    backupCommand    `cmd:"" help:"Write a backup of the database to a file."`
	Restore   restoreCommand   `cmd:"" help:"Restore a backup and void every open challenge and single-use token."`
	Migrate   migrateCommand   `cmd:"" help:"Make the database, or bring it to this version, as the start of a server does."`
	Wallet    walletCommand    `cmd:"" help:"The embedded-wallet service: serve, init, key, offline-key, offline, doctor."`
	Signer    signerCommand    `cmd:"" help:"Run the signer, the custodian that puts keys together for one operation at a time."`
	Guardian  guardianCommand  `cmd:"" help:"Run the guardian, the custodian that checks everything a second time and keeps the limits."`
	Version   versionCommand   `cmd:"" help:"Print the version and what it was built from."`
	Doctor    doctorCommand    `cmd:"" help:"Check configuration, database and durability, and say what to mend."`
}

// session is what every subcommand is given.
type session struct {
	ctx     context.Context
	stdout  io.Writer
	stderr  io.Writer
	log     *slog.Logger
	config  config.Production // of the issuer; empty for the roles of the wallet service
	environ []string
	dev     bool
	data    string

	elsewhere      elsewhere      // the server that is asked; the zero value is none
	administration administration // nil: nobody has asked for it yet
	begins         bool           // the database may be made
	close          func() error   // the database of the administration; nil: there is none
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program, for main and for tests.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c, helpWords, kong.Name("stepup"), kong.Writers(stdout, stderr), kong.Exit(func(code int) { exited = code }),
		kong.Help(printHelp),
		kong.Description("Self-hosted step-up authentication. Settings come from STEPUP_* variables; see docs/operating.md."))
	if err != nil {
		fmt.Fprintln(stderr, "stepup:", err)
		return 2
	}
	if slices.Equal(args, []string{"--version"}) { // as many programs take it; env accept has a flag of that name
		args = []string{"version"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		return misused(stderr, err)
	}
	s := &session{
		ctx: ctx, stdout: stdout, stderr: stderr, environ: environ, dev: c.Dev, data: c.Data,
		log: slog.New(slog.NewTextHandler(stderr, nil)),
	}
	if s.elsewhere, err = c.where(name(parsed.Selected()), environ); err != nil {
		fmt.Fprintln(stderr, "stepup:", err)
		return 2
	}
	if reaches[name(parsed.Selected())].elsewhere { // what others wrote speaks to no terminal
		s.stdout, s.stderr = &harmless{out: stdout}, &harmless{out: stderr}
	}
	if !c.ofWallets(parsed.Command()) { // the roles of the wallet service have settings of their own
		if s.config, err = config.Read(environ); err != nil {
			fmt.Fprintln(stderr, "stepup:", err)
			return 2
		}
	}
	err = parsed.Run(s)
	if s.close != nil {
		err = errors.Join(err, s.close())
	}
	if err != nil {
		fmt.Fprintln(s.stderr, "stepup:", message(err))
		return 1
	}
	return 0
}

func message(err error) string {
	var refused *adminclient.Refusal
	if errors.As(err, &refused) {
		return refused.Error()
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Message
	}
	return err.Error()
}

// open opens the database the settings name.
func (s *session) open() (*store.DB, error) { return s.openDB(true) }

func (s *session) openDB(mustExist bool) (*store.DB, error) {
	if s.dev && mustExist {
		if _, err := os.Stat(s.developmentFile()); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf(
				"there is no development database in %s; `make run` or `stepup serve --dev` makes one, --data names another folder", s.data)
		}
	}
	c, err := s.storeConfig()
	if err != nil {
		return nil, err
	}
	c.MustExist = mustExist
	return store.Open(s.ctx, c)
}

func (s *session) storeConfig() (store.Config, error) {
	quiet := slog.New(slog.NewTextHandler(s.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if s.dev {
		box, err := s.developmentKey()
		return store.Config{URL: "sqlite:" + s.developmentFile(), Box: box, Development: true, Logger: quiet}, err
	}
	if s.config.DatabaseURL == "" {
		return store.Config{}, errors.New("STEPUP_DATABASE_URL is not set: use sqlite:/var/lib/stepup/stepup.db or " +
			"postgres://user:password@host/db, or --dev for the development database")
	}
	if s.config.MasterKey == "" {
		return store.Config{}, errors.New(
			"STEPUP_MASTER_KEY is not set: make one with `stepup keys master`, keep it safe, and set it (or STEPUP_MASTER_KEY_FILE)")
	}
	box, err := seal.ParseMasterKey(s.config.MasterKey)
	if err != nil {
		return store.Config{}, fmt.Errorf("STEPUP_MASTER_KEY: %w", err)
	}
	return store.Config{URL: s.config.DatabaseURL.Reveal(), Box: box, Logger: quiet, MaxConns: s.config.DatabaseConnections}, nil
}

func (s *session) developmentFile() string { return filepath.Join(s.data, "stepup.db") }

// write runs one audited change as the operator.
func (s *session) write(change func(who.Caller, *store.Tx) error) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Write(s.ctx, func(tx *store.Tx) error { return change(operator(), tx) })
}

// host is what the server lends to documents, as far as this command is told.
func (s *session) host() (operate.Host, error) {
	senders, err := s.config.Senders()
	return operate.Host{Secrets: s.config.Secrets(), Senders: senders}, err
}

// operator is who the audit log names: the account the command runs under.
func operator() who.Caller {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return who.Caller{By: audit.By{Actor: "operator:" + name, RequestID: "cli"}}
}
