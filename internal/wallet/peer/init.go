package peer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/stepup-auth/stepup/internal/wallet"
)

// How long what [Init] makes is good for.
const (
	AuthorityLife   = 10 * 365 * 24 * time.Hour
	CertificateLife = 2 * 365 * 24 * time.Hour
)

// Init makes in dir an authority and one certificate and key for each role, as
// far as they are absent; what is there is never changed. Hosts are the DNS
// names and addresses under which roles call each other; without any they are
// those of this machine's loopback. To renew a role's certificate, remove its
// .pem file and call Init again; keep the authority's key away from the roles.
func Init(dir string, hosts ...string) error {
	return initAt(dir, time.Now(), hosts)
}

func initAt(dir string, now time.Time, hosts []string) error {
	if len(hosts) == 0 {
		hosts = []string{"localhost", "127.0.0.1", "::1"}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the directory of the wallet roles' certificates: %w", err)
	}
	a, err := initAuthority(dir, now)
	if err != nil {
		return fmt.Errorf("making the wallet roles' authority: %w", err)
	}
	for _, role := range Roles {
		if err := a.initRole(role, hosts); err != nil {
			return fmt.Errorf("making the certificate of role %s: %w", role, err)
		}
	}
	return nil
}

// authority is what signs the certificates of roles.
type authority struct {
	dir         string
	now         time.Time
	certificate *x509.Certificate
	key         crypto.Signer // nil where it is not kept here and nothing needs it
}

func initAuthority(dir string, now time.Time) (authority, error) {
	a := authority{dir: dir, now: now}
	certPath, keyPath := filepath.Join(dir, AuthorityFile), filepath.Join(dir, AuthorityKeyFile)
	text, err := os.ReadFile(certPath)
	if err == nil {
		if a.certificate, err = parseCertificate(text); err != nil {
			return a, fmt.Errorf("%s: %w", certPath, err)
		}
		if a.key, err = readKey(keyPath); errors.Is(err, fs.ErrNotExist) {
			return a, nil
		}
		return a, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return a, err
	}
	if a.key, err = keyAt(keyPath); err != nil {
		return a, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "stepup wallet roles"},
		NotBefore:             now.Add(-time.Minute),
		NotAfter:              now.Add(AuthorityLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	a.certificate, err = issue(certPath, template, nil, a.key.Public(), a.key)
	return a, err
}

// initRole makes a role's certificate and key.
func (a authority) initRole(role wallet.Role, hosts []string) error {
	path := filepath.Join(a.dir, CertificateFile(role))
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if a.key == nil {
		return fmt.Errorf("%s is needed to sign it: bring it back from where it is kept, or remove %s and all certificates to begin anew",
			AuthorityKeyFile, AuthorityFile)
	}
	key, err := keyAt(filepath.Join(a.dir, KeyFile(role)))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "stepup " + string(role)},
		NotBefore:             a.now.Add(-time.Minute),
		NotAfter:              a.now.Add(CertificateLife),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		URIs:                  []*url.URL{{Scheme: "stepup", Opaque: "role:" + string(role)}},
	}
	for _, host := range hosts {
		if address := net.ParseIP(host); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	_, err = issue(path, template, a.certificate, key.Public(), a.key)
	return err
}

// issue signs template and writes it. Without a parent it signs itself.
func issue(path string, template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, err
	}
	if err := writeNew(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})); err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// keyAt is the key at path, made if absent.
func keyAt(path string) (crypto.Signer, error) {
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	fresh, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(fresh)
	if err != nil {
		return nil, err
	}
	return fresh, writeNew(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func readKey(path string) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s is not a private key in PEM (PKCS #8)", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	signer, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s is not an ECDSA key", path)
	}
	return signer, nil
}

func parseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("not a certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// writeNew writes a file that only its owner reads, as a whole or not at all,
// and never over one that is there.
func writeNew(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Link(file.Name(), path)
}
