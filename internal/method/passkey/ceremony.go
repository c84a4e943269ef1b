package passkey

import (
	"encoding/hex"
	"errors"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// offered are the algorithms of pubKeyCredParams, best first.
var offered = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// party is the relying party a ceremony is held against.
type party struct {
	id       string
	origins  []string
	offered  []protocol.CredentialParameter
	unproven bool // user verification is not asked for; only test vectors are judged so
}

func partyOf(c who.Caller) party {
	return party{id: c.Tenant.Passkeys.RPID, origins: origins(c), offered: offered}
}

// register judges a registration (WebAuthn 7.1) whose challenge was taken. An
// attestation statement was not asked for and is believed for nothing; but one
// that comes must be of a known format and hold.
func (p party) register(answer *protocol.ParsedCredentialCreationData, challenge string) (store.PasskeyRow, error) {
	data, auth := answer.Response.CollectedClientData, answer.Response.AttestationObject.AuthData
	if err := p.client(data, protocol.CreateCeremony); err != nil {
		return store.PasskeyRow{}, err
	}
	if err := p.authenticator(auth); err != nil {
		return store.PasskeyRow{}, err
	}
	if len(auth.AttData.CredentialID) == 0 || len(auth.AttData.CredentialPublicKey) > maxPublicKey {
		return store.PasskeyRow{}, malformed(errors.New("no credential id, or too long a public key"))
	}
	_, err := answer.Verify(challenge, p.id, p.origins, nil, nil, protocol.TopOriginExplicitVerificationMode, false, !p.unproven, true,
		nil, p.offered, protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
	if err != nil {
		return store.PasskeyRow{}, no(err)
	}
	if _, err := webauthncose.ParsePublicKey(auth.AttData.CredentialPublicKey); err != nil {
		return store.PasskeyRow{}, no(err)
	}
	return store.PasskeyRow{
		PublicKey: auth.AttData.CredentialPublicKey, SignCount: auth.Counter, BackupEligible: auth.Flags.HasBackupEligible(),
		BackedUp: auth.Flags.HasBackupState(), AAGUID: hex.EncodeToString(auth.AttData.AAGUID), Origin: data.Origin,
	}, nil
}

// assert judges an assertion (WebAuthn 7.2) by a passkey whose challenge was taken.
func (p party) assert(answer *protocol.ParsedCredentialAssertionData, challenge string, known store.PasskeyRow) error {
	auth := answer.Response.AuthenticatorData
	if err := p.client(answer.Response.CollectedClientData, protocol.AssertCeremony); err != nil {
		return err
	}
	if err := p.authenticator(auth); err != nil {
		return err
	}
	if auth.Flags.HasBackupEligible() != known.BackupEligible {
		return fault.New(fault.InvalidPasskey, "This passkey was made as one that %s, and says now that it %s. What keeps it has changed, "+
			"and starting again changes nothing: "+
			"use another way, then delete this passkey and add it anew.", copied(known.BackupEligible),
			copied(!known.BackupEligible)).Because(errors.New("backup eligibility changed"))
	}
	err := answer.Verify(challenge, p.id, "", p.origins, nil, nil, protocol.TopOriginExplicitVerificationMode, false, !p.unproven, true,
		known.PublicKey, protocol.SignaturePolicy{})
	if err != nil {
		return no(err)
	}
	return nil
}

// copied is what the flag of backup eligibility means to people (WebAuthn 6.1.3).
func copied(eligible bool) string {
	if eligible {
		return "is copied to other devices"
	}
	return "stays on one device"
}

// client checks the browser's part, more strictly than the library: an origin
// is compared as a whole word, and a page inside another one is refused.
func (p party) client(data protocol.CollectedClientData, ceremony protocol.CeremonyType) error {
	switch {
	case data.Type != ceremony:
		return no(errors.New("another ceremony"))
	case !slices.Contains(p.origins, data.Origin):
		return fault.New(fault.InvalidPasskey, "The page %.200q may not use passkeys here. List it in passkeys.origins.", data.Origin)
	case data.CrossOrigin || data.TopOrigin != "":
		return fault.New(fault.InvalidPasskey, "Passkeys do not work inside another site's page. Open this page by itself.")
	}
	return nil
}

func (p party) authenticator(auth protocol.AuthenticatorData) error {
	switch {
	case !auth.Flags.HasUserPresent():
		return no(errors.New("user not present"))
	case !p.unproven && !auth.Flags.HasUserVerified():
		return fault.New(fault.InvalidPasskey, "The passkey did not check that it is you. Unlock it with fingerprint, face or PIN.")
	case auth.Flags.HasBackupState() && !auth.Flags.HasBackupEligible():
		return fault.New(fault.InvalidPasskey, "This passkey says that it is copied to other devices and that it cannot be. What keeps it "+
			"is at fault, and starting again changes nothing: "+
			"bring that up to date, or use another way.").Because(errors.New("backed up, and not eligible for it"))
	}
	return nil
}

// no is a ceremony that does not hold; why is for the log.
func no(cause error) *fault.Error {
	var detailed *protocol.Error
	if errors.As(cause, &detailed) && detailed.DevInfo != "" {
		cause = errors.New(detailed.Details + ": " + detailed.DevInfo)
	}
	return fault.New(fault.InvalidPasskey, "The answer of this passkey does not hold. Start it again, or use another way.").Because(cause)
}
