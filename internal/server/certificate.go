package server

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateLook is how often the files are looked at, at most: a renewal holds for
// connections that begin so much later.
const certificateLook = 10 * time.Second

// certificate is the one that the public listener shows. It is read again when its
// files change, so that a renewal needs no restart; files that cannot be used, because
// they are half written or do not belong together, leave the one before in place.
type certificate struct {
	certFile, keyFile string
	now               func() time.Time
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	seen    [2]fileState // of the files that current, or what was refused, came from
	looked  time.Time
}

type fileState struct {
	changed time.Time
	size    int64
}

// newCertificate reads the files, which must be good at the start.
func newCertificate(certFile, keyFile string, now func() time.Time, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, now: now, log: log, looked: now()}
	var err error
	if c.seen, err = c.states(); err != nil {
		return nil, err
	}
	c.current, err = c.load()
	return c, err
}

func (c *certificate) load() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return nil, fmt.Errorf("STEPUP_TLS_CERT and STEPUP_TLS_KEY must name PEM files that belong together: %w", err)
	}
	return &pair, nil
}

func (c *certificate) states() (states [2]fileState, err error) {
	for i, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return states, err
		}
		states[i] = fileState{info.ModTime(), info.Size()}
	}
	return states, nil
}

// get is what [tls.Config] asks for every connection.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.looked).Abs() >= certificateLook {
		c.looked = now
		c.renew()
	}
	return c.current, nil
}

func (c *certificate) renew() {
	states, err := c.states()
	if err != nil {
		c.log.Error("the certificate cannot be looked at; the one from before stays", "error", err)
		return
	}
	if states == c.seen {
		return
	}
	renewed, err := c.load()
	if err != nil { // perhaps only one of the two is written yet: the next look reads them again
		c.log.Error("the certificate cannot be renewed; the one from before stays", "error", err)
		return
	}
	c.current, c.seen = renewed, states
	c.log.Info("the certificate was renewed", "valid until", renewed.Leaf.NotAfter)
}

// ends is when the certificate does.
func (c *certificate) ends() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current.Leaf.NotAfter
}
