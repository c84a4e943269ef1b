// Package peer connects the roles of the wallet service: mutual TLS 1.3 with one
// certificate authority that is theirs alone. The invariants: nobody without a
// certificate of that authority is heard or spoken to, each certificate speaks
// for exactly one role, and each endpoint says which roles may call it.
//
// [Init] makes the files. [Load] reads a role's; its own certificate and key are
// read again when the files change, at the next handshake, so a renewed
// certificate needs no restart. The authority itself is read once, at start.
package peer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/stepup-auth/stepup/internal/wallet"
)

// The files of a directory. A role needs the authority's certificate and its own
// two files; nobody needs the authority's key but [Init].
const (
	AuthorityFile    = "ca.pem"
	AuthorityKeyFile = "ca.key"
)

// CertificateFile and KeyFile name a role's own files.
func CertificateFile(role wallet.Role) string { return string(role) + ".pem" }
func KeyFile(role wallet.Role) string         { return string(role) + ".key" }

// Roles are those that have a certificate.
var Roles = []wallet.Role{wallet.Issuer, wallet.Coordinator, wallet.Signer, wallet.Guardian}

const uriPrefix = "stepup:role:"

// Identity is what a role shows and trusts.
type Identity struct {
	// Role is whom the certificate speaks for.
	Role wallet.Role
	// Now is the clock certificates are judged by. Nil means [time.Now].
	Now func() time.Time

	authority         *x509.CertPool
	certificate, key  string // paths
	mu                sync.Mutex
	loaded            *tls.Certificate
	certTime, keyTime time.Time // modification times of what is loaded
}

// Load reads what role needs from dir: the authority's certificate and the
// role's own certificate and key.
func Load(dir string, role wallet.Role) (*Identity, error) {
	pem, err := os.ReadFile(filepath.Join(dir, AuthorityFile))
	if err != nil {
		return nil, fmt.Errorf("reading the wallet roles' authority (stepup wallet init makes it): %w", err)
	}
	authority, err := parseCertificate(pem)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Join(dir, AuthorityFile), err)
	}
	if !authority.IsCA {
		return nil, fmt.Errorf("%s is not the certificate of an authority", filepath.Join(dir, AuthorityFile))
	}
	i := &Identity{
		Role:        role,
		authority:   x509.NewCertPool(),
		certificate: filepath.Join(dir, CertificateFile(role)),
		key:         filepath.Join(dir, KeyFile(role)),
	}
	i.authority.AddCert(authority)
	if _, err := i.current(); err != nil {
		return nil, err
	}
	return i, nil
}

// Expires is when the certificate in force ends.
func (i *Identity) Expires() (time.Time, error) {
	c, err := i.current()
	if err != nil {
		return time.Time{}, err
	}
	return c.Leaf.NotAfter, nil
}

// current is the certificate as the files have it. Files that cannot be used,
// such as a pair half renewed, leave the last good one in force.
func (i *Identity) current() (*tls.Certificate, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	certInfo, err := os.Stat(i.certificate)
	var keyInfo os.FileInfo
	if err == nil {
		keyInfo, err = os.Stat(i.key)
	}
	if err == nil && i.loaded != nil && certInfo.ModTime().Equal(i.certTime) && keyInfo.ModTime().Equal(i.keyTime) {
		return i.loaded, nil
	}
	var fresh *tls.Certificate
	if err == nil {
		fresh, err = i.read()
	}
	if err != nil {
		if i.loaded != nil {
			return i.loaded, nil
		}
		return nil, fmt.Errorf("reading the certificate of role %s (stepup wallet init makes it): %w", i.Role, err)
	}
	i.loaded, i.certTime, i.keyTime = fresh, certInfo.ModTime(), keyInfo.ModTime()
	return i.loaded, nil
}

func (i *Identity) read() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(i.certificate, i.key)
	if err != nil {
		return nil, err
	}
	role, err := roleOf(pair.Leaf)
	if err != nil {
		return nil, err
	}
	if role != i.Role {
		return nil, fmt.Errorf("%s speaks for the role %s", i.certificate, role)
	}
	// Whether it is in date is for the other side to say, at each handshake.
	_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: i.authority, CurrentTime: pair.Leaf.NotBefore,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", i.certificate, err)
	}
	return &pair, nil
}

func (i *Identity) now() time.Time {
	if i.Now != nil {
		return i.Now()
	}
	return time.Now()
}

// serverTLS accepts certificates of the authority only. Sessions are not resumed
// from tickets: each connection shows its certificate anew.
func (i *Identity) serverTLS() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		ClientAuth:             tls.RequireAndVerifyClientCert,
		ClientCAs:              i.authority,
		SessionTicketsDisabled: true,
		Time:                   i.now,
		NextProtos:             []string{"h2", "http/1.1"},
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return i.current() },
		VerifyConnection: func(state tls.ConnectionState) error {
			_, err := i.roleIn(&state)
			return err
		},
	}
}

// clientTLS speaks to a server of the authority with the given role only.
func (i *Identity) clientTLS(server wallet.Role) *tls.Config {
	return &tls.Config{
		MinVersion:           tls.VersionTLS13,
		RootCAs:              i.authority,
		Time:                 i.now,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return i.current() },
		VerifyConnection: func(state tls.ConnectionState) error {
			role, err := i.roleIn(&state)
			if err == nil && role != server {
				err = fmt.Errorf("the certificate speaks for the role %s, and %s was called", role, server)
			}
			return err
		},
	}
}

// roleIn is whom the other side of a verified connection speaks for now: a
// connection outlives no certificate.
func (i *Identity) roleIn(state *tls.ConnectionState) (wallet.Role, error) {
	if state == nil || len(state.VerifiedChains) == 0 {
		return "", errors.New("no certificate of the authority was shown")
	}
	leaf := state.VerifiedChains[0][0]
	if i.now().After(leaf.NotAfter) {
		return "", errors.New("the certificate has expired")
	}
	return roleOf(leaf)
}

// roleOf reads the one role of a certificate.
func roleOf(leaf *x509.Certificate) (wallet.Role, error) {
	if len(leaf.URIs) != 1 {
		return "", errors.New("the certificate must have exactly one URI, stepup:role:NAME")
	}
	name, ok := strings.CutPrefix(leaf.URIs[0].String(), uriPrefix)
	if ok {
		for _, role := range Roles {
			if name == string(role) {
				return role, nil
			}
		}
	}
	return "", fmt.Errorf("the certificate's URI %q names no role", leaf.URIs[0])
}
