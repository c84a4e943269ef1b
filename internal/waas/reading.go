package waas

import (
	"encoding/base64"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
	"github.com/stepup-auth/stepup/internal/who"
)

// Reading makes the request of an operation from what a client sent, for the wallet
// that it is about.
type Reading func(w wallet.Wallet) (any, error)

// Fixed is a request that does not depend on the wallet.
func Fixed(request any) Reading { return func(wallet.Wallet) (any, error) { return request, nil } }

// Nothing is the request of an action that needs none.
func Nothing() Reading { return Fixed(struct{}{}) }

// Sign reads the JSON of what is to be signed.
func Sign(body []byte) Reading {
	return func(w wallet.Wallet) (any, error) { return intent.ParseSign(w.Chain, body) }
}

// Export reads the key that the private key is to be sealed to: X25519, in base64url.
func Export(c who.Caller, publicKey string) Reading {
	return func(wallet.Wallet) (any, error) {
		if c.Tenant.EmbeddedWallets.ExportDisabled {
			return nil, fault.New(fault.ExportDisabled,
				"Private keys do not leave this environment. The operator has set embeddedWallets.exportDisabled.")
		}
		if publicKey == "" {
			return nil, fault.New(fault.ExportKeyRequired, "Send exportPublicKey, an X25519 public key in base64url that you made for "+
				"this export: the private key is sealed to it. An exportId alone belongs to a protocol that this server does not speak.")
		}
		key, err := base64.RawURLEncoding.Strict().DecodeString(publicKey)
		if err != nil || len(key) != 32 {
			return nil, fault.New(fault.InvalidRequest,
				"exportPublicKey must be the 32 bytes of an X25519 public key, in base64url without padding.")
		}
		return wallet.ExportRequest{PublicKey: key}, nil
	}
}

// Reshare reads the threshold schemes that a key moves between.
func Reshare(c who.Caller, from, to wallet.Scheme) Reading {
	return func(wallet.Wallet) (any, error) {
		if err := offers(c, to); err != nil {
			return nil, err
		}
		return wallet.ReshareRequest{Old: from, New: to}, nil
	}
}
