package crashtest

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/authz"
	"github.com/stepup-auth/stepup/internal/wallet/coordinator"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/guardian"
	"github.com/stepup-auth/stepup/internal/wallet/kek"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
	"github.com/stepup-auth/stepup/internal/wallet/signer"
)

// childConfig makes a copy of the test binary a role.
type childConfig struct {
	Role     wallet.Role
	Database string
	Certs    string
	Key      string        // of a custodian
	Offset   time.Duration // of the database's clock
	Address  map[wallet.Role]string
}

// command is a line on a child's standard input, each answered by one on its
// standard output.
type command struct {
	Do     string        `json:"do"`
	KillAt int           `json:"killAt,omitempty"`
	Offset time.Duration `json:"offset,omitempty"`
}

type reply struct {
	Error    string                `json:"error,omitempty"`
	Edges    []string              `json:"edges,omitempty"`
	Findings []coordinator.Finding `json:"findings,omitempty"`
	Underway int                   `json:"underway,omitempty"`
}

// lease is short: a process that is gone is gone.
const lease = 8 * time.Second

// child is one role, until its standard input ends or it is killed.
type child struct {
	config  childConfig
	edges   edges
	offset  atomic.Int64
	service *coordinator.Service
	custody *custody.Store
}

func runChild(text string) error {
	c := &child{}
	if err := json.Unmarshal([]byte(text), &c.config); err != nil {
		return err
	}
	c.offset.Store(int64(c.config.Offset))
	ctx := context.Background()
	identity, err := peer.Load(c.config.Certs, c.config.Role)
	if err != nil {
		return err
	}
	endpoints, err := c.endpoints(ctx, identity)
	if err != nil {
		return err
	}
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return err
	}
	server := peer.NewServer(identity, c.log(), endpoints...)
	server.Handler = c.edges.calls(server.Handler)
	go func() { fail(server.ServeTLS(listener, "", "")) }()
	return c.obey(ctx)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func (c *child) log() *slog.Logger {
	if os.Getenv(logEnv) == "" {
		return slog.New(slog.DiscardHandler) // a death makes much noise
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil)).With("role", c.config.Role)
}

// obey answers commands.
func (c *child) obey(ctx context.Context) error {
	say := json.NewEncoder(os.Stdout)
	if err := say.Encode(reply{}); err != nil { // ready
		return err
	}
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var order command
		if err := json.Unmarshal(line, &order); err != nil {
			return err
		}
		answer, err := c.carryOut(ctx, order)
		if err != nil {
			answer.Error = err.Error()
		}
		if err := say.Encode(answer); err != nil {
			return err
		}
	}
}

func (c *child) carryOut(ctx context.Context, order command) (r reply, err error) {
	switch order.Do {
	case "arm":
		c.edges.arm(order.KillAt)
	case "edges":
		r.Edges = c.edges.disarm()
	case "clock":
		c.offset.Store(int64(order.Offset))
	case "resume":
		err = c.service.Resume(ctx)
	case "doctor":
		var report coordinator.Report
		report, err = c.service.Doctor(ctx, nil)
		r.Findings, r.Underway = report.Findings, report.Underway
	case "sweep":
		_, err = c.custody.Sweep(ctx)
	default:
		err = fmt.Errorf("no command %q", order.Do)
	}
	return r, err
}

func (c *child) open(ctx context.Context, schema store.Schema) (*store.DB, error) {
	options := store.Config{URL: c.config.Database, Schema: schema,
		TestOnlyOffset: func() time.Duration { return time.Duration(c.offset.Load()) }}
	if c.config.Role != wallet.Coordinator { // which names its edges itself
		options.TestOnlyFault = c.edges.commits
	}
	return store.Open(ctx, options)
}

func (c *child) client(identity *peer.Identity, role wallet.Role) (*peer.Client, error) {
	return peer.NewClient(identity, role, c.config.Address[role])
}

// endpoints puts the role together.
func (c *child) endpoints(ctx context.Context, identity *peer.Identity) ([]peer.Endpoint, error) {
	if c.config.Role == wallet.Coordinator {
		return c.coordinator(ctx, identity)
	}
	root, err := kek.Open(ctx, c.config.Key)
	if err != nil {
		return nil, err
	}
	schema := guardian.Schema()
	if c.config.Role == wallet.Signer {
		schema = signer.Schema()
	}
	db, err := c.open(ctx, schema)
	if err != nil {
		return nil, err
	}
	if c.custody, err = custody.New(custody.Config{Role: c.config.Role, DB: db, Root: root}); err != nil {
		return nil, err
	}
	issuerPeer, err := c.client(identity, wallet.Issuer)
	if err != nil {
		return nil, err
	}
	issuer := authz.NewIssuer(issuerPeer, nil)
	checker := &authz.Checker{Environments: issuer, Claimer: issuer}
	if c.config.Role == wallet.Guardian {
		g, err := guardian.New(ctx,
			guardian.Config{Custody: c.custody, Root: root, Checker: checker, File: config.CustodianFile{}, Log: c.log()})
		if err != nil {
			return nil, err
		}
		return g.Endpoints(), nil
	}
	guardianPeer, err := c.client(identity, wallet.Guardian)
	if err != nil {
		return nil, err
	}
	s, err := signer.New(signer.Config{Custody: c.custody, Checker: checker, Guardian: guardian.NewClient(guardianPeer),
		File: config.CustodianFile{OfflineKey: base64.RawURLEncoding.EncodeToString(somebodysKey)}, Log: c.log()})
	if err != nil {
		return nil, err
	}
	return s.Endpoints(), nil
}

func (c *child) coordinator(ctx context.Context, identity *peer.Identity) ([]peer.Endpoint, error) {
	db, err := c.open(ctx, coordinator.Schema())
	if err != nil {
		return nil, err
	}
	signerPeer, err := c.client(identity, wallet.Signer)
	if err != nil {
		return nil, err
	}
	guardianPeer, err := c.client(identity, wallet.Guardian)
	if err != nil {
		return nil, err
	}
	s, g := signer.NewClient(signerPeer), guardian.NewClient(guardianPeer)
	c.service = coordinator.New(coordinator.Config{
		DB: db, Signer: s, Guardian: g, HTTP: http.DefaultClient, Logger: c.log(), Lease: lease,
	})
	c.service.TestOnlyEdge = c.edges.pass
	return c.service.Endpoints(), nil
}
