package waas_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/waas"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/who"
)

// service stands for the wallet service, with one wallet of one user.
type service struct {
	wallet.Service
	owner    string
	wallets  int
	refuses  error                    // what Prepare says
	outcome  error                    // what Perform says
	performs func(wallet.Credentials) // runs in Perform
}

const walletID = "3e7a2f60-6a5b-4a0a-9c0e-0c9f6b1c6f01"

func (s *service) one() wallet.Wallet {
	return wallet.Wallet{ID: walletID, EnvironmentID: tenanttest.ID, UserID: s.owner, Chain: wallet.EVM, State: wallet.Active,
		Address: "0x0000000000000000000000000000000000000001", Scheme: wallet.TwoOfTwo, Generation: 1}
}

func (s *service) Wallet(_ context.Context, _, userID, id string) (wallet.Wallet, error) {
	if userID != s.owner || id != walletID {
		return wallet.Wallet{}, fault.New(fault.WalletNotFound, "none")
	}
	return s.one(), nil
}

func (s *service) Wallets(context.Context, string, string) ([]wallet.Wallet, error) {
	return make([]wallet.Wallet, s.wallets), nil
}

func (s *service) Prepare(context.Context, wallet.Operation) (wallet.Wallet, error) {
	return s.one(), s.refuses
}

func (s *service) Perform(_ context.Context, o wallet.Operation, by wallet.Credentials) (wallet.Outcome, error) {
	if s.performs != nil {
		s.performs(by)
	}
	return wallet.Outcome{OperationID: o.ID, Wallet: s.one()}, s.outcome
}

const embedded = "embeddedWallets: {enabled: true, perUser: 3}"

func start(w *tenanttest.World, owner store.SessionRow) (*service, waas.Desk) {
	s := &service{owner: owner.UserID}
	return s, waas.Desk{DB: w.DB, Wallets: s, Now: w.Now}
}

// carry has one operation on the wallet done.
func carry(t testing.TB, d waas.Desk, c who.Caller, a waas.Ask) error {
	t.Helper()
	a.WalletID = walletID
	p, err := d.Understand(t.Context(), c, a, waas.Nothing())
	if err != nil {
		return err
	}
	authorised, err := d.Authorise(t.Context(), c, p, enforce.Demand{Scope: p.Scope()})
	if err != nil {
		return err
	}
	_, err = d.Perform(t.Context(), c, authorised)
	return err
}

// Nothing reaches the wallet service before the operation is on record with the token
// that opened its gate, and what a refusal stops costs no token.
func TestRecordComesFirst(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(embedded), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		s, desk := start(w, ada)
		refresh := waas.Ask{OperationID: "op", Action: wallet.Restore}
		performed := 0
		s.performs = func(by wallet.Credentials) {
			performed++
			if n := w.Count(t, `SELECT COUNT(*) FROM wallet_operations WHERE token_id <> ''`); n != 1 {
				t.Errorf("%d operations on record", n)
			}
			if by.Ticket == "" || by.ElevatedToken == "" {
				t.Error("custodians get no ticket or no token")
			}
		}
		if err := carry(t, desk, w.Caller(t, ada, ""), refresh); !fault.Has(err, fault.ElevatedTokenRequired) || performed != 0 {
			t.Errorf("without a token: %v, performed %d times", err, performed)
		}
		text := w.Elevate(t, ada, "ada@example.com", stepup.WalletRestore)
		s.refuses = fault.New(fault.Conflict, "not now")
		if err := carry(t, desk, w.Caller(t, ada, text), refresh); !fault.Has(err, fault.Conflict) || performed != 0 {
			t.Errorf("the service refuses beforehand: %v, performed %d times", err, performed)
		}
		s.refuses = nil
		bob := w.SignIn(t, "bob@example.com")
		if err := carry(t, desk, w.Caller(t, bob, text), refresh); !fault.Has(err, fault.WalletNotFound) || performed != 0 {
			t.Errorf("somebody else: %v, performed %d times", err, performed)
		}
		if err := carry(t, desk, w.Caller(t, ada, text), refresh); err != nil || performed != 1 {
			t.Errorf("%v, performed %d times", err, performed)
		}
		if n := w.Audited(t, "wallet.restore.finished"); n != 1 {
			t.Errorf("finished %d times", n)
		}
	})
}

