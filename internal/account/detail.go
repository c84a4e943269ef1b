package account

import (
	"encoding/json"

	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/store"
)

// Detail is what a credential shows of itself besides its identifier, in the
// spelling of the wire (wire reference 4.3: snake_case in part). None of it
// proves anything: whose control was proven is the identifier alone.
type Detail struct {
	PhoneNumber      string `json:"phoneNumber,omitempty"`
	PhoneCountryCode string `json:"phoneCountryCode,omitempty"` // without +
	ISOCountryCode   string `json:"isoCountryCode,omitempty"`

	Address                   string          `json:"address,omitempty"`
	Chain                     string          `json:"chain,omitempty"` // eip155, solana
	WalletName                string          `json:"wallet_name,omitempty"`
	WalletProvider            string          `json:"wallet_provider,omitempty"`
	WalletAdditionalAddresses []WalletAddress `json:"wallet_additional_addresses,omitempty"`
	EmbeddedWalletID          string          `json:"embedded_wallet_id,omitempty"` // set: never vouches for its owner

	OAuthProvider      string   `json:"oauth_provider,omitempty"`
	OAuthAccountID     string   `json:"oauth_account_id,omitempty"`
	OAuthUsername      string   `json:"oauth_username,omitempty"`
	OAuthDisplayName   string   `json:"oauth_display_name,omitempty"`
	OAuthAccountPhotos []string `json:"oauth_account_photos,omitempty"`
	OAuthEmails        []string `json:"oauth_emails,omitempty"`

	ExternalIssuer string `json:"external_issuer,omitempty"`
	ExternalUserID string `json:"external_user_id,omitempty"`
}

// WalletAddress is a further address that a wallet names as its own. It is
// shown, and believed by nobody.
type WalletAddress struct {
	Address   string `json:"address"`
	PublicKey string `json:"publicKey,omitempty"`
	Type      string `json:"type"`
	Network   string `json:"network,omitempty"`
}

// JSON is the form in which the store keeps d.
func (d Detail) JSON() string {
	text, _ := json.Marshal(d) // strings only
	return string(text)
}

// ReadDetail decodes a stored detail.
func ReadDetail(text string) (Detail, error) {
	var d Detail
	if text == "" {
		return d, nil
	}
	err := json.Unmarshal([]byte(text), &d)
	return d, err
}

// PhoneAddress is a proven number.
func PhoneAddress(n phone.Number) Address {
	detail := Detail{PhoneNumber: n.National, PhoneCountryCode: n.CallingCode, ISOCountryCode: n.Country}
	return Address{Format: store.FormatPhone, Identifier: n.E164, Written: n.E164, Detail: detail.JSON()}
}

// EmailAddress is an address as [deliver.NormalizeEmail] reads it.
func EmailAddress(written string) (Address, error) {
	address, key, err := deliver.NormalizeEmail(written)
	return Address{Format: store.FormatEmail, Identifier: key, Written: address}, err
}

// WalletOn is a wallet's address, in the spelling of its chain.
func WalletOn(kind chain.Kind, written string) (Address, bool) {
	address, ok := kind.ReadAddress(written)
	if !ok {
		return Address{}, false
	}
	detail := Detail{Address: address, Chain: kind.Namespace()}
	return Address{Format: store.FormatBlockchain, Identifier: kind.Identifier(address), Written: address, Detail: detail.JSON()}, true
}

// ExternalPerson is a person at the environment's own login.
func ExternalPerson(issuer, subject string) Address {
	key, _ := json.Marshal([]string{issuer, subject}) // strings always encode
	detail := Detail{ExternalIssuer: issuer, ExternalUserID: subject}
	return Address{Format: store.FormatExternal, Identifier: string(key), Written: subject, Detail: detail.JSON()}
}
