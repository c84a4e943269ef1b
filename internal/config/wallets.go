package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"

	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Wallets is what `stepup serve` knows of the embedded-wallet service: where the
// coordinator is, or what it takes to be one itself.
type Wallets struct {
	URL           string // STEPUP_WALLET_URL: https://HOST:PORT of the coordinator; empty: host it, or have no wallets
	CustodyListen string // STEPUP_CUSTODY_LISTEN: where the custodians claim; default 127.0.0.1:8081
	Coordinator   Coordinator
}

// Coordinator is what `stepup wallet` is told.
type Coordinator struct {
	Listen        string         // STEPUP_WALLET_LISTEN; default 127.0.0.1:8082
	DatabaseURL   secret.Text    // STEPUP_WALLET_DATABASE_URL (or _FILE)
	Certs         string         // STEPUP_WALLET_CERTS: folder with ca.pem and this role's ROLE.pem and ROLE.key
	SignerURL     string         // STEPUP_SIGNER_URL
	GuardianURL   string         // STEPUP_GUARDIAN_URL
	OutboundAllow []netip.Prefix // STEPUP_OUTBOUND_ALLOW: CIDRs that a network's RPC may have besides the public internet
}

// Custodian is what `stepup signer` or `stepup guardian` is told.
type Custodian struct {
	Role        wallet.Role
	Listen      string      // STEPUP_SIGNER_LISTEN; default 127.0.0.1:8083. STEPUP_GUARDIAN_LISTEN; 127.0.0.1:8084
	DatabaseURL secret.Text // STEPUP_SIGNER_DATABASE_URL, STEPUP_GUARDIAN_DATABASE_URL (or _FILE)
	Key         string      // STEPUP_SIGNER_KEY, STEPUP_GUARDIAN_KEY: file:PATH or aws-kms:…; never the same
	Certs       string      // STEPUP_WALLET_CERTS
	CustodyURL  string      // STEPUP_CUSTODY_URL: the issuer's listener for custodians
	GuardianURL string      // STEPUP_GUARDIAN_URL; the signer's only
	File        string      // STEPUP_SIGNER_CONFIG, STEPUP_GUARDIAN_CONFIG: YAML; empty: the defaults
}

var (
	issuers    = []string{"STEPUP_WALLET_URL", "STEPUP_WALLET_CERTS", "STEPUP_CUSTODY_LISTEN", "STEPUP_SIGNER_URL", "STEPUP_GUARDIAN_URL"}
	everyPlain = append(append(slices.Clone(plain), issuers...), "STEPUP_WALLET_LISTEN", "STEPUP_CUSTODY_URL",
		"STEPUP_SIGNER_LISTEN", "STEPUP_SIGNER_KEY", "STEPUP_SIGNER_CONFIG", "STEPUP_GUARDIAN_LISTEN", "STEPUP_GUARDIAN_KEY",
		"STEPUP_GUARDIAN_CONFIG", "STEPUP_URL", "STEPUP_TOKEN_FILE", "STEPUP_CA_FILE") // the last three of commands to a server elsewhere
	everySecret = append(slices.Clone(secrets), "STEPUP_WALLET_DATABASE_URL", "STEPUP_SIGNER_DATABASE_URL", "STEPUP_GUARDIAN_DATABASE_URL")
)

func wallets(values map[string]string) Wallets {
	return Wallets{URL: values["STEPUP_WALLET_URL"], CustodyListen: or(values["STEPUP_CUSTODY_LISTEN"], "127.0.0.1:8081"),
		Coordinator: coordinator(values)}
}

func coordinator(values map[string]string) Coordinator {
	return Coordinator{
		Listen: or(values["STEPUP_WALLET_LISTEN"], "127.0.0.1:8082"), DatabaseURL: secret.Text(values["STEPUP_WALLET_DATABASE_URL"]),
		Certs: values["STEPUP_WALLET_CERTS"], SignerURL: values["STEPUP_SIGNER_URL"], GuardianURL: values["STEPUP_GUARDIAN_URL"],
	}
}

// ReadCoordinator makes a Coordinator from an environment such as [os.Environ].
func ReadCoordinator(environ []string) (Coordinator, error) {
	values, err := read(environ, []string{"STEPUP_WALLET_LISTEN", "STEPUP_WALLET_CERTS", "STEPUP_SIGNER_URL", "STEPUP_GUARDIAN_URL",
		"STEPUP_OUTBOUND_ALLOW"}, []string{"STEPUP_WALLET_DATABASE_URL"})
	if err != nil {
		return Coordinator{}, err
	}
	c := coordinator(values)
	c.OutboundAllow, err = prefixes("STEPUP_OUTBOUND_ALLOW", values["STEPUP_OUTBOUND_ALLOW"])
	return c, err
}

