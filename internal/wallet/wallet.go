// Package wallet holds the words that the roles of the embedded-wallet service
// share. A key exists whole only inside the signer, for one authorised
// operation; everywhere else it is shares that the signer and the guardian keep
// apart (custody model "split", which is custodial and is not multi-party
// computation). This package decides nothing and touches no key.
//
// The roles: the issuer (stepup serve) takes requests and says what its user asked
// for; the coordinator (stepup wallet) keeps the state and drives operations
// without any right to decrypt; the signer and the guardian are the custodians,
// and each checks every authorisation by itself.
package wallet

import (
	"encoding/json"
	"time"

	"github.com/stepup-auth/stepup/internal/jsonbody"
)

// CustodyModel is what the service calls itself on the wire: the key is split
// between two custodians and assembled in the memory of one of them.
const CustodyModel = "split"

// Role is one of the processes.
type Role string

// The roles. Certificates between them name the role as stepup:role:NAME.
const (
	Issuer      Role = "issuer"
	Coordinator Role = "wallet" // as in `stepup wallet`
	Signer      Role = "signer"
	Guardian    Role = "guardian"
)

// Chain is a family of chains that share one kind of key and address.
type Chain string

// The chains, spelt as on the wire.
const (
	EVM Chain = "EVM" // secp256k1
	SOL Chain = "SOL" // Ed25519; the secret is the 32-byte seed
)

// Valid reports whether the service has wallets of this kind.
func (c Chain) Valid() bool { return c == EVM || c == SOL }

// Scheme is a threshold signature scheme of the wire: so many of so many parties.
type Scheme string

// The schemes.
const (
	TwoOfTwo    Scheme = "TWO_OF_TWO"
	TwoOfThree  Scheme = "TWO_OF_THREE"
	ThreeOfFive Scheme = "THREE_OF_FIVE"
)

// Schemes are all of them, weakest first.
var Schemes = []Scheme{TwoOfTwo, TwoOfThree, ThreeOfFive}

// Valid reports whether s is one of [Schemes].
func (s Scheme) Valid() bool { return s == TwoOfTwo || s == TwoOfThree || s == ThreeOfFive }

// Action is what an operation does to a wallet.
type Action string

// The actions.
const (
	Create  Action = "create"
	Sign    Action = "sign"
	Export  Action = "export"
	Refresh Action = "refresh" // new shares, same scheme, same address
	Reshare Action = "reshare" // new shares, another scheme, same address
	Disable Action = "disable" // signs and exports nothing until restored
	Restore Action = "restore" // takes Disable or an open Delete back
	Delete  Action = "delete"  // after a time of grace the shares are shredded
)

// State is whether a wallet may be used.
type State string

// The states.
const (
	Active   State = "active"
	Disabled State = "disabled"
	Deleting State = "deleting" // disabled, and shredded at DeleteAt
	Deleted  State = "deleted"  // the shares are gone; only the address is remembered
)

// Wallet is one key as the coordinator knows it.
type Wallet struct {
	ID            string    `json:"walletId"`
	EnvironmentID string    `json:"environmentId"`
	UserID        string    `json:"userId"`
	Chain         Chain     `json:"chain"`
	Address       string    `json:"address"`   // EVM: EIP-55; Solana: base58
	PublicKey     []byte    `json:"publicKey"` // EVM: 33 bytes, compressed; Solana: 32 bytes
	Scheme        Scheme    `json:"scheme"`
	Generation    int       `json:"generation"` // of the shares in force; the first is 1
	State         State     `json:"state"`
	CreatedAt     time.Time `json:"createdAt"`
	ExportedAt    time.Time `json:"exportedAt,omitzero"` // last; zero: never
	DeleteAt      time.Time `json:"deleteAt,omitzero"`   // zero: no deletion is under way
}

// Operation is one action on one wallet, asked for by one user in one session.
// Its id makes retries the same operation: whatever is spent or done for it is
// spent or done once.
type Operation struct {
	ID            string          `json:"operationId"` // UUID
	EnvironmentID string          `json:"environmentId"`
	UserID        string          `json:"userId"`
	SessionID     string          `json:"sessionId"`
	WalletID      string          `json:"walletId"` // for Create: the id the wallet gets
	Action        Action          `json:"action"`
	Request       json.RawMessage `json:"request"`   // of the type named after the action, SignRequest for Sign, {} where there is none
	RequestID     string          `json:"requestId"` // of the user's request, for logs
}

