package server

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// plainWarning is how often refused plain HTTP is logged, whoever sends it.
const plainWarning = time.Minute

// transport judges each connection by itself: it carries TLS, or comes from this
// machine or from a named proxy that ended TLS. That some proxy is named makes
// nobody else's plain HTTP good. What the load balancer asks is excepted, because
// it holds nothing of a user.
type transport struct {
	trusted []netip.Prefix
	log     *slog.Logger
	now     func() time.Time

	mu     sync.Mutex
	warned time.Time
}

// refused reports whether the request came over a connection that anybody on its
// way may read. It logs one of those now and then: it may be a proxy that was
// forgotten.
func (t *transport) refused(r *http.Request) bool {
	if r.TLS != nil || r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
		return false
	}
	peer := ""
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		address := at.Addr().Unmap().WithZone("")
		if address.IsLoopback() || slices.ContainsFunc(t.trusted, func(p netip.Prefix) bool { return p.Contains(address) }) {
			return false
		}
		peer = address.String()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.now(); now.Sub(t.warned).Abs() >= plainWarning {
		t.warned = now
		t.log.Warn("plain HTTP was refused: if this is a proxy that ends TLS, name it in STEPUP_TRUSTED_PROXIES", "peer", peer)
	}
	return true
}
