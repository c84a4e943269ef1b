package roles

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/coordinator"
	"github.com/stepup-auth/stepup/internal/wallet/kek"
	"github.com/stepup-auth/stepup/internal/wallet/offline"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

// Development is the whole wallet service in this process: all roles on loopback
// ports of their own, over mutual TLS, each with its own database and key below
// folder. Nothing serves before [Issuer.Run].
func Development(ctx context.Context, folder string, log *slog.Logger, o Options) (_ *Issuer, err error) {
	o.Development = true
	b := &Issuer{log: log}
	listeners := map[wallet.Role]net.Listener{}
	defer func() {
		if err == nil {
			return
		}
		for _, listener := range listeners {
			err = errors.Join(err, listener.Close())
		}
		b.custody = nil
		for i := range b.running {
			b.running[i].listener = nil
		}
		err = errors.Join(err, b.Close())
	}()
	certs := filepath.Join(folder, "certs")
	if err := peer.Init(certs); err != nil {
		return nil, err
	}
	if b.identity, err = peer.Load(certs, wallet.Issuer); err != nil {
		return nil, err
	}
	for _, role := range peer.Roles {
		if listeners[role], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("listening on loopback: %w", err)
		}
	}
	at := func(role wallet.Role) string { return "https://" + listeners[role].Addr().String() }
	b.custody = listeners[wallet.Issuer]
	signerFile, err := offlineKey(folder)
	if err != nil {
		return nil, err
	}
	files := map[wallet.Role]string{wallet.Signer: signerFile}
	for _, custodian := range []struct {
		role wallet.Role
		make func(context.Context, config.Custodian, *slog.Logger, Options) (*Process, error)
	}{{wallet.Guardian, Guardian}, {wallet.Signer, Signer}} {
		key := filepath.Join(folder, string(custodian.role)+".root")
		if err := keyFile(key); err != nil {
			return nil, err
		}
		process, err := custodian.make(ctx, config.Custodian{
			Role: custodian.role, DatabaseURL: database(folder, custodian.role), Key: "file:" + key, Certs: certs,
			CustodyURL: at(wallet.Issuer), GuardianURL: at(wallet.Guardian), File: files[custodian.role],
		}, log, o)
		if err != nil {
			return nil, fmt.Errorf("the %s: %w", custodian.role, err)
		}
		b.running = append(b.running, running{custodian.role, process, listeners[custodian.role]})
	}
	process, _, err := Coordinator(ctx, config.Coordinator{
		DatabaseURL: database(folder, wallet.Coordinator), Certs: certs, SignerURL: at(wallet.Signer), GuardianURL: at(wallet.Guardian),
		OutboundAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, // the local chain
	}, log, o)
	if err != nil {
		return nil, fmt.Errorf("the coordinator: %w", err)
	}
	b.running = append(b.running, running{wallet.Coordinator, process, listeners[wallet.Coordinator]})
	to, err := b.client.dial(b.identity, wallet.Coordinator, at(wallet.Coordinator))
	if err != nil {
		return nil, err
	}
	b.Wallets = coordinator.NewClient(to)
	return b, nil
}

func database(folder string, role wallet.Role) secret.Text {
	return secret.Text("sqlite:" + filepath.Join(folder, string(role)+".db"))
}

func keyFile(path string) error {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = kek.CreateFile(path)
	}
	return err
}

// offlineKey makes the operator's offline key, and the signer's file that names
// it, so that every scheme can be tried. In production the key is on no server.
func offlineKey(folder string) (signerFile string, err error) {
	signerFile = filepath.Join(folder, "signer.yaml")
	if _, err := os.Stat(signerFile); !errors.Is(err, fs.ErrNotExist) {
		return signerFile, err
	}
	public, err := offline.CreateKey(filepath.Join(folder, "offline.key"))
	if err != nil {
		return "", err
	}
	return signerFile, os.WriteFile(signerFile, []byte("offlineKey: "+public+"\n"), 0o600)
}
