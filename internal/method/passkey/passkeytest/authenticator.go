// Package passkeytest is a small authenticator in software, with the browser in
// front of it. It makes what a good one makes, and whatever a test bends it to:
// each step of a ceremony can be made to go wrong, and nothing else with it.
package passkeytest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/stepup-auth/stepup/internal/method/passkey"
)

// Flags of authenticator data (WebAuthn 6.1).
const (
	Present        = 1 << 0
	Verified       = 1 << 2
	BackupEligible = 1 << 3
	BackedUp       = 1 << 4
	attested       = 1 << 6
)

// Authenticator holds one passkey.
type Authenticator struct {
	Origin  string // of the page it is used on
	ID      []byte
	Counter uint32
	Step    uint32 // by which the counter grows; zero: it keeps none
	Flags   byte

	rpID       string
	userHandle []byte
	key        key
}

// New makes an authenticator for pages of an origin: with a counter, ES256, and
// a passkey that is not backed up.
func New(origin string) *Authenticator { return WithKey(origin, ES256) }

// WithKey makes one whose key has another algorithm.
func WithKey(origin string, alg int) *Authenticator {
	a := &Authenticator{Origin: origin, ID: make([]byte, 32), Step: 1, Flags: Present | Verified, key: newKey(alg)}
	_, _ = rand.Read(a.ID)
	return a
}

// Clone copies the passkey with its counter, as a thief would.
func (a *Authenticator) Clone() *Authenticator {
	clone := *a
	return &clone
}

// WebAuthnID is the credential id as clients write it.
func (a *Authenticator) WebAuthnID() string { return text(a.ID) }

// Ceremony is all that goes into an answer. A test bends one member of it.
type Ceremony struct {
	ClientData map[string]any
	RPID       string
	Flags      byte
	Counter    uint32
	ID         []byte // of the credential, in id and rawId
	UserHandle []byte // assertions

	AttestedID []byte // registrations: in the authenticator data
	PublicKey  []byte // COSE
	Format     string
	Statement  []byte // CBOR

	Signature func(authData, clientDataHash []byte) []byte // assertions and packed statements
	Trailing  []byte                                       // behind the authenticator data
}

// Create answers creation options.
func (a *Authenticator) Create(o passkey.CreationOptions, bend ...func(*Ceremony)) passkey.AttestationResponse {
	handle, err := base64.RawURLEncoding.DecodeString(o.User.ID)
	if err != nil {
		panic(err)
	}
	a.rpID, a.userHandle = o.RP.ID, handle
	c := a.ceremony("webauthn.create", o.Challenge)
	c.Flags |= attested
	c.AttestedID, c.PublicKey, c.Format, c.Statement = a.ID, cbor(a.key.cose()), "none", cbor(pairs{})
	for _, b := range bend {
		b(&c)
	}
	clientData := clientDataJSON(c)
	authData := c.authData()
	if c.Format == "packed" && c.Statement == nil {
		hash := sha256.Sum256(clientData)
		c.Statement = cbor(pairs{"alg", a.key.alg, "sig", c.Signature(authData, hash[:])})
	}
	object := append(head(5, 3), cbor("fmt")...)
	object = append(append(append(object, cbor(c.Format)...), cbor("attStmt")...), c.Statement...)
	object = append(append(object, cbor("authData")...), cbor(authData)...)
	return passkey.AttestationResponse{
		ID: text(c.ID), RawID: text(c.ID), Type: "public-key", AuthenticatorAttachment: "platform",
		Response: passkey.AttestationData{AttestationObject: text(object), ClientDataJSON: text(clientData),
			Transports: []string{"internal", "hybrid"}},
	}
}

// Get answers request options.
func (a *Authenticator) Get(o passkey.RequestOptions, bend ...func(*Ceremony)) passkey.AssertionResponse {
	a.Counter += a.Step
	c := a.ceremony("webauthn.get", o.Challenge)
	for _, b := range bend {
		b(&c)
	}
	clientData := clientDataJSON(c)
	authData := c.authData()
	hash := sha256.Sum256(clientData)
	return passkey.AssertionResponse{
		ID: text(c.ID), RawID: text(c.ID), Type: "public-key", AuthenticatorAttachment: "platform",
		Response: passkey.AssertionData{
			ClientDataJSON: text(clientData), AuthenticatorData: text(authData), Signature: text(c.Signature(authData, hash[:])),
			UserHandle: text(c.UserHandle),
		},
	}
}

func (a *Authenticator) ceremony(typ, challenge string) Ceremony {
	return Ceremony{
		ClientData: map[string]any{"type": typ, "challenge": challenge, "origin": a.Origin, "crossOrigin": false},
		RPID:       a.rpID, Flags: a.Flags, Counter: a.Counter, ID: a.ID, UserHandle: a.userHandle,
		Signature: func(authData, clientDataHash []byte) []byte {
			return a.key.sign(append(append([]byte{}, authData...), clientDataHash...))
		},
	}
}

func (c Ceremony) authData() []byte {
	hash := sha256.Sum256([]byte(c.RPID))
	data := binary.BigEndian.AppendUint32(append(hash[:], c.Flags), c.Counter)
	if c.Flags&attested != 0 {
		data = append(data, make([]byte, 16)...) // AAGUID
		data = binary.BigEndian.AppendUint16(data, uint16(len(c.AttestedID)))
		data = append(append(data, c.AttestedID...), c.PublicKey...)
	}
	return append(data, c.Trailing...)
}

func clientDataJSON(c Ceremony) []byte {
	data, err := json.Marshal(c.ClientData)
	if err != nil {
		panic(fmt.Sprintf("passkeytest: %v", err))
	}
	return data
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// UserHandle is what it keeps of its user.
func (a *Authenticator) UserHandle() []byte { return a.userHandle }
