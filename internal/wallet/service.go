package wallet

import "context"

// Service is the wallet service as the issuer sees it; [Coordinator] is the role behind
// it. It holds no key and decides nothing that the issuer relies on: hashes and
// summaries are made by the issuer, and each custodian makes its own.
//
// Refusals are *fault.Error and reach the caller as they are. A wallet that is not
// there and one of somebody else are both wallet_not_found.
type Service interface {
	// Prepare says whether the operation could be done now, and changes nothing:
	// the wallet is there and the user's, its state allows the action, and the
	// guardian's limits would. It returns the wallet; for Create, the one that
	// would come into being, without an address.
	Prepare(ctx context.Context, o Operation) (Wallet, error)
	// Perform does the operation, finishes it, or answers what came of it.
	Perform(ctx context.Context, o Operation, by Credentials) (Outcome, error)
	// Wallets are all wallets of a user, oldest first.
	Wallets(ctx context.Context, environmentID, userID string) ([]Wallet, error)
	// Wallet is one of them.
	Wallet(ctx context.Context, environmentID, userID, walletID string) (Wallet, error)
	// Broadcast sends a transaction that the wallet signed.
	Broadcast(ctx context.Context, b Broadcast) (Broadcasted, error)
}

// Outcome is what became of an operation, for the issuer to answer and to audit.
// Asked again for the same operation, it is the same.
type Outcome struct {
	OperationID string        `json:"operationId"`
	IntentHash  string        `json:"intentHash"`
	Wallet      Wallet        `json:"wallet"` // as it stands afterwards
	Verdicts    Verdicts      `json:"verdicts"`
	Signature   *Signature    `json:"signature,omitempty"` // of Sign
	Export      *SealedExport `json:"export,omitempty"`    // of Export
}

// Verdicts are what the custodians said, each for itself: allowed, or the code
// of its refusal; empty where it was not asked.
type Verdicts struct {
	Signer   string `json:"signer,omitempty"`
	Guardian string `json:"guardian,omitempty"`
}

// Allowed is the verdict of a custodian that did what was asked.
const Allowed = "allowed"

// Broadcast asks for a signed transaction to be sent to a node that the operator
// has set. Whoever sends it checks first that the wallet signed it.
type Broadcast struct {
	EnvironmentID     string  `json:"environmentId"`
	UserID            string  `json:"userId"`
	WalletID          string  `json:"walletId"`
	Network           Network `json:"network"`
	SignedTransaction []byte  `json:"signedTransaction"`
	RequestID         string  `json:"requestId"`
}

// Network is a chain to broadcast on, as the environment document names it.
type Network struct {
	Chain   Chain  `json:"chain"`
	ChainID int64  `json:"chainId,omitempty"` // EVM
	Cluster string `json:"cluster,omitempty"` // Solana: mainnet-beta, devnet, testnet, localnet
	Name    string `json:"name"`
	RPC     string `json:"rpc"` // address of its JSON-RPC node
}

// Broadcasted is what the node said: the hash (EVM) or the first signature
// (Solana) by which the transaction is found again.
type Broadcasted struct {
	TransactionID string `json:"transactionId"`
}
