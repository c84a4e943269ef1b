package coordinator

import (
	"context"
	"errors"
	"net/http"

	"github.com/stepup-auth/stepup/internal/wallet"
)

// Call makes one JSON-RPC call with a client of a test's own.
func Call(ctx context.Context, client *http.Client, into any) error {
	s := &Service{config: Config{HTTP: client}}
	return s.call(ctx, wallet.Network{RPC: "http://node"}, "method", nil, into)
}

// Land waits until nothing is at work in this coordinator. Perform does not: what it
// began goes on when its caller is gone.
func (s *Service) Land() {
	for {
		var flight chan struct{}
		s.mu.Lock()
		for _, flight = range s.flights {
			break
		}
		s.mu.Unlock()
		if flight == nil {
			return
		}
		<-flight
	}
}

// NodeRefusal is the text of a node's refusal.
func NodeRefusal(err error) (text string, ok bool) {
	var refusal *nodeError
	if errors.As(err, &refusal) {
		return refusal.Message, true
	}
	return "", false
}
