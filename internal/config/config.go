// Package config reads the server's settings from STEPUP_* variables. A name
// nobody knows is an error, because a misspelt security setting must not be
// silently off; secrets also come from files named by NAME_FILE.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/secret"
)

// Production is everything a server needs to know besides its database content.
type Production struct {
	Listen         string         // STEPUP_LISTEN; default 127.0.0.1:8080
	PublicURL      string         // STEPUP_PUBLIC_URL: address clients use, without trailing slash; required to serve
	ConsoleURL     string         // STEPUP_CONSOLE_URL: address of the operators' console; empty: there is none
	MetricsListen  string         // STEPUP_METRICS_LISTEN; empty: no metrics listener
	TLSCert        string         // STEPUP_TLS_CERT: PEM file; empty: plain HTTP
	TLSKey         string         // STEPUP_TLS_KEY: PEM file
	TrustedProxies []netip.Prefix // STEPUP_TRUSTED_PROXIES: CIDRs whose X-Forwarded-For is believed
	DatabaseURL    secret.Text    // STEPUP_DATABASE_URL (or _FILE): sqlite:PATH or postgres://…
	MasterKey      secret.Text    // STEPUP_MASTER_KEY (or _FILE)
	SMTPURL        secret.Text    // STEPUP_SMTP_URL (or _FILE): smtp://user:pass@host:port
	SMSURL         secret.Text    // STEPUP_SMS_URL (or _FILE): https://… gets {"to","body"}, or twilio://…; empty: no text messages
	SMSSecret      secret.Text    // STEPUP_SMS_SECRET (or _FILE): whsec_…, signs what STEPUP_SMS_URL gets
	OutboundAllow  []netip.Prefix // STEPUP_OUTBOUND_ALLOW: CIDRs that tenant-set URLs may reach besides the public internet
	// STEPUP_SINGLE_DATABASE: the operator knows that losing a PostgreSQL without a standby may
	// lose acknowledged commits
	SingleDatabase      bool
	DatabaseConnections int // STEPUP_DATABASE_CONNECTIONS: to PostgreSQL, or for reading SQLite; 0 leaves it to the machine

	SecretsDir    string   // STEPUP_SECRETS_DIR: folder of the secrets that documents point at; empty: no files
	MailDomains   []string // STEPUP_MAIL_DOMAINS: what environments may send from, see [deliver.NewSenders]
	Operators     []string // STEPUP_OPERATORS: addresses that are mailed when rules are weakened
	WalletService Wallets  // where the embedded-wallet service is
}

// The names that `stepup serve` reads. One environment file may serve every role
// of a machine, so each role knows the names of the others and reads its own only.
var (
	plain = []string{"STEPUP_LISTEN", "STEPUP_PUBLIC_URL", "STEPUP_METRICS_LISTEN", "STEPUP_TLS_CERT", "STEPUP_TLS_KEY",
		"STEPUP_TRUSTED_PROXIES", "STEPUP_OUTBOUND_ALLOW", "STEPUP_OPERATORS", "STEPUP_SINGLE_DATABASE", "STEPUP_SECRETS_DIR",
		"STEPUP_MAIL_DOMAINS", "STEPUP_DATABASE_CONNECTIONS", "STEPUP_CONSOLE_URL"}
	secrets = []string{"STEPUP_DATABASE_URL", "STEPUP_MASTER_KEY", "STEPUP_SMTP_URL", "STEPUP_SMS_URL", "STEPUP_SMS_SECRET"}
)

// Read makes a Production from an environment such as [os.Environ].
func Read(environ []string) (Production, error) {
	values, err := read(environ, append(slices.Clone(plain), issuers...), append(slices.Clone(secrets), "STEPUP_WALLET_DATABASE_URL"))
	if err != nil {
		return Production{}, err
	}
	p := Production{
		Listen: values["STEPUP_LISTEN"], PublicURL: strings.TrimRight(values["STEPUP_PUBLIC_URL"], "/"),
		ConsoleURL:    strings.TrimRight(values["STEPUP_CONSOLE_URL"], "/"),
		MetricsListen: values["STEPUP_METRICS_LISTEN"], TLSCert: values["STEPUP_TLS_CERT"], TLSKey: values["STEPUP_TLS_KEY"],
		DatabaseURL: secret.Text(values["STEPUP_DATABASE_URL"]), MasterKey: secret.Text(values["STEPUP_MASTER_KEY"]),
		SMTPURL: secret.Text(values["STEPUP_SMTP_URL"]), SMSURL: secret.Text(values["STEPUP_SMS_URL"]),
		SMSSecret: secret.Text(values["STEPUP_SMS_SECRET"]),
		Operators: list(values["STEPUP_OPERATORS"]), SecretsDir: values["STEPUP_SECRETS_DIR"],
		MailDomains: list(values["STEPUP_MAIL_DOMAINS"]), WalletService: wallets(values),
	}
	if _, err = p.Senders(); err != nil {
		return p, err
	}
	if p.Listen == "" {
		p.Listen = "127.0.0.1:8080"
	}
	if p.SingleDatabase, err = singleDatabase(values["STEPUP_SINGLE_DATABASE"]); err != nil {
		return p, err
	}
	if p.DatabaseConnections, err = connections(values["STEPUP_DATABASE_CONNECTIONS"]); err != nil {
		return p, err
	}
	if p.TrustedProxies, err = prefixes("STEPUP_TRUSTED_PROXIES", values["STEPUP_TRUSTED_PROXIES"]); err != nil {
		return p, err
	}
	p.OutboundAllow, err = prefixes("STEPUP_OUTBOUND_ALLOW", values["STEPUP_OUTBOUND_ALLOW"])
	return p, err
}

