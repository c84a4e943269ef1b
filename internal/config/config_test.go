package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/config"
)

func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := config.Read([]string{
		"PATH=/bin", "STEPUP_PUBLIC_URL=https://auth.example.com/", "STEPUP_MASTER_KEY_FILE=" + file,
		"STEPUP_DATABASE_URL=postgres://u:p=w@h/d?x=y",
		"STEPUP_TRUSTED_PROXIES=10.1.2.3/8, 192.0.2.1,2001:db8::1", "STEPUP_OPERATORS=a@example.com, b@example.com,",
		"STEPUP_SMTP_URL=smtp://u:hunter2@h:25", "STEPUP_DATABASE_CONNECTIONS=24",
	})
	if err != nil {
		t.Fatal(err)
	}
	if p.Listen != "127.0.0.1:8080" || p.PublicURL != "https://auth.example.com" || p.MasterKey.Reveal() != "from a file" ||
		p.DatabaseURL.Reveal() != "postgres://u:p=w@h/d?x=y" ||
		fmt.Sprint(p.TrustedProxies) != "[10.0.0.0/8 192.0.2.1/32 2001:db8::1/128]" || len(p.Operators) != 2 ||
		p.DatabaseConnections != 24 {
		t.Errorf("%+v", p)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, p); strings.Contains(text, "hunter2") || strings.Contains(text, "p=w") ||
			strings.Contains(text, "from a file") {
			t.Errorf("%s prints secrets", verb)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ want, environ string }{
		{"STEPUP_MASTERKEY", "STEPUP_MASTERKEY=x"}, {"STEPUP_LISTEN_FILE", "STEPUP_LISTEN_FILE=" + file}, {"STEPUP_", "STEPUP_="},
		{"STEPUP_listen", "STEPUP_listen=x"}, {"stepup keys master", "STEPUP_MASTER_KEY_FILE=" + file + ".absent"},
		{"reading STEPUP_SMTP_URL_FILE", "STEPUP_SMTP_URL_FILE="},
		{"both set", "STEPUP_MASTER_KEY=x STEPUP_MASTER_KEY_FILE=" + file},
		{"both set", "STEPUP_MASTER_KEY_FILE=" + file + " STEPUP_MASTER_KEY=x"},
		{"1 to 1000", "STEPUP_DATABASE_CONNECTIONS=0"}, {"1 to 1000", "STEPUP_DATABASE_CONNECTIONS=many"},
		{"STEPUP_TRUSTED_PROXIES", "STEPUP_TRUSTED_PROXIES=10.0.0.0/33"}, {"STEPUP_OUTBOUND_ALLOW", "STEPUP_OUTBOUND_ALLOW=example.com"},
	} {
		if _, err := config.Read(strings.Fields(test.environ)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want an error that says %q", test.environ, err, test.want)
		}
	}
}

func TestCheckServing(t *testing.T) {
	good := config.Production{Listen: "127.0.0.1:8080", PublicURL: "https://auth.example.com", SMTPURL: "smtp://h:25"}
	if err := good.CheckServing(); err != nil {
		t.Error(err)
	}
	for _, change := range []func(*config.Production){
		func(p *config.Production) { p.PublicURL = "" },
		func(p *config.Production) { p.PublicURL = "auth.example.com" },
		func(p *config.Production) { p.PublicURL = "ftp://auth.example.com" },
		func(p *config.Production) { p.PublicURL = "https://auth.example.com/?x" },
		func(p *config.Production) { p.PublicURL = "https://u@auth.example.com" },
		func(p *config.Production) { p.PublicURL = "http://auth.example.com" },
		func(p *config.Production) { p.PublicURL = "https://10.0.0.5" },
		func(p *config.Production) { p.MailDomains = []string{"bank=bank.example"} },
		func(p *config.Production) { p.SMTPURL = "" },
		func(p *config.Production) { p.SMSSecret = "whsec_" },
		func(p *config.Production) { p.TLSCert = "cert.pem" },
		func(p *config.Production) { p.TLSKey = "key.pem" },
		func(p *config.Production) { p.Listen = "0.0.0.0:8080" },
		func(p *config.Production) { p.Listen = ":8080" },
	} {
		p := good
		change(&p)
		if err := p.CheckServing(); err == nil ||
			!strings.Contains(err.Error(), "STEPUP_") && !strings.Contains(err.Error(), "plain HTTP") {
			t.Errorf("%+v: %v", p, err)
		}
	}
	for listen, want := range map[string]bool{
		"127.0.0.1:80": true, "[::1]:80": true, "localhost:80": true, "127.8.9.1:1": true,
		"0.0.0.0:80": false, ":80": false, "[::]:80": false, "10.0.0.1:80": false, "localhost.example.com:80": false, "": false,
	} {
		if config.Loopback(listen) != want {
			t.Errorf("Loopback(%q) = %v", listen, !want)
		}
	}
}
