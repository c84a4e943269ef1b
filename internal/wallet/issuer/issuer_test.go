package issuer_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/authz"
	"github.com/stepup-auth/stepup/internal/wallet/issuer"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

func server(w *tenanttest.World) *issuer.Server {
	return &issuer.Server{DB: w.DB, Tenants: tenant.NewRegistry(w.DB, tenanttest.PublicURL, w.Now), Now: w.Now}
}

// claimed has the issuer let one operation through.
func claimed(t *testing.T, w *tenanttest.World, s store.SessionRow, text, operation string) (row store.WalletOperationRow) {
	t.Helper()
	w.Write(t, func(tx *store.Tx) error {
		demand := enforce.Demand{Scope: stepup.WalletExport, OperationID: operation}
		export := enforce.WalletOperation{WalletID: "wallet", Action: wallet.Export, IntentHash: "intent"}
		opened, err := enforce.Spend(w.Caller(t, s, text), tx, demand, export)
		row = opened.Record
		return err
	})
	return row
}

func TestClaim(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		d := server(w)
		ada := w.SignIn(t, "ada@example.com")
		row := claimed(t, w, ada, w.Elevate(t, ada, "ada@example.com", stepup.WalletExport), "op")
		good := wallet.Claim{EnvironmentID: tenanttest.ID, OperationID: "op", IntentHash: "intent", TokenID: row.TokenID}
		for range 3 {
			for _, role := range []wallet.Role{wallet.Signer, wallet.Guardian} {
				if got, err := d.Claim(t.Context(), role, good); err != nil || got.ClaimedAt != row.ClaimedAt.Unix() {
					t.Errorf("%s: %+v, %v", role, got, err)
				}
			}
		}
		if n := w.Audited(t, "wallet.custodian.claimed"); n != 2 {
			t.Errorf("%d audited, want one per custodian", n)
		}
		w.Clock.Advance(time.Hour)
		if got, err := d.Claim(t.Context(), wallet.Signer, good); err != nil || got.ClaimedAt != row.ClaimedAt.Unix() {
			t.Errorf("long after: %+v, %v", got, err)
		}
		intent, token, none, operation, environment := good, good, good, good, good
		intent.IntentHash, token.TokenID, none.TokenID, operation.OperationID, environment.EnvironmentID = "another", "another", "",
			"another", "22222222-2222-4333-8444-555555555555"
		for name, c := range map[string]wallet.Claim{
			"another intent": intent, "another token": token, "no token": none, "another operation": operation,
			"another environment": environment, "nothing": {},
		} {
			if got, err := d.Claim(t.Context(), wallet.Signer, c); !fault.Has(err, fault.WalletNotAuthorized) || got.ClaimedAt != 0 {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		if _, err := d.Claim(t.Context(), wallet.Coordinator, good); err == nil {
			t.Error("the coordinator is no custodian")
		}
	})
}

// A row that says an operation had a token is not enough: the token must have
// been spent with it.
func TestClaimOfATokenSpentElsewhere(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		row := claimed(t, w, ada, w.Elevate(t, ada, "ada@example.com", stepup.WalletExport), "op")
		forged := row
		forged.ID = "forged"
		w.Clock.Advance(time.Second)
		w.Write(t, func(tx *store.Tx) error { _, _, err := tx.ClaimWalletOperation(forged); return err })
		c := wallet.Claim{EnvironmentID: tenanttest.ID, OperationID: "forged", IntentHash: "intent", TokenID: row.TokenID}
		if _, err := server(w).Claim(t.Context(), wallet.Signer, c); !fault.Has(err, fault.WalletNotAuthorized) {
			t.Errorf("%v", err)
		}
	})
}

// Over the wire: custodians, and they alone, get keys that verify what the issuer
// signs, and claims.
func TestListener(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document())
	dir := t.TempDir()
	if err := peer.Init(dir, "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	identity := func(role wallet.Role) *peer.Identity {
		i, err := peer.Load(dir, role)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listening := peer.NewServer(identity(wallet.Issuer), slog.New(slog.DiscardHandler), server(w).Endpoints()...)
	stopped := make(chan error, 1)
	go func() { stopped <- listening.ServeTLS(listener, "", "") }()
	t.Cleanup(func() {
		_ = listening.Close()
		if err := <-stopped; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	ask := func(role wallet.Role) *authz.Issuer {
		client, err := peer.NewClient(identity(role), wallet.Issuer, "https://"+listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		return authz.NewIssuer(client, w.Now)
	}
	ada := w.SignIn(t, "ada@example.com")
	text := w.Elevate(t, ada, "ada@example.com", stepup.WalletExport)
	row := claimed(t, w, ada, text, "op")
	c := wallet.Claim{EnvironmentID: tenanttest.ID, OperationID: "op", IntentHash: "intent", TokenID: row.TokenID}
	for _, role := range []wallet.Role{wallet.Signer, wallet.Guardian} {
		asked := ask(role)
		environment, err := asked.Environment(t.Context(), tenanttest.ID)
		if err != nil || environment.Issuer != w.Tenant.Issuer {
			t.Fatalf("%s: %+v, %v", role, environment, err)
		}
		verifier, err := stepup.NewVerifier(stepup.Config{Issuer: environment.Issuer, Keys: environment.Keys, Now: w.Now})
		if err != nil {
			t.Fatal(err)
		}
		if claims, err := verifier.Elevated(context.Background(), text); err != nil || claims.ID != row.TokenID {
			t.Errorf("%s: %+v, %v", role, claims, err)
		}
		if got, err := asked.Claim(t.Context(), c); err != nil || got.ClaimedAt != row.ClaimedAt.Unix() {
			t.Errorf("%s: %+v, %v", role, got, err)
		}
		if _, err := asked.Environment(t.Context(), "22222222-2222-4333-8444-555555555555"); err == nil {
			t.Errorf("%s: an environment that is not there", role)
		}
	}
	for _, role := range []wallet.Role{wallet.Coordinator, wallet.Issuer} {
		if _, err := ask(role).Claim(t.Context(), c); err == nil {
			t.Errorf("the %s claims", role)
		}
		if _, err := ask(role).Environment(t.Context(), tenanttest.ID); err == nil {
			t.Errorf("the %s gets keys", role)
		}
	}
}
