package coordinator

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// decode says what an operation means to do.
func (s *Service) decode(o wallet.Operation, _ wallet.Wallet) (intended, error) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s %s", o.EnvironmentID, o.WalletID, o.Action, o.Request))
	return intended{Hash: hex.EncodeToString(sum[:])}, nil
}

// readRequest reads the request of an operation, and nothing but what it may hold.
func readRequest(o wallet.Operation, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(o.Request))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fault.New(fault.InvalidRequest, "the request of %s is malformed", o.Action).Because(err)
	}
	return nil
}
