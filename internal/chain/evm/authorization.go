package evm

import (
	"errors"
	"math/big"
)

// Authorization is the tuple of EIP-7702: whoever signs it hands the account to
// the code at Address, on one chain, or on every chain when ChainID is zero.
// The zero address takes the code away again.
type Authorization struct {
	ChainID uint64
	Address Address
	Nonce   uint64
}

// Digest is what the account signs.
func (a Authorization) Digest() [32]byte { return Keccak256(a.unsigned()) }

// unsigned is 0x05 ‖ rlp([chain id, address, nonce]).
func (a Authorization) unsigned() []byte {
	return append([]byte{0x05}, rlpList(rlpUint(a.ChainID), rlpBytes(a.Address[:]), rlpUint(a.Nonce))...)
}

// ParseAuthorization reads what [Authorization.Digest] hashes.
func ParseAuthorization(b []byte) (Authorization, error) {
	if len(b) == 0 || b[0] != 0x05 {
		return Authorization{}, errors.New("an authorisation begins with 0x05")
	}
	it, err := decodeRLP(b[1:])
	if err != nil {
		return Authorization{}, err
	}
	if !it.isList || len(it.list) != 3 {
		return Authorization{}, errors.New("an authorisation has chain id, address and nonce")
	}
	return readAuthorization(it.list)
}

func readAuthorization(fields []item) (a Authorization, err error) {
	if a.ChainID, err = fields[0].uint64(); err == nil && a.ChainID > MaxChainID {
		err = errors.New("is too large")
	}
	if err != nil {
		return Authorization{}, named("chain id", err)
	}
	if a.Address, err = fields[1].address(); err != nil {
		return Authorization{}, named("address", err)
	}
	if a.Nonce, err = fields[2].uint64(); err == nil && a.Nonce > maxNonce {
		err = errors.New("is too large")
	}
	if err != nil {
		return Authorization{}, named("nonce", err)
	}
	return a, nil
}

// SignedAuthorization is an authorisation with its signature, as a transaction
// of type 4 carries it.
type SignedAuthorization struct {
	Authorization
	YParity uint8
	R, S    *big.Int
}

// Authority is the account that signed; the chain passes over an authorisation
// that none signed.
func (a SignedAuthorization) Authority() (Address, error) {
	return Recover(a.Digest(), compact(a.R, a.S, a.YParity))
}

func (a SignedAuthorization) rlp() []byte {
	return rlpList(rlpUint(a.ChainID), rlpBytes(a.Address[:]), rlpUint(a.Nonce), rlpUint(uint64(a.YParity)), rlpBig(a.R), rlpBig(a.S))
}

func readSignedAuthorization(it item) (a SignedAuthorization, err error) {
	if !it.isList || len(it.list) != 6 {
		return a, errors.New("an authorisation in a transaction has chain id, address, nonce, y parity, r and s")
	}
	if a.Authorization, err = readAuthorization(it.list); err != nil {
		return a, err
	}
	parity, err := it.list[3].uint64()
	if err != nil || parity > 1 {
		return a, errors.New("the y parity of an authorisation is 0 or 1")
	}
	a.YParity = uint8(parity)
	if a.R, err = it.list[4].big(); err != nil {
		return a, named("r", err)
	}
	if a.S, err = it.list[5].big(); err != nil {
		return a, named("s", err)
	}
	return a, nil
}
