package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// One file for every role of a machine: each reads its own and leaves the
// secrets of the others closed.
func TestRolesShareOneFile(t *testing.T) {
	folder := t.TempDir()
	closed := filepath.Join(folder, "absent")
	environ := []string{
		"STEPUP_WALLET_CERTS=/etc/stepup", "STEPUP_WALLET_DATABASE_URL=sqlite:w.db", "STEPUP_SIGNER_DATABASE_URL=sqlite:s.db",
		"STEPUP_GUARDIAN_DATABASE_URL=sqlite:g.db",
		"STEPUP_SIGNER_URL=https://s:1", "STEPUP_GUARDIAN_URL=https://g:1", "STEPUP_CUSTODY_URL=https://i:1",
		"STEPUP_SIGNER_KEY=file:s.key", "STEPUP_GUARDIAN_KEY=file:g.key",
		"STEPUP_GUARDIAN_CONFIG=g.yaml", "STEPUP_OUTBOUND_ALLOW=127.0.0.1", "STEPUP_SIGNER_LISTEN=10.0.0.1:1",
		"STEPUP_MASTER_KEY_FILE=" + closed,
	}
	coordinator, err := config.ReadCoordinator(environ)
	if err != nil || coordinator.Check() != nil || coordinator.Listen != "127.0.0.1:8082" || coordinator.SignerURL != "https://s:1" ||
		len(coordinator.OutboundAllow) != 1 {
		t.Errorf("%+v, %v", coordinator, err)
	}
	for _, test := range []struct {
		role wallet.Role
		want string
	}{
		{wallet.Signer, "10.0.0.1:1 sqlite:s.db file:s.key /etc/stepup https://i:1 https://g:1 "},
		{wallet.Guardian, "127.0.0.1:8084 sqlite:g.db file:g.key /etc/stepup https://i:1  g.yaml"},
	} {
		c, err := config.ReadCustodian(environ, test.role)
		if got := fmt.Sprint(c.Listen, " ", c.DatabaseURL.Reveal(), " ", c.Key, " ", c.Certs, " ", c.CustodyURL, " ", c.GuardianURL, " ",
			c.File); err != nil || c.Check() != nil || got != test.want {
			t.Errorf("%s: %q, %v, %v", test.role, got, err, c.Check())
		}
	}
	if _, err := config.Read(environ); err == nil {
		t.Error("serve needs the master key, whose file is absent")
	}
	if err := os.WriteFile(closed, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := config.Read(environ)
	if err != nil || !p.WalletService.Hosts() || p.WalletService.Check() != nil || p.WalletService.CustodyListen != "127.0.0.1:8081" {
		t.Errorf("%+v, %v", p.WalletService, err)
	}
	p, err = config.Read(append(environ, "STEPUP_WALLET_URL=https://w:1"))
	if err != nil || p.WalletService.Hosts() || !p.WalletService.On() || p.WalletService.Check() != nil {
		t.Errorf("a coordinator of its own goes before a hosted one: %+v, %v", p.WalletService, err)
	}
	if _, err := config.ReadCustodian(append(environ, "STEPUP_SINGER_KEY=x"), wallet.Signer); err == nil ||
		!strings.Contains(err.Error(), "STEPUP_SINGER_KEY") {
		t.Errorf("a misspelt name: %v", err)
	}
}

func TestHalfConfiguredRolesAreRefused(t *testing.T) {
	for _, test := range []struct{ want, environ string }{
		{"STEPUP_WALLET_DATABASE_URL", "STEPUP_WALLET_CERTS=c STEPUP_SIGNER_URL=https://s:1 STEPUP_GUARDIAN_URL=https://g:1"},
		{"STEPUP_WALLET_CERTS", "STEPUP_WALLET_DATABASE_URL=x STEPUP_SIGNER_URL=https://s:1 STEPUP_GUARDIAN_URL=https://g:1"},
		{"STEPUP_SIGNER_URL",
			"STEPUP_WALLET_DATABASE_URL=x STEPUP_WALLET_CERTS=c STEPUP_SIGNER_URL=http://s:1 STEPUP_GUARDIAN_URL=https://g:1"},
		{"STEPUP_GUARDIAN_URL",
			"STEPUP_WALLET_DATABASE_URL=x STEPUP_WALLET_CERTS=c STEPUP_SIGNER_URL=https://s:1 STEPUP_GUARDIAN_URL=https://g:1/path"},
	} {
		c, err := config.ReadCoordinator(strings.Fields(test.environ))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want an error that names %s", test.environ, err, test.want)
		}
	}
	for _, role := range []wallet.Role{wallet.Signer, wallet.Guardian} {
		prefix := "STEPUP_" + strings.ToUpper(string(role)) + "_"
		good := []string{prefix + "DATABASE_URL=x", prefix + "KEY=file:x", "STEPUP_WALLET_CERTS=c", "STEPUP_CUSTODY_URL=https://i:1",
			"STEPUP_GUARDIAN_URL=https://g:1"}
		for i := range good {
			name, _, _ := strings.Cut(good[i], "=")
			c, err := config.ReadCustodian(append(append([]string{}, good[:i]...), good[i+1:]...), role)
			if err != nil {
				t.Fatal(err)
			}
			needed := role == wallet.Signer || name != "STEPUP_GUARDIAN_URL"
			if err := c.Check(); needed != (err != nil) || needed && !strings.Contains(err.Error(), name) {
				t.Errorf("%s without %s: %v", role, name, err)
			}
		}
	}
	for _, environ := range []string{"STEPUP_WALLET_URL=https://w:1", "STEPUP_WALLET_URL=http://w:1 STEPUP_WALLET_CERTS=c",
		"STEPUP_WALLET_DATABASE_URL=x"} {
		p, err := config.Read(strings.Fields(environ))
		if err != nil {
			t.Fatal(err)
		}
		if p.WalletService.Check() == nil {
			t.Errorf("serve takes %s", environ)
		}
	}
}
