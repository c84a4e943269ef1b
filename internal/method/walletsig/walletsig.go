// Package walletsig proves control of a blockchain wallet: the wallet signs a
// sign-in text that names the app, the address, a nonce of ours and the time.
// A nonce is burnt by the first text that carries it, whatever comes of it. A
// text is taken from its first byte to its last or not at all: it is the one
// that published clients build, or one that we built ourselves, which names
// what it is for and is good for nothing else.
//
// What a signature proves is control of one key, or of one contract on one
// chain; a contract at the same address on another chain is another wallet.
package walletsig

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/chain/solana"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/nonce"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// Method implements [method.Method] for one attempt.
type Method struct {
	Action  Action
	Chain   chain.Kind
	Address string // publicWalletAddress
	Message string // messageToSign
	Scopes  []string
	Detail  string // what a credential made from this shows of itself

	Contracts *Contracts        // nil: none are asked
	Nodes     map[string]string // RPC endpoint by decimal chain id
	// Undeployed says that contract wallets may sign before they are deployed.
	Undeployed bool
}

// Kind implements [method.Method].
func (Method) Kind() assurance.Kind { return assurance.WalletSignature }

// perSource bounds the signatures that one client address may have verified.
var perSource = environment.Rate{Count: 300, Per: environment.Duration(time.Minute)}

// Count implements [method.Method]. It judges all of the text; the signature
// is left to Compare.
func (m Method) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	refused, wait, err := limit.TakeAll(tx,
		limit.PerSource(tx, limit.From(a.Source, a.Tenant.Limits), perSource, "wallet-source", a.Tenant.ID)...)
	if err != nil {
		return nil, err
	}
	if refused != nil {
		return nil, fault.AtLimit("wallet_signatures", fault.RateLimited,
			"Too many signatures were sent from here. Try again in %s.", fault.Spoken(wait)).
			After(wait)
	}
	ok := false
	if m.Address, ok = m.Chain.ReadAddress(m.Address); !ok {
		return nil, fault.New(fault.InvalidWalletAddress, "publicWalletAddress is no address of this chain: an EVM address is 0x and 40 "+
			"hex digits, whose capitals, if it mixes them, are those of EIP-55; a Solana address is base58.")
	}
	// A text that was signed for another transaction costs nothing.
	message, unreadable := ParseMessage(m.Message)
	if err := a.About(message.binding()); unreadable == nil && err != nil {
		return nil, err
	}
	// The nonce goes first, whatever else is wrong with the text.
	if err := nonce.Spend(tx, a.Tenant.ID, nonceIn(m.Message)); errors.Is(err, nonce.ErrInvalid) {
		return nil, invalid("The nonce of this text is unknown, used or too old. Get a fresh one and sign again.").Because(err)
	} else if err != nil {
		return nil, err
	}
	if unreadable != nil {
		return nil, invalid("This is not a sign-in text as wallets sign them (EIP-4361), from its first byte to its last: %v.", unreadable).
			Because(unreadable)
	}
	if err := m.judge(tx, a, message); err != nil {
		return nil, err
	}
	if err := m.judgeHistory(tx, a, message); err != nil {
		return nil, err
	}
	c := &candidate{environmentID: a.Tenant.ID, method: m, message: message, signature: a.Response.Reveal(), signedIn: a.Session != nil}
	if c.bindingID = message.binding(); c.bindingID != "" {
		row, err := binding.Find(a.Caller, tx, c.bindingID)
		if err != nil {
			return nil, err
		}
		_, c.displayed = shows(row.Summary)
	}
	return c, nil
}

// nonceIn finds the nonce of a text that need not be a message.
func nonceIn(text string) string {
	_, rest, _ := strings.Cut(text, "\nNonce: ")
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSuffix(value, "\r")
}

