package sealed

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"

	"github.com/stepup-auth/stepup/internal/chain/solana"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Export seals a private key, written as wallets import it, to the key that the
// export names, for this export only.
func Export(op wallet.Operation, r wallet.ExportRequest, chain wallet.Chain, secret []byte) (wallet.SealedExport, error) {
	if len(secret) != 32 {
		return wallet.SealedExport{}, fmt.Errorf("a secret of %d bytes is no key of a wallet", len(secret))
	}
	var text string
	switch chain {
	case wallet.EVM:
		text = hex.EncodeToString(secret)
	case wallet.SOL:
		text = solana.ExportText(ed25519.NewKeyFromSeed(secret))
	default:
		return wallet.SealedExport{}, fmt.Errorf("keys of chain %q are not exported", chain)
	}
	encapsulatedKey, ciphertext, err := Seal(r.PublicKey, wallet.ExportInfo(op), []byte(text))
	return wallet.SealedExport{EncapsulatedKey: encapsulatedKey, Ciphertext: ciphertext}, err
}