// Ref names the operation.
func (o Operation) Ref() OperationRef {
	return OperationRef{EnvironmentID: o.EnvironmentID, WalletID: o.WalletID, OperationID: o.ID}
}

// maxRequestDepth is what an envelope between roles may nest, of which a request
// is a part.
const maxRequestDepth = 24

// ReadRequest reads the request into the type named after the action: just the
// members there are, each once and as it is written here. Every role reads it so,
// because what two readers understand differently could be shown as one thing and
// done as another.
func (o Operation) ReadRequest(into any) error {
	return jsonbody.Decode(o.Request, into, jsonbody.Rules{Depth: maxRequestDepth, KnownOnly: true})
}

// CreateRequest asks for a new wallet.
type CreateRequest struct {
	Chain  Chain  `json:"chain"`
	Scheme Scheme `json:"scheme"`
}

// SignKind is what kind of thing is signed.
type SignKind string

// The kinds.
const (
	SignMessage       SignKind = "message"       // EVM: EIP-191; Solana: bytes that are no transaction
	SignTypedData     SignKind = "typed_data"    // EIP-712
	SignTransaction   SignKind = "transaction"   // EVM: legacy, EIP-2930, EIP-1559, EIP-7702; Solana: legacy, v0
	SignAuthorization SignKind = "authorization" // EIP-7702
)

// SignRequest is what to sign, in full: nothing is ever signed blind, so every
// role decodes and hashes it anew. Exactly the member of Kind is set.
type SignRequest struct {
	Kind      SignKind        `json:"kind"`
	Message   []byte          `json:"message,omitempty"`   // without any prefix
	TypedData json.RawMessage `json:"typedData,omitempty"` // the EIP-712 document as it came
	// EVM: unsigned, in its EIP-2718 envelope; Solana: the message that is signed, or the whole
	// transaction
	Transaction   []byte         `json:"transaction,omitempty"`
	Authorization *Authorization `json:"authorization,omitempty"`
}

// Authorization is the tuple of EIP-7702 that hands an account to code.
type Authorization struct {
	ChainID string `json:"chainId"` // decimal; 0: every chain
	Address string `json:"address"` // of the code
	Nonce   string `json:"nonce"`   // decimal
}

// ExportRequest names who may open the exported key.
type ExportRequest struct {
	PublicKey []byte `json:"exportPublicKey"` // X25519, 32 bytes
}

// ReshareRequest moves a wallet from one scheme to another.
type ReshareRequest struct {
	Old Scheme `json:"oldThresholdSignatureScheme"`
	New Scheme `json:"newThresholdSignatureScheme"`
}

// Credentials are what allow an operation, each checked by each custodian.
type Credentials struct {
	Ticket        string `json:"ticket"`                  // wallet-authz+jwt: the issuer says what its user asked for
	ElevatedToken string `json:"elevatedToken,omitempty"` // the user's proof; empty where the ticket says none was needed
}

// Signature is what the signer answers to Sign.
type Signature struct {
	// Signature: EVM: r ‖ s ‖ v with v 27 or 28, 65 bytes; Solana: 64 bytes.
	Signature []byte `json:"signature"`
	// SignedTransaction is ready to be broadcast; empty for other kinds.
	SignedTransaction []byte `json:"signedTransaction,omitempty"`
}

// SealedExport is a private key that only the owner of the export key can open:
// HPKE (RFC 9180) in base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
// AES-256-GCM. The info is [ExportInfo] of the operation, without further
// associated data. The plaintext is text: EVM: hex without 0x; Solana: base58 of
// seed and public key.
type SealedExport struct {
	EncapsulatedKey []byte `json:"encapsulatedKey"`
	Ciphertext      []byte `json:"ciphertext"`
}

// ExportInfo is the HPKE info of an export: it pins the ciphertext to the
// operation and the wallet.
func ExportInfo(o Operation) []byte {
	return []byte("stepup wallet export v1\n" + o.EnvironmentID + "\n" + o.WalletID + "\n" + o.ID)
}

// OfflineShare is the share of a party that is not online: a file for the
// operator to keep, sealed to the operator's offline key.
type OfflineShare struct {
	WalletID        string `json:"walletId"`
	Generation      int    `json:"generation"`
	Scheme          Scheme `json:"scheme"`
	Party           int    `json:"party"` // 1-based, among all parties of the scheme
	EncapsulatedKey []byte `json:"encapsulatedKey"`
	Ciphertext      []byte `json:"ciphertext"`
}
