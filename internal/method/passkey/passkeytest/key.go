package passkeytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
)

// Algorithms of keys, by their COSE numbers.
const (
	ES256 = -7
	EdDSA = -8
	ES384 = -35
	RS256 = -257
)

// key is a private key and how COSE writes its public half.
type key struct {
	private crypto.Signer
	alg     int
}

func newKey(alg int) key {
	var private crypto.Signer
	var err error
	switch alg {
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case ES384:
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case RS256:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil || private == nil {
		panic("passkeytest: no such key")
	}
	return key{private, alg}
}

func (k key) cose() pairs {
	switch public := k.private.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, x, y
		if err != nil {
			panic(err)
		}
		half, curve := len(point)/2, map[int]int{ES256: 1, ES384: 2}[k.alg]
		return pairs{1, 2, 3, k.alg, -1, curve, -2, point[1 : 1+half], -3, point[1+half:]}
	case ed25519.PublicKey:
		return pairs{1, 1, 3, k.alg, -1, 6, -2, []byte(public)}
	case *rsa.PublicKey:
		return pairs{1, 3, 3, k.alg, -1, public.N.Bytes(), -2, big.NewInt(int64(public.E)).Bytes()}
	}
	panic("passkeytest: no such key")
}

func (k key) sign(data []byte) []byte {
	digest, hash := data, crypto.Hash(0)
	switch k.alg {
	case ES256, RS256:
		sum := sha256.Sum256(data)
		digest, hash = sum[:], crypto.SHA256
	case ES384:
		sum := sha512.Sum384(data)
		digest, hash = sum[:], crypto.SHA384
	}
	signature, err := k.private.Sign(rand.Reader, digest, hash)
	if err != nil {
		panic(err)
	}
	return signature
}
