package passkey

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"regexp"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
)

// AttestationResponse is what a browser answers to creation options (wire
// reference 9.2). Published clients write clientDataJson here.
type AttestationResponse struct {
	ID                      string          `json:"id"`
	RawID                   string          `json:"rawId"`
	Type                    string          `json:"type"`
	AuthenticatorAttachment string          `json:"authenticatorAttachment,omitempty"`
	Response                AttestationData `json:"response"`
}

// AttestationData is the authenticator's part of it. What else clients repeat
// from it is not read: the attestation object alone counts.
type AttestationData struct {
	AttestationObject    string   `json:"attestationObject"`
	ClientDataJSON       string   `json:"clientDataJson,omitempty"`
	ClientDataJSONStrict string   `json:"clientDataJSON,omitempty"` // as browsers spell it
	Transports           []string `json:"transports,omitempty"`
}

// AssertionResponse is what a browser answers to request options.
type AssertionResponse struct {
	ID                      string        `json:"id"`
	RawID                   string        `json:"rawId"`
	Type                    string        `json:"type"`
	AuthenticatorAttachment string        `json:"authenticatorAttachment,omitempty"`
	Response                AssertionData `json:"response"`
}

// AssertionData is the authenticator's part of it.
type AssertionData struct {
	ClientDataJSON    string `json:"clientDataJSON"`
	AuthenticatorData string `json:"authenticatorData"`
	Signature         string `json:"signature"`
	UserHandle        string `json:"userHandle,omitempty"`
}

var errTwoClientData = errors.New("two different client data")

func (r AttestationResponse) clientData() ([]byte, error) {
	a, b := r.Response.ClientDataJSON, r.Response.ClientDataJSONStrict
	if a != "" && b != "" && a != b {
		return nil, errTwoClientData
	}
	return decode(cmp.Or(a, b))
}

// parse reads the answer. Extension outputs are left out: none were asked for.
func (r AttestationResponse) parse() (*protocol.ParsedCredentialCreationData, error) {
	base, err := credential(r.ID, r.RawID, r.Type)
	if err != nil {
		return nil, err
	}
	answer := protocol.CredentialCreationResponse{PublicKeyCredential: base}
	if answer.AttestationResponse.ClientDataJSON, err = r.clientData(); err != nil {
		return nil, err
	}
	if answer.AttestationResponse.AttestationObject, err = decode(r.Response.AttestationObject); err != nil {
		return nil, err
	}
	return answer.Parse()
}

func (r AssertionResponse) parse() (*protocol.ParsedCredentialAssertionData, error) {
	base, err := credential(r.ID, r.RawID, r.Type)
	if err != nil {
		return nil, err
	}
	answer := protocol.CredentialAssertionResponse{PublicKeyCredential: base}
	for _, field := range []struct {
		text string
		into *protocol.URLEncodedBase64
	}{
		{r.Response.ClientDataJSON, &answer.AssertionResponse.ClientDataJSON},
		{r.Response.AuthenticatorData, &answer.AssertionResponse.AuthenticatorData},
		{r.Response.Signature, &answer.AssertionResponse.Signature},
		{r.Response.UserHandle, &answer.AssertionResponse.UserHandle},
	} {
		if *field.into, err = decode(field.text); err != nil {
			return nil, err
		}
	}
	return answer.Parse()
}

func credential(id, rawID, typ string) (protocol.PublicKeyCredential, error) {
	first, err := decode(id)
	if err != nil {
		return protocol.PublicKeyCredential{}, err
	}
	second, err := decode(rawID)
	if err != nil {
		return protocol.PublicKeyCredential{}, err
	}
	if len(first) == 0 || len(first) > maxCredentialID || !bytes.Equal(first, second) {
		return protocol.PublicKeyCredential{}, errors.New("id and rawId are not one credential id")
	}
	return protocol.PublicKeyCredential{Credential: protocol.Credential{ID: idOf(first), Type: typ}, RawID: first}, nil
}

func decode(text string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(text) }

var transportRule = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// transports keeps the hints that look like any; they are only hints.
func (r AttestationResponse) transports() []string {
	kept := slices.DeleteFunc(slices.Clone(r.Response.Transports), func(s string) bool { return !transportRule.MatchString(s) })
	return kept[:min(len(kept), maxTransports)]
}
