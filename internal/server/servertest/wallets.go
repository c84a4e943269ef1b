package servertest

import (
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sync"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/mr-tron/base58"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/authz"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
	"github.com/stepup-auth/stepup/internal/wallet/issuer"
)

// EmbeddedOn is a further line of [Document]: embedded wallets. Only what is
// always gated is.
const EmbeddedOn = `embeddedWallets: {enabled: true, networks: [
  {name: Local, chain: EVM, chainId: 31337, rpc: "http://127.0.0.1:8545"},
  {name: Devnet, chain: SOL, cluster: devnet, rpc: "http://127.0.0.1:8899"}]}
`

// WalletsOn are such lines too, and gate everything that can be.
const WalletsOn = EmbeddedOn + `mfa:
  actions:
    - {action: user.update, required: true}
    - {action: wallet.waas.sign, required: true}
    - {action: wallet.waas.refresh, required: true}
    - {action: wallet.waas.reshare, required: true}
`

// WithWallets gives the server a wallet service that keeps keys whole, in
// memory. It checks credentials as the two custodians do, and asks the server's
// own listener for them.
func WithWallets(w *Wallets) Option { return func(o *options) { o.wallets = w } }

// Wallets is that service. What it did is for tests to look at.
type Wallets struct {
	Lose func(wallet.Operation) bool // the answer gets lost after the operation is done; nil: never

	now    func() time.Time
	issuer *issuer.Server

	mu       sync.Mutex
	wallets  []wallet.Wallet
	keys     map[string][32]byte
	outcomes map[string]wallet.Outcome
	done     map[wallet.Action]int
	sent     []wallet.Broadcast
}

// Open connects the service to a server; nodes of one database may share it.
func (s *Wallets) Open(now func() time.Time, asked *issuer.Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.issuer = now, asked
	if s.keys == nil {
		s.keys, s.outcomes, s.done = map[string][32]byte{}, map[string]wallet.Outcome{}, map[wallet.Action]int{}
	}
}

// Done is how many operations of the action were really done.
func (s *Wallets) Done(a wallet.Action) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done[a]
}

// Environment implements [authz.Environments].
func (s *Wallets) Environment(ctx context.Context, id string) (authz.Environment, error) {
	document, err := s.issuer.Keys(ctx, id)
	if err != nil {
		return authz.Environment{}, err
	}
	text := `{"keys":[`
	for i, key := range document.Keys {
		if i > 0 {
			text += ","
		}
		text += string(key)
	}
	keys, err := stepup.ParseJWKS([]byte(text + "]}"))
	return authz.Environment{Issuer: document.Issuer, Keys: stepup.StaticKeySet(keys)}, err
}

type custodian struct {
	*Wallets
	role wallet.Role
}

// Claim implements [authz.Claimer].
func (c custodian) Claim(ctx context.Context, claim wallet.Claim) (wallet.Claimed, error) {
	return c.issuer.Claim(ctx, c.role, claim)
}

func (s *Wallets) find(environmentID, userID, walletID string) (*wallet.Wallet, error) {
	for i, w := range s.wallets {
		if w.EnvironmentID == environmentID && w.UserID == userID && w.ID == walletID {
			return &s.wallets[i], nil
		}
	}
	return nil, fault.New(fault.WalletNotFound, "You have no wallet with this id.")
}

// Wallet implements wallet.Service.
func (s *Wallets) Wallet(_ context.Context, environmentID, userID, walletID string) (wallet.Wallet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, err := s.find(environmentID, userID, walletID)
	if err != nil {
		return wallet.Wallet{}, err
	}
	return *w, nil
}

// Wallets implements wallet.Service.
func (s *Wallets) Wallets(_ context.Context, environmentID, userID string) (list []wallet.Wallet, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.wallets {
		if w.EnvironmentID == environmentID && w.UserID == userID {
			list = append(list, w)
		}
	}
	return list, nil
}

// Prepare implements wallet.Service.
func (s *Wallets) Prepare(ctx context.Context, o wallet.Operation) (wallet.Wallet, error) {
	if o.Action == wallet.Create {
		return wallet.Wallet{ID: o.WalletID}, nil
	}
	w, err := s.Wallet(ctx, o.EnvironmentID, o.UserID, o.WalletID)
	if err == nil && w.State != wallet.Active && o.Action != wallet.Restore {
		err = fault.New(fault.Conflict, "This wallet is disabled. Restore it first.")
	}
	return w, err
}

// Broadcast implements wallet.Service.
func (s *Wallets) Broadcast(_ context.Context, b wallet.Broadcast) (wallet.Broadcasted, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, b)
	sum := sha256.Sum256(b.SignedTransaction)
	return wallet.Broadcasted{TransactionID: "0x" + hex.EncodeToString(sum[:])}, nil
}

