package chain

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/stepup-auth/stepup/internal/chain/solana"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

// MaxSignature is the length of the longest signature that is read, in
// characters. Contract wallets with passkeys make long ones.
const MaxSignature = 32 << 10

// DecodeSignature reads signedMessage. For EVM it is 0x and hex digits, or none of
// them: what contract wallets take is of any length (EIP-1271). For Solana it is
// base64 or base58. Hardware wallets put it into a JSON object (wire reference 7.3).
func DecodeSignature(c Kind, text string) ([]byte, error) {
	if len(text) > MaxSignature {
		return nil, errors.New("too long")
	}
	if strings.HasPrefix(text, "{") {
		var hardware struct {
			SignedTransaction struct {
				Data string `json:"data"`
			} `json:"signedTransaction"`
		}
		if err := strictjson.Decode([]byte(text), &hardware, strictjson.Ignore); err != nil {
			return nil, errors.New("not the JSON of a hardware wallet")
		}
		text = hardware.SignedTransaction.Data
	}
	switch c {
	case EVM:
		digits, ok := strings.CutPrefix(text, "0x")
		raw, err := hex.DecodeString(digits)
		if !ok || err != nil {
			return nil, errors.New("not 0x and hex")
		}
		return raw, nil
	case Solana:
		return solana.ParseSignature(text)
	}
	return nil, fmt.Errorf("there are no signatures of chain %q here", c)
}