// judge holds the text against the environment and the request.
func (m Method) judge(tx *store.Tx, a method.Attempt, message Message) *fault.Error {
	if message.Account != m.Chain.Account() || message.Address != m.Address {
		return fault.New(fault.InvalidChain, "The text names another account than publicWalletAddress and chain do.")
	}
	if (m.Chain == chain.EVM) != (message.ChainID != "") {
		return fault.New(fault.InvalidChain, "A text of an EVM wallet has a line Chain ID; a text of a Solana wallet has none.")
	}
	if message.RequestID != a.Tenant.ID {
		return invalid("The text was signed for another environment.")
	}
	if a.Prompt != "" && (!message.ours() || message.origin() != a.Tenant.PromptOrigin) {
		return invalid("In a hosted prompt its own text is signed, which names its page. Sign the text of its challenge.")
	}
	if a.Prompt == "" && !WebOrigin(a.Tenant, message.origin()) {
		return invalid("The text was signed for %.200q at %.200q, which this environment does not list.", message.Domain, message.URI)
	}
	now := tx.Now()
	issued, err := time.Parse(time.RFC3339Nano, message.IssuedAt)
	if err != nil || issued.After(now.Add(Skew)) || now.Sub(issued) > Life {
		return invalid("The text was signed too long ago, or in the future: check the clock and sign a fresh one.")
	}
	return nil
}

// WebOrigin reports whether a text may name the origin: the environment lists it,
// and it is that of a web site, since wallets show and compare domain names.
func WebOrigin(t *tenant.Tenant, origin string) bool {
	return slices.Contains(t.Origins, origin) && !environment.IsAppOrigin(origin)
}

// origin is the origin that the text names, when its domain and its URI agree
// on one; else it is no origin.
func (m Message) origin() string {
	u, err := url.Parse(m.URI)
	if err != nil || u.User != nil || u.Opaque != "" || u.Host != m.Domain || m.Scheme != "" && m.Scheme != u.Scheme {
		return ""
	}
	origin := u.Scheme + "://" + u.Host
	rest, ok := strings.CutPrefix(m.URI, origin)
	if !ok || rest != "" && !strings.ContainsAny(rest[:1], "/?") {
		return ""
	}
	return origin
}

// judgeHistory decides whether this is a text for this action, and one that
// nothing has overtaken.
func (m Method) judgeHistory(tx *store.Tx, a method.Attempt, message Message) error {
	if message.ours() {
		holders, err := holders(tx, a.Tenant.ID, m.Chain, m.Address, message.ChainID)
		if err != nil {
			return err
		}
		if !message.genuine(tx.Hasher(), a.Caller, holders) {
			return invalid("This text was not built here for this session or this prompt, or the wallet has changed hands since. " +
				"Ask for a fresh one.")
		}
		if message.action() != m.Action || !slices.Equal(message.scopes(), distinct(m.Scopes)) {
			return invalid("This text was signed for something else: for what it names and nothing more. Ask for a fresh one.")
		}
		return nil
	}
	if !message.published() {
		return invalid("This is neither the text of a published client nor one of ours. Ask /wallets/message for the text to sign.")
	}
	// The published text says nothing of what it is for. What can be told is that
	// it is younger than the session, and than the wallet's last removal.
	issued, err := time.Parse(time.RFC3339Nano, message.IssuedAt)
	if err != nil {
		return err
	}
	if a.Session != nil && issued.Add(Skew).Before(a.Session.CreatedAt) {
		return invalid("This text is older than the session. Sign a fresh one.")
	}
	for _, identifier := range identifiers(m.Chain, m.Address, message.ChainID) {
		removed, err := tx.WalletRemovedAt(a.Tenant.ID, identifier)
		if err != nil {
			return err
		}
		if !removed.IsZero() && !issued.After(removed) {
			return invalid("The wallet was unlinked after this text was signed. Sign a fresh one.")
		}
	}
	return nil
}

// distinct sorts words and leaves out those that come twice.
func distinct(words []string) []string { return slices.Compact(slices.Sorted(slices.Values(words))) }

type candidate struct {
	environmentID string
	method        Method
	message       Message
	signature     string
	signedIn      bool
	bindingID     string // of a genuine text: what it is for
	displayed     bool   // and the text says it

	identifier string // of the wallet, once Compare has found whose signature it is
	away       bool   // the node that knows its contract could not be asked
}