// An operation of which nobody can tell what came is the same one when it is asked for
// again: it needs no second token, and its result is recorded once.
func TestAgain(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(embedded), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		s, desk := start(w, ada)
		c := w.Caller(t, ada, w.Elevate(t, ada, "ada@example.com", stepup.WalletRestore))
		s.outcome = fault.New(fault.Unavailable, "away")
		asked := waas.Ask{OperationID: "op", Action: wallet.Restore}
		if err := carry(t, desk, c, asked); !fault.Has(err, fault.OutcomeUnknown) {
			t.Fatalf("the service is away: %v", err)
		}
		s.outcome, s.refuses, asked.Again = nil, fault.New(fault.Conflict, "it is under way"), true
		for range 2 {
			if err := carry(t, desk, w.Caller(t, ada, ""), asked); err != nil {
				t.Errorf("again: %v", err)
			}
		}
		if n := w.Audited(t, "token.consumed"); n != 1 {
			t.Errorf("%d tokens spent", n)
		}
		if n := w.Count(t, `SELECT COUNT(*) FROM wallet_operations`); n != 1 {
			t.Errorf("%d operations", n)
		}
	})
}

// The limit of wallets counts those that are being made; where nothing keeps wallets,
// all is refused.
func TestOffer(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document(embedded, "sessions: {lifetime: 3d, idle: 3d}"))
	ada := w.SignIn(t, "ada@example.com")
	s, desk := start(w, ada)
	create := func(id string, r wallet.CreateRequest) error {
		p, err := desk.Create(t.Context(), w.Caller(t, ada, ""), waas.Ask{OperationID: id, WalletID: id, Action: wallet.Create}, r)
		if err == nil {
			_, err = desk.Authorise(t.Context(), w.Caller(t, ada, ""), p, enforce.Demand{})
		}
		return err
	}
	for name, test := range map[string]struct {
		request wallet.CreateRequest
		want    fault.Code
	}{
		"no such chain":      {request: wallet.CreateRequest{Chain: "BTC"}, want: fault.ChainNotSupported},
		"a scheme not there": {request: wallet.CreateRequest{Chain: wallet.EVM, Scheme: "ONE_OF_ONE"}, want: fault.InvalidRequest},
	} {
		if err := create(name, test.request); !fault.Has(err, test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	s.wallets = 1
	for i, want := range []bool{true, true, false} {
		err := create([]string{"a", "b", "c"}[i], wallet.CreateRequest{Chain: wallet.EVM})
		if (err == nil) != want || err != nil && !fault.Has(err, fault.TooManyWallets) {
			t.Errorf("wallet %d of the user: %v", i+2, err)
		}
	}
	w.Clock.Advance(2 * time.Hour) // by now the service would list what was made
	if err := create("d", wallet.CreateRequest{Chain: wallet.EVM}); err != nil {
		t.Errorf("two that never came to be: %v", err)
	}
	for name, none := range map[string]waas.Desk{"no service": {DB: w.DB, Now: w.Now}} {
		if err := none.Open(w.Caller(t, ada, "")); !fault.Has(err, fault.WalletServiceOff) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.Apply(t, tenanttest.Document())
	if err := desk.Open(w.Caller(t, ada, "")); !fault.Has(err, fault.WalletServiceOff) {
		t.Errorf("switched off: %v", err)
	}
}

func TestWithoutAWalletServiceTheOperatorIsToldWhatToRead(t *testing.T) {
	err := waas.Desk{}.Open(who.Caller{})
	page := regexp.MustCompile(`docs/[a-z-]+\.md`).FindString(err.Error())
	text, readErr := os.ReadFile("../../" + page)
	if page == "" || readErr != nil || !strings.Contains(string(text), "STEPUP_WALLET_URL") {
		t.Errorf("%v: the page %q does not say how a server is told of its wallet service", err, page)
	}
}