// ReadCustodian makes the Custodian of a role, which is the signer or the guardian.
func ReadCustodian(environ []string, role wallet.Role) (Custodian, error) {
	prefix, listen := "STEPUP_SIGNER_", "127.0.0.1:8083"
	if role == wallet.Guardian {
		prefix, listen = "STEPUP_GUARDIAN_", "127.0.0.1:8084"
	}
	own := []string{prefix + "LISTEN", prefix + "KEY", prefix + "CONFIG", "STEPUP_WALLET_CERTS", "STEPUP_CUSTODY_URL"}
	if role == wallet.Signer {
		own = append(own, "STEPUP_GUARDIAN_URL")
	}
	values, err := read(environ, own, []string{prefix + "DATABASE_URL"})
	if err != nil {
		return Custodian{}, err
	}
	return Custodian{
		Role: role, Listen: or(values[prefix+"LISTEN"], listen), DatabaseURL: secret.Text(values[prefix+"DATABASE_URL"]),
		Key: values[prefix+"KEY"], Certs: values["STEPUP_WALLET_CERTS"], CustodyURL: values["STEPUP_CUSTODY_URL"],
		GuardianURL: values["STEPUP_GUARDIAN_URL"], File: values[prefix+"CONFIG"],
	}, nil
}

// On reports whether the server has a wallet service.
func (w Wallets) On() bool { return w.URL != "" || w.Hosts() }

// Hosts reports whether the server is the coordinator too. Where a file names
// both, the coordinator that runs on its own is used.
func (w Wallets) Hosts() bool { return w.URL == "" && w.Coordinator.DatabaseURL != "" }

// Check refuses a half-configured wallet service.
func (w Wallets) Check() error {
	if !w.On() {
		return nil
	}
	if w.Hosts() {
		return w.Coordinator.Check()
	}
	if err := certs(w.Coordinator.Certs); err != nil {
		return err
	}
	return peerURL("STEPUP_WALLET_URL", w.URL)
}

// Check refuses what a coordinator cannot start with.
func (c Coordinator) Check() error {
	if c.DatabaseURL == "" {
		return fmt.Errorf(
			"STEPUP_WALLET_DATABASE_URL is not set: use sqlite:/var/lib/stepup/wallets.db or postgres://user:password@host/db")
	}
	if err := certs(c.Certs); err != nil {
		return err
	}
	if err := peerURL("STEPUP_SIGNER_URL", c.SignerURL); err != nil {
		return err
	}
	return peerURL("STEPUP_GUARDIAN_URL", c.GuardianURL)
}

// Check refuses what a custodian cannot start with.
func (c Custodian) Check() error {
	prefix := "STEPUP_SIGNER_"
	if c.Role == wallet.Guardian {
		prefix = "STEPUP_GUARDIAN_"
	}
	if c.DatabaseURL == "" {
		return fmt.Errorf("%sDATABASE_URL is not set: use sqlite:/var/lib/stepup/%s.db or postgres://user:password@host/db, a "+
			"database of the %s's own", prefix, c.Role, c.Role)
	}
	if c.Key == "" {
		return fmt.Errorf("%sKEY is not set: use aws-kms:…, or file:PATH of a file made by `stepup wallet key PATH`; the other "+
			"custodian has another key", prefix)
	}
	if err := certs(c.Certs); err != nil {
		return err
	}
	if err := peerURL("STEPUP_CUSTODY_URL", c.CustodyURL); err != nil {
		return err
	}
	if c.Role == wallet.Signer {
		return peerURL("STEPUP_GUARDIAN_URL", c.GuardianURL)
	}
	return nil
}

func certs(folder string) error {
	if folder == "" {
		return fmt.Errorf(
			"STEPUP_WALLET_CERTS is not set: name the folder with ca.pem and this role's certificate and key, made by `stepup wallet init`")
	}
	return nil
}

func peerURL(name, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" ||
		u.User != nil {
		return fmt.Errorf("%s must be an address such as https://10.0.0.7:8083: the roles talk by TLS with certificates of "+
			"`stepup wallet init` only", name)
	}
	return nil
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
