package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// pair is a certificate of its own, as PEM.
func pair(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(4e9, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

// shown is the name in the certificate that a client sees over TLS.
func shown(t *testing.T, c *certificate) string {
	t.Helper()
	client, server := net.Pipe()
	defer client.Close()
	go func() {
		defer server.Close()
		_ = tls.Server(server, &tls.Config{GetCertificate: c.get}).Handshake()
	}()
	conn := tls.Client(client, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}) // its name is all that is looked at
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func TestCertificateIsRenewed(t *testing.T) {
	folder, at := t.TempDir(), time.Unix(1_000_000, 0)
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	write := func(name string, content []byte) {
		t.Helper()
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	cert, key := pair(t, "first.example")
	write(certFile, cert)
	write(keyFile, key)
	c, err := newCertificate(certFile, keyFile, func() time.Time { return at }, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if got := shown(t, c); got != "first.example" {
		t.Fatalf("at the start: %s", got)
	}

	newer, newerKey := pair(t, "second.example")
	at = at.Add(certificateLook)
	write(certFile, newer) // and the key of the one before
	if got := shown(t, c); got != "first.example" {
		t.Errorf("while half of it is written: %s", got)
	}
	at = at.Add(certificateLook)
	write(keyFile, newerKey)
	if got := shown(t, c); got != "second.example" {
		t.Errorf("after it was renewed: %s", got)
	}
	if err := os.Remove(certFile); err != nil {
		t.Fatal(err)
	}
	at = at.Add(certificateLook)
	if got := shown(t, c); got != "second.example" {
		t.Errorf("while a file is away: %s", got)
	}
	if !c.ends().Equal(time.Unix(4e9, 0)) {
		t.Errorf("it ends %v", c.ends())
	}
}

func TestWrongCertificateStopsTheStart(t *testing.T) {
	folder := t.TempDir()
	cert, _ := pair(t, "first.example")
	_, otherKey := pair(t, "other.example")
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for name, content := range map[string][]byte{certFile: cert, keyFile: otherKey} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := newCertificate(certFile, keyFile, time.Now, slog.Default()); err == nil {
		t.Error("a key of another certificate was taken")
	}
	if _, err := newCertificate(filepath.Join(folder, "none"), keyFile, time.Now, slog.Default()); err == nil {
		t.Error("a file that is not there was taken")
	}
}