// singleDatabase reads an acknowledgement: one word, which nobody writes by accident.
func singleDatabase(text string) (bool, error) {
	switch text {
	case "", "accepted":
		return text != "", nil
	}
	return false, fmt.Errorf("STEPUP_SINGLE_DATABASE is %.40s: write accepted, if losing the one PostgreSQL may lose commits that were "+
		"acknowledged, or leave it out", text)
}

// connections reads how many connections to the database there may be; 0 leaves it to the machine.
func connections(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1000 {
		return 0, fmt.Errorf("STEPUP_DATABASE_CONNECTIONS is %.40q: write how many connections to the database this server may hold, "+
			"1 to 1000", text)
	}
	return n, nil
}

// read collects the named variables. A name that no role knows is an error; the
// files of another role's secrets are left closed.
func read(environ, plain, secrets []string) (map[string]string, error) {
	values := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "STEPUP_") {
			continue
		}
		base, isFile := strings.CutSuffix(name, "_FILE")
		if isFile = isFile && slices.Contains(everySecret, base); !isFile {
			base = name
		}
		if !slices.Contains(everyPlain, base) && !slices.Contains(everySecret, base) {
			return nil, fmt.Errorf("unknown variable %s: use %s, or as NAME_FILE too %s", name, strings.Join(everyPlain, ", "),
				strings.Join(everySecret, ", "))
		}
		if !slices.Contains(plain, base) && !slices.Contains(secrets, base) {
			continue // it is for another role
		}
		if isFile {
			text, err := os.ReadFile(value)
			if errors.Is(err, fs.ErrNotExist) && base == "STEPUP_MASTER_KEY" {
				return nil, fmt.Errorf("reading %s: %w; a new installation makes its key with: stepup keys master", name, err)
			}
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", name, err)
			}
			value = strings.TrimSpace(string(text))
		}
		if _, twice := values[base]; twice {
			return nil, fmt.Errorf("%s and %s_FILE are both set: keep one", base, base)
		}
		values[base] = value
	}
	return values, nil
}

// CheckServing refuses what a production server cannot start with.
func (p Production) CheckServing() error {
	u, err := url.Parse(p.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("STEPUP_PUBLIC_URL must be the address clients use, such as https://auth.example.com")
	}
	if u.Scheme == "http" && !Loopback(u.Host) && !Loopback(u.Host+":80") {
		return fmt.Errorf("STEPUP_PUBLIC_URL is %s: tokens and codes must not travel unencrypted, use https (http is "+
			"accepted on loopback only)", p.PublicURL)
	}
	if err := checkConsole(p.ConsoleURL); err != nil {
		return err
	}
	if p.SMTPURL == "" {
		return fmt.Errorf("STEPUP_SMTP_URL is not set: codes are sent by mail, for example smtp://user:password@mail.example.com:587")
	}
	senders, err := p.Senders()
	if err != nil {
		return err
	}
	if err := senders.Check(); err != nil {
		return err
	}
	if p.SMSSecret != "" && p.SMSURL == "" {
		return fmt.Errorf("STEPUP_SMS_SECRET is set, but STEPUP_SMS_URL is not: set both or none")
	}
	if (p.TLSCert == "") != (p.TLSKey == "") {
		return fmt.Errorf("STEPUP_TLS_CERT and STEPUP_TLS_KEY go together: set both or none")
	}
	if p.TLSCert == "" && !Loopback(p.Listen) && len(p.TrustedProxies) == 0 {
		return fmt.Errorf("plain HTTP on %s: set STEPUP_TLS_CERT and STEPUP_TLS_KEY, listen on loopback, or name the proxy that ends TLS "+
			"in STEPUP_TRUSTED_PROXIES", p.Listen)
	}
	return p.WalletService.Check()
}

// checkConsole refuses an address that the console cannot have. It is an origin: its
// pages are below /console/ there.
func checkConsole(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil ||
		u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("STEPUP_CONSOLE_URL must be an origin such as https://console.example.com: the console is below /console/ there")
	}
	if u.Scheme == "http" && !Loopback(u.Host) && !Loopback(u.Host+":80") {
		return fmt.Errorf("STEPUP_CONSOLE_URL is %s: operators' cookies must not travel unencrypted, use https (http is accepted on "+
			"loopback only)", text)
	}
	return nil
}

// Senders says what mail of each environment may come from.
func (p Production) Senders() (deliver.Senders, error) {
	return deliver.NewSenders(p.PublicURL, p.MailDomains)
}

// Secrets is where references of documents are resolved.
func (p Production) Secrets() environment.Secrets { return environment.Secrets{Dir: p.SecretsDir} }

// PlainHTTP says from where plain HTTP is taken besides loopback; empty: the
// server ends TLS itself, or nobody else can reach it.
func (p Production) PlainHTTP() string {
	if p.TLSCert != "" || Loopback(p.Listen) {
		return ""
	}
	named := make([]string, len(p.TrustedProxies))
	for i, proxy := range p.TrustedProxies {
		named[i] = proxy.String()
	}
	return strings.Join(named, ", ")
}

// Loopback reports whether a listen address is reachable from this machine only.
func Loopback(listen string) bool {
	at, err := netip.ParseAddrPort(listen)
	if err != nil {
		return strings.HasPrefix(listen, "localhost:")
	}
	return at.Addr().IsLoopback()
}

func list(text string) []string {
	var items []string
	for _, item := range strings.Split(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func prefixes(name, text string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, item := range list(text) {
		prefix, err := netip.ParsePrefix(item)
		if err != nil {
			addr, addrErr := netip.ParseAddr(item)
			if addrErr != nil {
				return nil, fmt.Errorf("%s: %q is not a CIDR such as 10.0.0.0/8", name, item)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		all = append(all, prefix.Masked())
	}
	return all, nil
}
