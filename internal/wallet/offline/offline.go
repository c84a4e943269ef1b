// Package offline keeps the shares of parties that are not online: files that the
// operator puts away, each sealed to the operator's offline key.
//
// Its invariants: a share opens only with the offline key, which no server has, and
// only as the share that it says it is (wallet, generation, scheme, party); and a
// quorum counts as one only if the key it gives is that of the wallet's address. A
// share of an older generation is worth nothing together with shares of another.
package offline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/stepup-auth/stepup/internal/jsonbody"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

// Share is an opened share: which key it belongs to, and a party's pieces of it.
type Share struct {
	EnvironmentID string        `json:"environmentId"`
	WalletID      string        `json:"walletId"`
	Chain         wallet.Chain  `json:"chain"`
	Address       string        `json:"address"`
	Generation    int           `json:"generation"`
	Scheme        wallet.Scheme `json:"scheme"`
	Party         int           `json:"party"`
	Pieces        share.Pieces  `json:"pieces"` // secret
}

// info pins a sealed share to what its file says it is.
func info(walletID string, generation int, scheme wallet.Scheme, party int) []byte {
	return fmt.Appendf(nil, "stepup wallet offline share v1\n%s\n%d\n%s\n%d", walletID, generation, scheme, party)
}

// Seal seals the shares of all offline parties of a new generation to the operator's
// public key. It takes all pieces of it, as the signer has them when it verifies. A
// scheme without offline parties gives none.
func Seal(publicKey []byte, w wallet.Wallet, generation int, scheme wallet.Scheme, all share.Pieces) ([]wallet.OfflineShare, error) {
	var shares []wallet.OfflineShare
	for _, party := range share.Offline(scheme) {
		one, err := seal(publicKey, Share{
			EnvironmentID: w.EnvironmentID, WalletID: w.ID, Chain: w.Chain, Address: w.Address,
			Generation: generation, Scheme: scheme, Party: party, Pieces: all,
		})
		if err != nil {
			return nil, fmt.Errorf("sealing the share of party %d of wallet %s: %w", party, w.ID, err)
		}
		shares = append(shares, one)
	}
	return shares, nil
}

// seal seals a share: of its pieces, those of its party.
func seal(publicKey []byte, s Share) (wallet.OfflineShare, error) {
	var err error
	if s.Pieces, err = s.Pieces.Pick(share.Held(s.Scheme, s.Party)); err != nil {
		return wallet.OfflineShare{}, err
	}
	defer s.Pieces.Wipe()
	text, err := json.Marshal(s)
	if err != nil {
		return wallet.OfflineShare{}, err
	}
	defer clear(text)
	encapsulated, ciphertext, err := sealed.Seal(publicKey, info(s.WalletID, s.Generation, s.Scheme, s.Party), text)
	return wallet.OfflineShare{
		WalletID: s.WalletID, Generation: s.Generation, Scheme: s.Scheme, Party: s.Party,
		EncapsulatedKey: encapsulated, Ciphertext: ciphertext,
	}, err
}

// Open opens a share with the operator's key. Wipe its pieces after use.
func Open(key sealed.Key, file wallet.OfflineShare) (Share, error) {
	name := fmt.Sprintf("the share of party %d of generation %d of wallet %s", file.Party, file.Generation, file.WalletID)
	text, err := key.Open(file.EncapsulatedKey, info(file.WalletID, file.Generation, file.Scheme, file.Party), file.Ciphertext)
	if err != nil {
		return Share{}, fmt.Errorf("opening %s: %w", name, err)
	}
	defer clear(text)
	opened, err := parseShare(text)
	if err != nil {
		return Share{}, fmt.Errorf("opening %s: %w", name, err)
	}
	if opened.WalletID != file.WalletID || opened.Generation != file.Generation || opened.Scheme != file.Scheme ||
		opened.Party != file.Party {
		opened.Pieces.Wipe()
		return Share{}, fmt.Errorf("opening %s: another share is inside", name)
	}
	return opened, nil
}

// parseShare reads what was sealed. Whoever has the public key may have sealed it.
func parseShare(text []byte) (Share, error) {
	var s Share
	if err := jsonbody.Decode(text, &s, jsonbody.Rules{Depth: 2, KnownOnly: true}); err != nil {
		return Share{}, errors.New("what is inside is no share")
	}
	if !slices.Contains(share.Offline(s.Scheme), s.Party) || !slices.Equal(s.Pieces.Numbers(), share.Held(s.Scheme, s.Party)) ||
		!s.Chain.Valid() || s.Address == "" || s.WalletID == "" || s.EnvironmentID == "" || s.Generation < 1 {
		return Share{}, errors.New("what is inside is no share")
	}
	for _, piece := range s.Pieces {
		if len(piece) != share.Size {
			return Share{}, errors.New("what is inside is no share")
		}
	}
	return s, nil
}

// Parse reads the text of a share file.
func Parse(text []byte) (wallet.OfflineShare, error) {
	var s wallet.OfflineShare
	if err := jsonbody.Decode(text, &s, jsonbody.Rules{Depth: 1, KnownOnly: true}); err != nil {
		return wallet.OfflineShare{}, fmt.Errorf("this is no offline share of a wallet: %w", err)
	}
	if s.WalletID == "" || s.Generation < 1 || !slices.Contains(share.Offline(s.Scheme), s.Party) ||
		len(s.EncapsulatedKey) != sealed.PublicKeySize || len(s.Ciphertext) == 0 {
		return wallet.OfflineShare{}, errors.New("this is no offline share of a wallet: a part is missing")
	}
	return s, nil
}

// Text is a share as a file.
func Text(s wallet.OfflineShare) ([]byte, error) {
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetIndent("", "  ")
	err := out.Encode(s)
	return text.Bytes(), err
}
