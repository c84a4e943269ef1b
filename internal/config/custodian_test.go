package config_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/wallet"
)

const guardianFile = `
exportDisabled: false
deleteGrace: 14d
limits:
  signaturesPerMinute: 10
  valuePerDay: {"eip155:1/native": 1000000000000000000000}
environments:
  7f0c7a1e-2a54-4d7b-9b52-0d1f6c6f7a10: {exportsPerDay: 0, exportDisabled: true}
`

func TestCustodianFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guardian.yaml")
	if err := os.WriteFile(path, []byte(guardianFile), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := config.Custodian{Role: wallet.Guardian, File: path}.ReadFile()
	if err != nil || time.Duration(f.DeleteGrace) != 14*24*time.Hour || time.Duration(f.Retention) != 24*time.Hour {
		t.Fatalf("%+v, %v", f, err)
	}
	general, own := f.Of("another"), f.Of("7f0c7a1e-2a54-4d7b-9b52-0d1f6c6f7a10")
	if *general.SignaturesPerMinute != 10 || general.ExportsPerDay != nil ||
		general.ValuePerDay["eip155:1/native"].String() != "1000000000000000000000" {
		t.Errorf("%+v", general)
	}
	if *own.SignaturesPerMinute != 10 || *own.ExportsPerDay != 0 || !*own.ExportDisabled || len(own.ValuePerDay) != 1 {
		t.Errorf("%+v", own)
	}
	f, err = config.Custodian{Role: wallet.Signer}.ReadFile()
	if err != nil || time.Duration(f.DeleteGrace) != 7*24*time.Hour {
		t.Errorf("without a file: %+v, %v", f, err)
	}
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f, err = config.ParseCustodianFile(wallet.Signer,
		[]byte("offlineKey: "+base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes())+"\nformerKeys: [file:old.key]"))
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := f.Offline(); err != nil || !key.PublicKey().Equal(must(t, raw)) {
		t.Errorf("%x, %v", raw, err)
	}
}

func must(t *testing.T, raw []byte) *ecdh.PublicKey {
	t.Helper()
	key, err := ecdh.X25519().NewPublicKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// What is misspelt or stands in the wrong file must not be silently off.
func TestCustodianFileRefuses(t *testing.T) {
	for _, test := range []struct {
		role       wallet.Role
		text, want string
	}{
		{wallet.Guardian, "exportsDisabled: true", "exportsDisabled"},
		{wallet.Guardian, "limits: {signaturesPerMin: 1}", "signaturesPerMin"},
		{wallet.Guardian, "limits: {exportsPerDay: -1}", "0 or more"},
		{wallet.Guardian, "limits: {valuePerDay: {ETH: 1}}", "eip155"},
		{wallet.Guardian, "limits: {valuePerDay: {\"eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7\": 1}}",
			"0xdAC17F958D2ee523a2206206994597C13D831ec7"},
		{wallet.Guardian, "limits: {valuePerDay: {solana/native: 1.5}}", "whole number"},
		{wallet.Guardian, "environments: {x: {exportsPerDay: -1}}", "environments.x"},
		{wallet.Guardian, "\nretention: 1x", "line 2: \"1x\""},
		{wallet.Guardian, "offlineKey: x", "signer's"},
		{wallet.Guardian, "exportDisabled: true\n---\nexportDisabled: false", "more than one"},
		{wallet.Signer, "limits: {exportsPerDay: 1}", "guardian"},
		{wallet.Signer, "environments: {x: {}}", "guardian"},
		{wallet.Signer, "offlineKey: x", "stepup wallet offline-key"},
		{wallet.Signer, strings.Repeat("#", 1<<20+1), "larger"},
	} {
		if _, err := config.ParseCustodianFile(test.role, []byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %.60s: %v, want an error that says %q", test.role, test.text, err, test.want)
		}
	}
	if _, err := (config.Custodian{Role: wallet.Signer, File: filepath.Join(t.TempDir(), "absent")}).ReadFile(); err == nil {
		t.Error("a file that is absent was read")
	}
}

func FuzzCustodianFile(f *testing.F) {
	f.Add([]byte(guardianFile))
	f.Add([]byte("limits: {valuePerDay: {solana/native: 1}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := config.ParseCustodianFile(wallet.Guardian, text)
		if err == nil && (file.Retention <= 0 || file.DeleteGrace <= 0) {
			t.Errorf("%q keeps nothing", text)
		}
	})
}
