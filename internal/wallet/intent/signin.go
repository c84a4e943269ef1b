package intent

import (
	"regexp"
	"strings"

	"github.com/stepup-auth/stepup/internal/wallet"
)

// signInShape is a sign-in text from its first byte to its last: EIP-4361, or its
// Solana sibling, where everything after the statement may be missing.
var signInShape = regexp.MustCompile(`^[^\s]+ wants you to sign in with your (Ethereum|Solana) account:\n([0-9A-Za-z]{32,44})` +
	`(\n\n[^\n]+)?(\n\n|\n\n\n)?` +
	`(URI: [^\s]+)?(\nVersion: 1)?(\nChain ID: [0-9A-Za-z:-]+)?(\nNonce: [0-9A-Za-z]+)?(\nIssued At: [0-9T:.Z+-]+)?` +
	`(\nExpiration Time: [0-9T:.Z+-]+)?(\nNot Before: [0-9T:.Z+-]+)?(\nRequest ID: [^\s]*)?(\nResources:(\n- [^\s]+)*)?$`)

// capability starts a resource by which a sign-in text hands over rights (ERC-5573).
const capability = "\n- urn:recap:"

// signsIn reports whether the text signs this wallet in somewhere and does nothing
// else.
func signsIn(text string, w wallet.Wallet) bool {
	m := signInShape.FindStringSubmatch(text)
	account := map[wallet.Chain]string{wallet.EVM: "Ethereum", wallet.SOL: "Solana"}
	return m != nil && m[1] == account[w.Chain] && m[2] == w.Address && !strings.Contains(strings.ToLower(text), capability)
}
