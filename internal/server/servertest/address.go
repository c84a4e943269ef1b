package servertest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

var handedOut sync.Map

// FreeAddress finds a loopback address for a program that cannot be told to
// choose one itself. It lies below the ports that systems give to outgoing
// connections, lest one of those takes it before the program does, and is
// handed out once.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(22_000))
		if _, before := handedOut.LoadOrStore(address, true); before {
			continue
		}
		if listener, err := net.Listen("tcp", address); err == nil {
			_ = listener.Close()
			return address
		}
	}
	t.Fatal("no free port between 10000 and 32000")
	return ""
}
