package chain

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"

	"github.com/mr-tron/base58"
)

// MaxSignature is the length of the longest signature that is read, in
// characters. Contract wallets with passkeys make long ones.
const MaxSignature = 32 << 10

// DecodeSignature reads signedMessage: 0x and hex for EVM, none at all too, for
// what contract wallets take is of any length (EIP-1271); base64 or base58 for Solana. Hardware wallets put it into a JSON object (wire
// reference 7.3).
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
		if err := json.Unmarshal([]byte(text), &hardware); err != nil {
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
		if len(text) > 88 {
			break
		}
		if raw, err := base64.StdEncoding.Strict().DecodeString(text); err == nil && len(raw) == 64 && !strings.ContainsAny(text, "\r\n") {
			return raw, nil
		}
		if raw, err := base58.Decode(text); err == nil && len(raw) == 64 && base58.Encode(raw) == text {
			return raw, nil
		}
	}
	return nil, errors.New("not 64 bytes in base64 or base58")
}

func fromHex(digits string) []byte {
	raw, err := hex.DecodeString(digits)
	if err != nil {
		panic(err) // a constant of this package
	}
	return raw
}
