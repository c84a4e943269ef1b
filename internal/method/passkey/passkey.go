// Package passkey proves control of a passkey (W3C Web Authentication Level 3)
// and is the only package that knows go-webauthn. Its invariants: a challenge
// is random, belongs to one purpose, one session and one hosted prompt or none,
// and is taken, in a committed step, before anything of the answer is verified;
// the authenticator must have verified its user; only listed origins count, in a
// prompt only its own, never inside another site's page; and a signature counter
// never stands still.
package passkey

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/strictjson"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// Limits. MaxPerUser keeps the list of allowed credentials short.
const (
	MaxPerUser   = 10
	ChallengeTTL = 5 * time.Minute

	challengeSize   = 32
	maxClientData   = 8 << 10
	maxPublicKey    = 2 << 10 // RSA of 8192 bits and more costs more to check than it is worth
	maxCredentialID = 1023    // WebAuthn 7.1
	maxTransports   = 8
)

var (
	promptsPerSource  = environment.Rate{Count: 600, Per: environment.Duration(10 * time.Minute)}
	promptsPerSession = environment.Rate{Count: 200, Per: environment.Duration(10 * time.Minute)}
	// Wrong sign-ins. They are counted by where they come from and by nothing
	// else: a stranger must not be able to stop somebody's passkey.
	triesPerSource = environment.Rate{Count: 100, Per: environment.Duration(10 * time.Minute)}
)

// begin opens a challenge for one purpose. One that is about a transaction is
// SHA-256 over fresh random bytes, which are the nonce, and the hash of its
// authorization_details: the authenticator signs that, and whoever is given the
// nonce can tell later what was signed.
func begin(c who.Caller, tx *store.Tx, purpose method.Purpose, about *store.BindingRow) (challenge, nonce string, err error) {
	bounds := limit.PerSource(tx, limit.From(c.Source, c.Tenant.Limits), promptsPerSource, "passkey-prompt-source", c.Tenant.ID)
	if c.Session != nil {
		bounds = []limit.Bound{{Key: limit.For(tx, "passkey-prompt-session", c.Tenant.ID, c.Session.ID), Rate: promptsPerSession}}
	}
	refused, wait, err := limit.TakeAll(tx, bounds...)
	if err != nil {
		return "", "", err
	}
	if refused != nil {
		return "", "", fault.AtLimit("passkey_prompts", fault.RateLimited,
			"Too many passkey prompts were asked for. Try again in %s.", fault.Spoken(wait)).
			After(wait)
	}
	raw := make([]byte, challengeSize)
	_, _ = rand.Read(raw) // never fails
	bindingID := ""
	if about != nil {
		hash, err := hex.DecodeString(about.Hash)
		if err != nil {
			return "", "", err
		}
		nonce, bindingID = base64.RawURLEncoding.EncodeToString(raw), about.ID
		sum := sha256.Sum256(append(raw, hash...))
		raw = sum[:]
	}
	challenge = base64.RawURLEncoding.EncodeToString(raw)
	row := store.PasskeyChallengeRow{
		Hash: hash(tx, c, challenge), EnvironmentID: c.Tenant.ID, Purpose: string(purpose), ExpiresAt: tx.Now().Add(ChallengeTTL),
		BindingID: bindingID,
	}
	if c.Session != nil {
		row.SessionID, row.UserID = c.Session.ID, c.Session.UserID
	}
	return challenge, nonce, tx.InsertPasskeyChallenge(row)
}

// take spends the challenge that the client data answers to. From here on it is
// gone, whatever the rest of the answer is; but an answer that names another
// transaction than the challenge's takes nothing.
func take(tx *store.Tx, a method.Attempt, clientData []byte, purpose method.Purpose) (challenge, bindingID string, err error) {
	over := fault.New(fault.InvalidPasskey,
		"This passkey prompt is over, was used, or was asked for elsewhere or for another transaction. Start it again.")
	var data struct {
		Challenge string `json:"challenge"`
	}
	if len(clientData) > maxClientData || strictjson.Decode(clientData, &data, strictjson.Ignore) != nil || data.Challenge == "" {
		return "", "", malformed(errors.New("no challenge in the client data"))
	}
	sessionID := ""
	if a.Session != nil {
		sessionID = a.Session.ID
	}
	bindingID, err = tx.ConsumePasskeyChallenge(a.Tenant.ID, hash(tx, a.Caller, data.Challenge), string(purpose), sessionID, a.BindingID)
	if errors.Is(err, store.ErrNotFound) {
		err = over
	}
	return data.Challenge, bindingID, err
}

// hash is what a challenge is found by. The hosted prompt is part of it: what was asked for
// in one is not known in another, nor outside.
func hash(tx *store.Tx, c who.Caller, challenge string) []byte {
	return tx.Hasher().Sum("passkey-challenge", c.Tenant.ID, c.Prompt, challenge)
}

// handle is the WebAuthn user.id: it names the user to authenticators and says
// nothing to anybody else.
func handle(tx *store.Tx, environmentID, userID string) []byte {
	return tx.Hasher().Sum("passkey-user", environmentID, userID)
}

// enabled refuses where passkeys are off or not set up.
func enabled(t *tenant.Tenant) error {
	if !t.MFA.Enables(store.FormatPasskey) || t.Passkeys.RPID == "" {
		return fault.New(fault.MFAMethodDisabled, "Passkeys are switched off here. Use another way, or ask the operator.")
	}
	return nil
}

// idOf is the WebAuthn credential id of bytes, as it is written everywhere.
func idOf(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// origins are the pages in which a passkey may answer the caller: in a hosted prompt its
// own, where browsers let it, and elsewhere those of the app.
func origins(c who.Caller) []string {
	switch t := c.Tenant; {
	case c.Prompt == "":
		return slices.Concat(t.Passkeys.Origins, t.Passkeys.RelatedOrigins)
	case t.PromptUsesPasskeys(t.PromptOrigin):
		return []string{t.PromptOrigin}
	}
	return nil
}

func malformed(cause error) *fault.Error {
	return fault.New(fault.InvalidPasskey,
		"This is not an answer of a passkey. Send what navigator.credentials returned, with binary values in base64url.").Because(cause)
}