// Perform implements wallet.Service.
func (s *Wallets) Perform(ctx context.Context, o wallet.Operation, by wallet.Credentials) (wallet.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &wallet.Wallet{ID: o.WalletID}
	if o.Action != wallet.Create {
		var err error
		if w, err = s.find(o.EnvironmentID, o.UserID, o.WalletID); err != nil {
			return wallet.Outcome{}, err
		}
	}
	meant, err := intent.Decode(o, *w)
	if err != nil {
		return wallet.Outcome{}, err
	}
	if outcome, ok := s.outcomes[o.ID]; ok {
		if outcome.IntentHash != meant.Hash {
			return wallet.Outcome{}, fault.New(fault.OperationConflict, "This operation was something else.")
		}
		return outcome, nil
	}
	for _, role := range []wallet.Role{wallet.Signer, wallet.Guardian} {
		checker := authz.Checker{Environments: s, Claimer: custodian{s, role}, Now: s.now}
		if _, err := checker.Check(ctx, o, by, meant.Hash); err != nil {
			return wallet.Outcome{}, err
		}
	}
	outcome, err := s.perform(o, meant, w)
	if err != nil {
		return outcome, err
	}
	outcome.OperationID, outcome.IntentHash, outcome.Verdicts = o.ID, meant.Hash,
		wallet.Verdicts{Signer: wallet.Allowed, Guardian: wallet.Allowed}
	s.outcomes[o.ID] = outcome
	s.done[o.Action]++
	if s.Lose != nil && s.Lose(o) {
		return wallet.Outcome{}, fault.New(fault.Unavailable, "The answer got lost. Try again.")
	}
	return outcome, nil
}

func (s *Wallets) perform(o wallet.Operation, meant intent.Intent, w *wallet.Wallet) (outcome wallet.Outcome, err error) {
	switch o.Action {
	case wallet.Create:
		made, err := s.create(o)
		return wallet.Outcome{Wallet: made}, err
	case wallet.Sign:
		if outcome.Signature, err = s.sign(meant, *w); err != nil {
			return outcome, err
		}
	case wallet.Export:
		if outcome.Export, err = s.export(o, *w); err != nil {
			return outcome, err
		}
		w.ExportedAt = s.now().UTC()
	case wallet.Refresh, wallet.Reshare:
		w.Generation++
	case wallet.Disable:
		w.State = wallet.Disabled
	case wallet.Restore:
		w.State, w.DeleteAt = wallet.Active, time.Time{}
	case wallet.Delete:
		w.State, w.DeleteAt = wallet.Deleting, s.now().UTC().Add(7*24*time.Hour)
	}
	outcome.Wallet = *w
	return outcome, nil
}

func (s *Wallets) create(o wallet.Operation) (wallet.Wallet, error) {
	var r wallet.CreateRequest
	if err := json.Unmarshal(o.Request, &r); err != nil {
		return wallet.Wallet{}, err
	}
	key := sha256.Sum256([]byte("key of " + o.WalletID))
	w := wallet.Wallet{
		ID: o.WalletID, EnvironmentID: o.EnvironmentID, UserID: o.UserID, Chain: r.Chain, Scheme: r.Scheme, Generation: 1,
		State: wallet.Active, CreatedAt: s.now().UTC(),
	}
	if r.Chain == wallet.SOL {
		w.PublicKey = ed25519.NewKeyFromSeed(key[:]).Public().(ed25519.PublicKey)
		w.Address = base58.Encode(w.PublicKey)
	} else {
		public := secp256k1.PrivKeyFromBytes(key[:]).PubKey()
		w.PublicKey = public.SerializeCompressed()
		address, err := evm.AddressOf(w.PublicKey)
		if err != nil {
			return w, err
		}
		w.Address = address.String()
	}
	s.keys[w.ID] = key
	s.wallets = append(s.wallets, w)
	return w, nil
}

func (s *Wallets) sign(meant intent.Intent, w wallet.Wallet) (*wallet.Signature, error) {
	key := s.keys[w.ID]
	var signature []byte
	if w.Chain == wallet.SOL {
		signature = ed25519.Sign(ed25519.NewKeyFromSeed(key[:]), meant.ToSign)
	} else {
		compact := ecdsa.SignCompact(secp256k1.PrivKeyFromBytes(key[:]), meant.ToSign, false)
		signature = append(compact[1:], compact[0])
	}
	signed, err := meant.Assemble(signature)
	return &wallet.Signature{Signature: signature, SignedTransaction: signed}, err
}

func (s *Wallets) export(o wallet.Operation, w wallet.Wallet) (*wallet.SealedExport, error) {
	var r wallet.ExportRequest
	if err := json.Unmarshal(o.Request, &r); err != nil {
		return nil, err
	}
	public, err := ecdh.X25519().NewPublicKey(r.PublicKey)
	if err != nil {
		return nil, err
	}
	to, err := hpke.NewDHKEMPublicKey(public)
	if err != nil {
		return nil, err
	}
	encapsulated, sender, err := hpke.NewSender(to, hpke.HKDFSHA256(), hpke.AES256GCM(), wallet.ExportInfo(o))
	if err != nil {
		return nil, err
	}
	key := s.keys[w.ID]
	sealed, err := sender.Seal(nil, []byte(hex.EncodeToString(key[:])))
	return &wallet.SealedExport{EncapsulatedKey: encapsulated, Ciphertext: sealed}, err
}
