package prompt

import (
	"crypto/rand"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
)

// PromptRequest asks for a prompt: what for, and where it goes back to.
type PromptRequest struct {
	RequestedScopes     []string `json:"requestedScopes,omitempty"`
	BindingID           string   `json:"bindingId,omitempty"` // the transaction that is to be confirmed; its scope is the prompt's
	RedirectURI         string   `json:"redirectUri"`         // one of prompt.redirectUris
	State               string   `json:"state"`               // the app's own, which it gets back
	CodeChallenge       string   `json:"codeChallenge"`       // SHA-256 of a random verifier, in base64url
	CodeChallengeMethod string   `json:"codeChallengeMethod"` // S256
	Enrol               bool     `json:"enrol,omitempty"`     // a second factor may be enrolled there
}

// Prompt is one that was made. The app sends the person to url, and the fragment of that
// is nobody else's business.
type Prompt struct {
	PromptID  string    `json:"promptId"`
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expiresAt"`
}

var (
	stateRule     = regexp.MustCompile(`^[A-Za-z0-9._~-]{16,256}$`)
	challengeRule = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
)

func (f *Face) make(c *door.Call, r PromptRequest) (Prompt, error) {
	scopes, err := r.check(c)
	if err != nil {
		return Prompt{}, err
	}
	secret := newSecret()
	var made store.PromptRow
	err = c.Write(func(tx *store.Tx) (err error) {
		made = store.PromptRow{
			ID: uuid.NewString(), EnvironmentID: c.Tenant.ID, UserID: c.Session.UserID, SessionID: c.Session.ID, Scopes: scopes,
			BindingID: r.BindingID, Enrols: r.Enrol, RedirectURI: r.RedirectURI, State: r.State, Challenge: r.CodeChallenge,
			AskedAddress: c.Source, AskedUserAgent: printable(c.Header("User-Agent")), ExpiresAt: tx.Now().Add(Life),
		}
		made.SecretHash = hashSecret(tx, made.EnvironmentID, made.ID, secret)
		return insert(c, tx, &made)
	})
	if err != nil {
		return Prompt{}, err
	}
	return Prompt{PromptID: made.ID, URL: pageURL(c, made.ID) + "#" + secret, ExpiresAt: made.ExpiresAt.UTC()}, nil
}

// check judges what can be told without the store, and returns the scopes that were
// asked for, if any were.
func (r PromptRequest) check(c *door.Call) ([]string, error) {
	switch {
	case !c.Tenant.Prompt.Returns(r.RedirectURI):
		return nil, unlisted(r.RedirectURI)
	case !stateRule.MatchString(r.State):
		return nil, fault.New(fault.InvalidRequest, "state must be 16 to 256 random letters, digits or . _ ~ -.")
	case r.CodeChallengeMethod != "S256" || !challengeRule.MatchString(r.CodeChallenge):
		return nil, fault.New(fault.InvalidRequest, "codeChallenge must be a SHA-256 in base64url, and codeChallengeMethod S256.")
	}
	scopes, err := elevate.ParseScopes(c.Tenant, r.RequestedScopes)
	if err != nil {
		return nil, err
	}
	if len(scopes) == 0 && r.BindingID == "" {
		return nil, fault.New(fault.InvalidScopes, "Say in requestedScopes what is to be allowed, or name a transaction by its bindingId.")
	}
	for _, scope := range scopes {
		rule, err := policy.RuleFor(c.Tenant.Environment, scope)
		if err != nil {
			return nil, err
		}
		if rule.Binding.Always() && r.BindingID == "" {
			return nil, fault.New(fault.InvalidBinding, "A token for %s is bound to one transaction here. Register it at "+
				"stepUp/bindings (one of a wallet at its intents) and name it by its bindingId.", scope)
		}
	}
	return words(scopes), nil
}

// insert keeps a prompt, within what one session and one account may have.
func insert(c *door.Call, tx *store.Tx, p *store.PromptRow) error {
	if _, err := account.Hold(c.Caller, tx); err != nil {
		return err
	}
	if p.BindingID != "" {
		about, err := binding.Find(c.Caller, tx, p.BindingID)
		if err != nil {
			return err
		}
		if len(p.Scopes) > 0 && (len(p.Scopes) != 1 || p.Scopes[0] != about.Scope) {
			return fault.New(fault.InvalidBinding, "This transaction was registered for %s. Ask for that scope alone.", about.Scope)
		}
		p.Scopes = []string{about.Scope}
		if about.ExpiresAt.Before(p.ExpiresAt) {
			p.ExpiresAt = about.ExpiresAt
		}
	}
	n, err := tx.CountPrompts(p.EnvironmentID, p.SessionID)
	if err != nil {
		return err
	}
	if n >= PerSession {
		return fault.AtLimit("open_prompts", fault.RateLimited,
			"This session has %d prompts open, which is as many as one may. Finish one, or wait until it is over.", n).After(time.Minute)
	}
	ok, wait, err := limit.Take(tx, limit.For(tx, "prompts", p.EnvironmentID, p.UserID), perAccount)
	if err != nil {
		return err
	}
	if !ok {
		return fault.AtLimit("prompts", fault.RateLimited,
			"Too many prompts were made for this account. Try again in %s.", fault.Spoken(wait)).After(wait)
	}
	if err := tx.InsertPrompt(*p); err != nil {
		return err
	}
	return audit.Record(tx, c.By, "prompt.made", audit.Detail{
		"prompt_id": p.ID, "scopes": p.Scopes, "binding_id": p.BindingID, "enrols": p.Enrols, "redirect_uri": p.RedirectURI,
	})
}

func unlisted(sent string) *fault.Error {
	return fault.New(fault.InvalidRedirectURI,
		"redirectUri is none of those that this environment lists in prompt.redirectUris, letter for letter; %s was sent.", shown(sent))
}

// shown is what of an address can be repeated in an answer: not who is named in it, nor
// its query and fragment, which may hold what is secret.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || u.Opaque != "" || len(address) > 500 {
		return "what is no such address"
	}
	left := ""
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		left = " with more that is not repeated here"
	}
	return strconv.Quote((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()) + left
}

// pageURL is where the page of a prompt is.
func pageURL(c *door.Call, id string) string {
	return c.Tenant.PromptOrigin + "/prompt/" + c.Tenant.ID + "/" + id
}

// newSecret is a text of 260 random bits.
func newSecret() string { return rand.Text() + rand.Text() }

// What each kind of secret is hashed as. The prompt is part of it: what is one's is
// nothing to another.
func hashSecret(tx *store.Tx, environmentID, id, text string) []byte {
	return tx.Hasher().Sum("prompt-secret", environmentID, id, text)
}

func hashCookie(tx *store.Tx, environmentID, id, text string) []byte {
	return tx.Hasher().Sum("prompt-cookie", environmentID, id, text)
}

func hashCode(tx *store.Tx, environmentID, id, text string) []byte {
	return tx.Hasher().Sum("prompt-code", environmentID, id, text)
}

// printable is what of a header can be shown to people, and no more than they read.
func printable(header string) string {
	text := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, header)
	return text[:min(len(text), maxAgent)]
}

func words(scopes []stepup.Scope) []string {
	list := make([]string, len(scopes))
	for i, scope := range scopes {
		list[i] = string(scope)
	}
	return list
}
