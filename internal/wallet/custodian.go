package wallet

import "time"

// Order is an operation on its way to a custodian, which checks everything about
// it once more and takes nothing of it for true but its ids.
type Order struct {
	Operation   Operation   `json:"operation"`
	Credentials Credentials `json:"credentials"`
	Wallet      Wallet      `json:"wallet"`     // as it stands; for Create, as it is to become, without address and key
	Generation  int         `json:"generation"` // in force, or to be made by Create, Refresh and Reshare
	Scheme      Scheme      `json:"scheme"`     // of Generation
}

// Done is what the signer made of an order.
type Done struct {
	Address       string         `json:"address,omitempty"` // of Create, Refresh and Reshare: as assembled from the new shares
	PublicKey     []byte         `json:"publicKey,omitempty"`
	OfflineShares []OfflineShare `json:"offlineShares,omitempty"`
	Signature     *Signature     `json:"signature,omitempty"`
	Export        *SealedExport  `json:"export,omitempty"`
}

// Verdict is a coordinator's word about a generation of shares.
type Verdict string

// The verdicts.
const (
	Commit   Verdict = "commit"   // it is in force
	Rollback Verdict = "rollback" // it never was, and is dropped
	Retire   Verdict = "retire"   // every older one is on its way out
)

// Settlement is a verdict on its way to a custodian. The signer decides and tells
// the guardian, so that no word of a coordinator can make the two differ; the
// guardian itself agrees to what is so already.
type Settlement struct {
	EnvironmentID string  `json:"environmentId"`
	WalletID      string  `json:"walletId"`
	OperationID   string  `json:"operationId"` // that made the generation
	Generation    int     `json:"generation"`
	Verdict       Verdict `json:"verdict"`
}

// WalletRef names a wallet.
type WalletRef struct {
	EnvironmentID string `json:"environmentId"`
	WalletID      string `json:"walletId"`
}

// OperationRef names an operation on a wallet.
type OperationRef struct {
	EnvironmentID string `json:"environmentId"`
	WalletID      string `json:"walletId"`
	OperationID   string `json:"operationId"`
}

// GenerationRef names a generation of a wallet's shares.
type GenerationRef struct {
	EnvironmentID string `json:"environmentId"`
	WalletID      string `json:"walletId"`
	Generation    int    `json:"generation"`
}

// Ref names the operation that made the generation.
func (s Settlement) Ref() OperationRef {
	return OperationRef{EnvironmentID: s.EnvironmentID, WalletID: s.WalletID, OperationID: s.OperationID}
}

// Held is what one custodian holds of one wallet; the zero State where it is nothing.
type Held struct {
	State       State        `json:"state"`    // Deleted once every share is shredded
	MarkedBy    string       `json:"markedBy"` // id of the operation that State comes from
	DeleteAt    time.Time    `json:"deleteAt,omitzero"`
	Generations []Generation `json:"generations"`
	Now         time.Time    `json:"now"` // its clock
}

// Generation is one sharing of the key, as one custodian keeps it.
type Generation struct {
	Number      int             `json:"generation"`
	State       GenerationState `json:"state"`
	OperationID string          `json:"operationId"` // that made it
}

// GenerationState is how far a generation has come.
type GenerationState string

// The states of a generation, in order. A rollback removes one that was never in
// force without trace.
const (
	Staged    GenerationState = "staged"    // stored, and not yet known to be the wallet's key
	Verified  GenerationState = "verified"  // was assembled once to the wallet's address
	InForce   GenerationState = "active"    // what signs
	Retiring  GenerationState = "retiring"  // a newer one is in force; kept for the retention
	Destroyed GenerationState = "destroyed" // the pieces are gone
)
