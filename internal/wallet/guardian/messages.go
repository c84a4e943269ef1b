package guardian

import (
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
)

// The purposes that pieces are sealed for between signer and guardian.
const (
	ForStage       = "stage"
	ForContribute  = "contribute"
	ForContributed = "contributed"
	ForVerify      = "verify"
	ForRelease     = "release"
)

// Hello says which root key a custodian has, and what to seal to.
type Hello struct {
	KeyID     string `json:"keyId"`
	PublicKey []byte `json:"publicKey,omitempty"` // the guardian's transit key
}

// Stage brings the guardian its pieces of a new wallet.
type Stage struct {
	KeyID     string        `json:"keyId"` // the signer's root key
	Order     wallet.Order  `json:"order"`
	Address   string        `json:"address"`
	PublicKey []byte        `json:"publicKey"`
	Pieces    sealed.Pieces `json:"pieces"`
}

// Contribute asks the guardian to renew its pieces.
type Contribute struct {
	KeyID    string        `json:"keyId"`
	Order    wallet.Order  `json:"order"`
	From     int           `json:"from"`   // the generation to renew
	Pieces   sealed.Pieces `json:"pieces"` // the signer's contributions to what the guardian will hold
	ReplyKey []byte        `json:"replyKey"`
}

// Release asks for pieces: those the guardian is responsible for, of a generation
// in force, or to verify all it holds of what the operation has staged.
type Release struct {
	KeyID    string       `json:"keyId"`
	Order    wallet.Order `json:"order"`
	ReplyKey []byte       `json:"replyKey"`
}

// Verified says that what an operation has staged was assembled to the wallet's key.
type Verified struct {
	EnvironmentID string `json:"environmentId"`
	WalletID      string `json:"walletId"`
	OperationID   string `json:"operationId"`
	Digest        []byte `json:"digest"` // of the guardian's pieces, as they were assembled
}

func (v Verified) ref() wallet.OperationRef {
	return wallet.OperationRef{EnvironmentID: v.EnvironmentID, WalletID: v.WalletID, OperationID: v.OperationID}
}

// Digest names the pieces of a generation without showing them.
type Digest struct {
	Digest []byte `json:"digest"`
}

// Preview asks whether the limits would allow an operation.
type Preview struct {
	Operation wallet.Operation `json:"operation"`
}
