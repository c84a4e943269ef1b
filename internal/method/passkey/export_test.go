package passkey

import (
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/stepup-auth/stepup/internal/store"
)

// Judge judges ceremonies by a relying party's rules, without a store.
type Judge struct{ party party }

// NewJudge asks for everything the server asks for. A lenient one does not ask
// for user verification and takes more algorithms: the vectors of the standard
// show those too.
func NewJudge(rpID, origin string, lenient bool) Judge {
	p := party{id: rpID, origins: []string{origin}, offered: offered, unproven: lenient}
	if lenient {
		for _, alg := range []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgES384, webauthncose.AlgES512} {
			p.offered = append(p.offered[:len(p.offered):len(p.offered)],
				protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: alg})
		}
	}
	return Judge{p}
}

// Register judges a registration.
func (j Judge) Register(r AttestationResponse, challenge string) (store.PasskeyRow, error) {
	answer, err := r.parse()
	if err != nil {
		return store.PasskeyRow{}, malformed(err)
	}
	return j.party.register(answer, challenge)
}

// Assert judges an assertion.
func (j Judge) Assert(r AssertionResponse, challenge string, known store.PasskeyRow) error {
	answer, err := r.parse()
	if err != nil {
		return malformed(err)
	}
	return j.party.assert(answer, challenge, known)
}

// KeyOf is what an attestation object says of its key, verified or not.
func KeyOf(r AttestationResponse) (store.PasskeyRow, error) {
	answer, err := r.parse()
	if err != nil {
		return store.PasskeyRow{}, err
	}
	auth := answer.Response.AttestationObject.AuthData
	return store.PasskeyRow{PublicKey: auth.AttData.CredentialPublicKey, SignCount: auth.Counter,
		BackupEligible: auth.Flags.HasBackupEligible()}, nil
}

// NameOf is for its own table.
var NameOf = nameOf
