package seal

import (
	"fmt"

	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
)

// hashSize is the full output of HMAC-SHA256.
const hashSize = 32

// Hasher makes keyed hashes (HMAC-SHA256). It is safe for concurrent use.
type Hasher struct {
	prf *prf.Set
}

// NewHasherKeyset makes the key of a [Hasher], in clear: seal it before storing it.
func NewHasherKeyset() ([]byte, error) {
	handle, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("making a hasher keyset: %w", err)
	}
	return clearText(handle)
}

// ParseHasher reads what [NewHasherKeyset] made.
func ParseHasher(raw []byte) (*Hasher, error) {
	handle, err := parseKeyset(raw)
	if err != nil {
		return nil, err
	}
	set, err := prf.NewPRFSet(handle)
	if err != nil {
		return nil, fmt.Errorf("reading a hasher keyset: %w", err)
	}
	hasher := &Hasher{prf: set}
	if _, err := set.ComputePrimaryPRF(nil, hashSize); err != nil {
		return nil, fmt.Errorf("trying a hasher keyset: %w", err)
	}
	return hasher, nil
}

// Sum returns the 32 bytes of the keyed hash of the parts. The purpose keeps
// the hashes of a code, a token and a nonce apart though the text be the same.
func (h *Hasher) Sum(purpose string, parts ...string) []byte {
	sum, err := h.prf.ComputePrimaryPRF(join(append([]string{purpose}, parts...)...), hashSize)
	if err != nil {
		// ParseHasher has tried exactly this call; HMAC has no other way to fail.
		panic(fmt.Sprintf("computing a keyed hash: %v", err))
	}
	return sum
}
