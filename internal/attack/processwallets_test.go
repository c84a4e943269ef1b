package attack_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/processtest"
)

// walletProcesses are the roles of a wallet service, each a process with a
// database of its own.
type walletProcesses struct {
	certs   string
	custody net.Listener // keeps the port that custodians claim at, until an issuer takes it
	url     string       // of the coordinator
}

// startWallets runs guardian, signer and coordinator. limits are the guardian's.
func startWallets(t *testing.T, limits string) *walletProcesses {
	t.Helper()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	w := &walletProcesses{certs: at("certs")}
	plain := &cluster{env: processtest.Environ()}
	plain.run(t, "", "wallet", "init", w.certs)
	plain.run(t, "", "wallet", "key", at("signer.key"))
	plain.run(t, "", "wallet", "key", at("guardian.key"))
	if err := os.WriteFile(at("guardian.yaml"), []byte("limits: "+limits+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.custody, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.custody.Close() })

	env := append(plain.env, "STEPUP_WALLET_CERTS="+w.certs, "STEPUP_CUSTODY_URL=https://"+w.custody.Addr().String())
	role := func(args string, settings ...string) string {
		return strings.Replace(processtest.Launch(t, append(slices.Clip(env), settings...), args).URL, "http://", "https://", 1)
	}
	guardian := role("guardian", "STEPUP_GUARDIAN_LISTEN=127.0.0.1:0", "STEPUP_GUARDIAN_DATABASE_URL=sqlite:"+at("guardian.db"),
		"STEPUP_GUARDIAN_KEY=file:"+at("guardian.key"), "STEPUP_GUARDIAN_CONFIG="+at("guardian.yaml"))
	signer := role("signer", "STEPUP_SIGNER_LISTEN=127.0.0.1:0", "STEPUP_SIGNER_DATABASE_URL=sqlite:"+at("signer.db"),
		"STEPUP_SIGNER_KEY=file:"+at("signer.key"), "STEPUP_GUARDIAN_URL="+guardian)
	w.url = role("wallet", "STEPUP_WALLET_LISTEN=127.0.0.1:0", "STEPUP_WALLET_DATABASE_URL=sqlite:"+at("wallet.db"),
		"STEPUP_SIGNER_URL="+signer, "STEPUP_GUARDIAN_URL="+guardian)
	return w
}

// startWith runs n more servers of the cluster with the wallet service. Custodians
// claim at the first of them; they share a database.
func (c *cluster) startWith(t *testing.T, w *walletProcesses, n int) {
	t.Helper()
	listen := w.custody.Addr().String()
	if err := w.custody.Close(); err != nil {
		t.Fatal(err)
	}
	for range n {
		c.nodes = append(c.nodes, c.start(t, "STEPUP_WALLET_URL="+w.url, "STEPUP_WALLET_CERTS="+w.certs, "STEPUP_CUSTODY_LISTEN="+listen))
		listen = "127.0.0.1:0"
	}
}