// Compare implements [method.Candidate].
func (c *candidate) Compare(ctx context.Context) error {
	m := c.method
	signature, err := chain.DecodeSignature(m.Chain, c.signature)
	if err != nil {
		return invalid("This is not a signature in the form of this chain.").Because(err)
	}
	if m.Chain == chain.Solana {
		if solana.IsMessage([]byte(m.Message)) {
			return invalid("This text could pass for a transaction, so no signature over it is taken.")
		}
		address, err := solana.ParseAddress(m.Address)
		if err == nil {
			err = address.VerifyText(m.Message, signature)
		}
		if err != nil {
			return invalid("This is not a signature by this wallet over this text. Of hardware wallets, which sign an off-chain envelope " +
				"around it, version 0 without an application is read.").Because(err)
		}
		c.identifier = m.Chain.Identifier(m.Address)
		return nil
	}
	address, err := evm.Recover(evm.MessageDigest([]byte(m.Message)), signature)
	if err == nil && address.String() == m.Address {
		c.identifier = m.Chain.Identifier(m.Address)
		return nil
	}
	return c.askContract(ctx, signature)
}

func (c *candidate) askContract(ctx context.Context, signature []byte) error {
	m := c.method
	node := m.Nodes[c.message.ChainID]
	if m.Contracts == nil || node == "" {
		return invalid("This is not a signature by this wallet over this text. If it is a contract wallet: this "+
			"environment asks none on chain %s.", c.message.ChainID)
	}
	digest := evm.MessageDigest([]byte(m.Message))
	err := m.Contracts.Ask(ctx, Question{
		Node: node, ChainID: c.message.ChainID, Address: m.Address, Hash: digest[:], Signature: signature, Undeployed: m.Undeployed,
	})
	switch {
	case err == nil:
		c.identifier = chain.ContractIdentifier(c.message.ChainID, m.Address)
		return nil
	case errors.Is(err, ErrNode):
		c.away = true
		return fault.New(fault.Unavailable,
			"The chain cannot be asked about this wallet right now, so the answer is no. Try again in a moment.").Because(err)
	case errors.Is(err, ErrNotDeployed):
		return fault.New(fault.WalletNotDeployed, "This wallet's contract is not deployed yet. Use it once on its chain, then sign again.").
			Because(err)
	}
	return invalid("This is not a signature by this wallet over this text.").Because(err)
}

// Spend implements [method.Candidate]. The nonce is gone since Count.
func (c *candidate) Spend(tx *store.Tx) (method.Evidence, error) {
	if err := c.describe(tx); err != nil {
		return method.Evidence{}, err
	}
	purpose := method.SignIn
	if c.signedIn {
		purpose = method.InSession
	}
	return method.Evidence{
		Format: store.FormatBlockchain, Identifier: c.identifier, Recipient: c.method.Address, Detail: c.method.Detail, Purpose: purpose,
		BindingID: c.bindingID, Displayed: c.displayed,
	}, nil
}

// describe has the credential show the app that the wallet signed with today:
// clients find it by that name.
func (c *candidate) describe(tx *store.Tx) error {
	row, err := tx.CredentialByIdentifier(c.environmentID, store.FormatBlockchain, c.identifier)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var shown, today map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal([]byte(row.Detail), &shown), json.Unmarshal([]byte(c.method.Detail), &today)); err != nil {
		return err
	}
	changed := false
	for _, name := range []string{"wallet_name", "wallet_provider"} {
		if value, ok := today[name]; ok && string(shown[name]) != string(value) {
			shown[name], changed = value, true
		}
	}
	if !changed {
		return nil
	}
	text, err := json.Marshal(shown)
	if err != nil {
		return err
	}
	return tx.DescribeCredential(c.environmentID, row.UserID, row.ID, row.PublicIdentifier, string(text))
}

// Forgive implements [method.Candidate]. A nonce is given back only where nobody
// could tell whether the signature is the wallet's, so that the same text is good
// when the node answers again.
func (c *candidate) Forgive(tx *store.Tx) error {
	if !c.away {
		return nil
	}
	return nonce.Return(tx, c.environmentID, nonceIn(c.method.Message))
}

func invalid(sentence string, args ...any) *fault.Error {
	return fault.New(fault.InvalidVerification, sentence, args...)
}
