package coordinator_test

import (
	"log/slog"
	"net"
	"testing"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/coordinator"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

// What the issuer asks another process for is what it would get in its own; and
// nobody but the issuer is answered.
func TestRPC(t *testing.T) {
	n := &node{answers: map[string]string{}}
	w := broadcaster(t, n)
	w.t = t
	folder := t.TempDir()
	if err := peer.Init(folder); err != nil {
		t.Fatal(err)
	}
	load := func(role wallet.Role) *peer.Identity {
		identity, err := peer.Load(folder, role)
		if err != nil {
			t.Fatal(err)
		}
		return identity
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := peer.NewServer(load(wallet.Coordinator), slog.New(slog.DiscardHandler), w.node.Endpoints()...)
	go func() { _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	as := func(role wallet.Role) *coordinator.Client {
		c, err := peer.NewClient(load(role), wallet.Coordinator, listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return coordinator.NewClient(c)
	}
	issuer := as(wallet.Issuer)
	create := w.operation(wallet.Create, uuid.NewString(), wallet.CreateRequest{Chain: wallet.EVM, Scheme: wallet.TwoOfThree})
	future, err := issuer.Prepare(t.Context(), create)
	if err != nil || future.ID != create.WalletID {
		t.Errorf("%+v, %v", future, err)
	}
	outcome, err := issuer.Perform(t.Context(), create, wallet.Credentials{Ticket: "ticket"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, outcome, w.perform(t, create))
	one, err := issuer.Wallet(t.Context(), "env", "user", create.WalletID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, one, outcome.Wallet)
	all, err := issuer.Wallets(t.Context(), "env", "user")
	if err != nil {
		t.Fatal(err)
	}
	same(t, all, []wallet.Wallet{outcome.Wallet})
	if all, err := issuer.Wallets(t.Context(), "env", "other"); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	_, err = issuer.Wallet(t.Context(), "env", "other", create.WalletID)
	refused(t, err, "wallet_not_found")
	_, err = issuer.Broadcast(t.Context(), broadcast(one, local, []byte("nothing")))
	refused(t, err, fault.InvalidRequest)

	for _, role := range []wallet.Role{wallet.Signer, wallet.Guardian, wallet.Coordinator} {
		_, err := as(role).Perform(t.Context(), create, wallet.Credentials{})
		refused(t, err, fault.Unavailable)
		_, err = as(role).Wallets(t.Context(), "env", "user")
		refused(t, err, fault.Unavailable)
	}
}
