package walletsig

import (
	"encoding/base32"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/nonce"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Action is what a text was signed for. A text of ours is good for its own action
// only.
type Action string

// The actions.
const (
	SignIn   Action = "sign-in"
	StepUp   Action = "step-up"
	Link     Action = "link"
	Transfer Action = "transfer"
)

// Life is how long a signed text is good, from its Issued At.
const Life = 5 * time.Minute

// Skew is how far a client's clock may be off.
const Skew = time.Minute

// Our profile of EIP-4361: what the text is for, the scopes it confirms, the
// transaction if it is for one, and a challenge stand in its resources, each in a name of its own. The challenge is
// a MAC over every other byte, the session, the hosted prompt if it is for one, and
// who holds the wallet: what verifies was built here, in this session and prompt, and
// nothing changed hands since.
const (
	actionURN    = "urn:stepup:action:"
	scopeURN     = "urn:stepup:scope:"
	bindingURN   = "urn:stepup:binding:"
	detailsURN   = "urn:stepup:details:sha256:"
	challengeURN = "urn:stepup:challenge:"
)

// Text asks for a text to sign; without a session, to sign in.
type Text struct {
	who.Caller
	Action  Action
	Chain   chain.Kind
	Address string
	ChainID string // EVM: the network the wallet is on
	Origin  string // of the app, one that the environment lists; in a hosted prompt that of its page
	Scopes  []string
	About   *store.BindingRow // the transaction that is to be confirmed; nil: none
}

// Compose builds the text. The client signs it byte for byte.
func Compose(tx *store.Tx, r Text) (string, error) {
	epoch, err := tx.Epoch()
	if err != nil {
		return "", err
	}
	now := tx.Now().UTC()
	_, domain, _ := strings.Cut(r.Origin, "://")
	m := Message{
		Scheme: "", Domain: domain, Account: r.Chain.Account(), Address: r.Address, Statement: statement(r, domain), URI: r.Origin + "/",
		ChainID: r.ChainID, Nonce: nonce.New(tx.Hasher(), r.Tenant.ID, epoch, now), IssuedAt: now.Format(stamp),
		ExpirationTime: now.Add(Life).Format(stamp), RequestID: r.Tenant.ID, Resources: []string{actionURN + string(r.Action)},
	}
	for _, scope := range distinct(r.Scopes) {
		m.Resources = append(m.Resources, scopeURN+scope)
	}
	if r.About != nil {
		m.Resources = append(m.Resources, bindingURN+r.About.ID, detailsURN+r.About.Hash)
	}
	holders, err := holders(tx, r.Tenant.ID, r.Chain, r.Address, r.ChainID)
	if err != nil {
		return "", err
	}
	return m.challenged(tx.Hasher(), r.Caller, holders).String(), nil
}

const stamp = "2006-01-02T15:04:05.000Z"

// statement says in one sentence what a signature is good for, in the
// characters that EIP-4361 allows.
func statement(r Text, domain string) string {
	app := strings.TrimSpace(strings.Map(func(c rune) rune {
		if c == ' ' || c < 0x80 && strings.ContainsRune(statementCharacters, c) {
			return c
		}
		return -1
	}, r.Tenant.Mail.AppName))
	if app == "" {
		app = domain
	}
	switch {
	case r.Action == StepUp && r.About != nil:
		what, shown := shows(r.About.Summary)
		if !shown {
			what = "the transaction with this hash"
		}
		return "Confirm in " + app + " exactly this: " + what + ". SHA-256 " + r.About.Hash +
			". This signature allows that and nothing else, and moves nothing."
	case r.Action == StepUp:
		return "Confirm in " + app + " that it is you, for: " + strings.Join(r.Scopes, ", ") +
			". This signature allows that and nothing else, and moves nothing."
	case r.Action == Link:
		return "Link this wallet to your account at " + app + ". It can then sign in to that account. This moves nothing."
	case r.Action == Transfer:
		return "Move this wallet at " + app +
			" from the account that has it now to yours. The other account loses it. This moves no assets."
	}
	return "Sign in to " + app + " with this wallet. This moves nothing."
}

const statementCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#[]@!$&'()*+,;="

// shows writes a summary in the characters of a statement. One that cannot be
// written so without a change of meaning is not shown at all.
func shows(summary string) (text string, ok bool) {
	if strings.ContainsAny(summary, `'\`) {
		return "", false
	}
	text = strings.NewReplacer(`"`, "'", "\n", "; ").Replace(summary)
	for _, c := range text {
		if c != ' ' && !strings.ContainsRune(statementCharacters, c) {
			return "", false
		}
	}
	return text, true
}

// challenged is the message with the challenge that belongs to it.
func (m Message) challenged(h *seal.Hasher, c who.Caller, holders string) Message {
	sum := h.Sum("wallet-text", c.Tenant.ID, sessionID(c.Session), c.Prompt, holders, m.String())
	m.Resources = append(slices.Clone(m.Resources), challengeURN+challengeEncoding.EncodeToString(sum[:20]))
	return m
}

var challengeEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ours reports whether the text is of our profile, whatever else is wrong with it.
func (m Message) ours() bool { return len(m.Resources) > 0 }

// genuine reports whether we built the text, for this session and prompt, while the
// same accounts held the wallet.
func (m Message) genuine(h *seal.Hasher, c who.Caller, holders string) bool {
	last := len(m.Resources) - 1
	bare := m
	bare.Resources = m.Resources[:last]
	want := bare.challenged(h, c, holders)
	return seal.Equal([]byte(want.Resources[last]), []byte(m.Resources[last]))
}

// action and scopes are what a genuine text was built for.
func (m Message) action() Action {
	return Action(strings.TrimPrefix(m.Resources[0], actionURN))
}

// binding is the transaction that the text is for; "" for none.
func (m Message) binding() string {
	for _, r := range m.Resources {
		if id, ok := strings.CutPrefix(r, bindingURN); ok {
			return id
		}
	}
	return ""
}

func (m Message) scopes() []string {
	var scopes []string
	for _, r := range m.Resources {
		if scope, ok := strings.CutPrefix(r, scopeURN); ok {
			scopes = append(scopes, scope)
		}
	}
	return distinct(scopes)
}

// The statement that published clients write around the name of the app.
const (
	publishedStart  = "Welcome to "
	publishedMiddle = ". Signing is the only way we can truly know that you are the owner of the wallet you are connecting. " +
		"Signing is a safe, gas-less transaction that does not in any way give "
	publishedEnd = " permission to perform any transactions with your wallet."
)

// published reports whether the text is the one that published clients build
// (wire reference 7.2), for whatever name of the app.
func (m Message) published() bool {
	if m.Scheme != "" || m.ExpirationTime != "" || m.NotBefore != "" || len(m.Resources) > 0 {
		return false
	}
	rest, ok := strings.CutPrefix(m.Statement, publishedStart)
	rest, ok2 := strings.CutSuffix(rest, publishedEnd)
	n := len(rest) - len(publishedMiddle)
	if !ok || !ok2 || n < 0 || n%2 != 0 {
		return false
	}
	app := rest[:n/2]
	return rest == app+publishedMiddle+app
}

// holders names the credentials that the wallet is, whoever has them. What it
// returns changes when the wallet is linked, unlinked or moved.
func holders(tx *store.Tx, environmentID string, kind chain.Kind, address, chainID string) (string, error) {
	var ids []string
	for _, identifier := range identifiers(kind, address, chainID) {
		row, err := tx.CredentialByIdentifier(environmentID, store.FormatBlockchain, identifier)
		switch {
		case err == nil:
			ids = append(ids, row.ID)
		case errors.Is(err, store.ErrNotFound):
			ids = append(ids, "nobody")
		default:
			return "", err
		}
	}
	return strings.Join(ids, " "), nil
}

// identifiers lists the look-up keys that an address may stand under.
func identifiers(kind chain.Kind, address, chainID string) []string {
	if kind == chain.EVM {
		return []string{chain.EVM.Identifier(address), chain.ContractIdentifier(chainID, address)}
	}
	return []string{kind.Identifier(address)}
}

func sessionID(s *store.SessionRow) string {
	if s == nil {
		return ""
	}
	return s.ID
}
