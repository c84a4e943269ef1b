package evm

import (
	"errors"
	"math/big"
)

// item is a value of RLP: bytes, or a list.
type item struct {
	isList bool
	bytes  []byte
	list   []item
}

const maxRLPDepth = 8

var errRLP = errors.New("not canonical RLP")

// decodeRLP reads the one encoding that a value has and nothing after it.
func decodeRLP(b []byte) (item, error) {
	it, rest, err := readRLP(b, 0)
	if err == nil && len(rest) > 0 {
		err = errRLP
	}
	return it, err
}

func readRLP(b []byte, depth int) (it item, rest []byte, err error) {
	if len(b) == 0 || depth > maxRLPDepth {
		return item{}, nil, errRLP
	}
	head := b[0]
	if head < 0x80 {
		return item{bytes: b[:1]}, b[1:], nil
	}
	base := byte(0x80)
	if head >= 0xc0 {
		base, it.isList = 0xc0, true
	}
	size, b := int(head-base), b[1:]
	if size > 55 {
		if size, b, err = longSize(size-55, b); err != nil {
			return item{}, nil, err
		}
	}
	if size > len(b) {
		return item{}, nil, errRLP
	}
	content, rest := b[:size], b[size:]
	if !it.isList {
		if size == 1 && content[0] < 0x80 {
			return item{}, nil, errRLP // is its own encoding
		}
		it.bytes = content
		return it, rest, nil
	}
	for len(content) > 0 {
		var child item
		if child, content, err = readRLP(content, depth+1); err != nil {
			return item{}, nil, err
		}
		it.list = append(it.list, child)
	}
	return it, rest, nil
}

// longSize reads a size in so many bytes, more than 55 and without a leading
// zero.
func longSize(n int, b []byte) (size int, rest []byte, err error) {
	if n > 4 || n > len(b) || b[0] == 0 {
		return 0, nil, errRLP
	}
	for _, c := range b[:n] {
		size = size<<8 | int(c)
	}
	if size <= 55 {
		return 0, nil, errRLP
	}
	return size, b[n:], nil
}

func rlpHead(base byte, size int) []byte {
	if size <= 55 {
		return []byte{base + byte(size)}
	}
	length := big.NewInt(int64(size)).Bytes()
	return append([]byte{base + 55 + byte(len(length))}, length...)
}

func rlpBytes(b []byte) []byte {
	if len(b) == 1 && b[0] < 0x80 {
		return []byte{b[0]}
	}
	return append(rlpHead(0x80, len(b)), b...)
}

func rlpUint(n uint64) []byte  { return rlpBig(new(big.Int).SetUint64(n)) }
func rlpBig(n *big.Int) []byte { return rlpBytes(n.Bytes()) }
func rlpList(items ...[]byte) []byte {
	var content []byte
	for _, it := range items {
		content = append(content, it...)
	}
	return append(rlpHead(0xc0, len(content)), content...)
}

// big reads a whole number below 2^256, written without leading zeros.
func (it item) big() (*big.Int, error) {
	if it.isList || len(it.bytes) > 32 || len(it.bytes) > 0 && it.bytes[0] == 0 {
		return nil, errors.New("not a whole number below 2^256 without leading zeros")
	}
	return new(big.Int).SetBytes(it.bytes), nil
}

func (it item) uint64() (uint64, error) {
	n, err := it.big()
	if err != nil || !n.IsUint64() {
		return 0, errors.New("not a whole number below 2^64 without leading zeros")
	}
	return n.Uint64(), nil
}

func (it item) address() (Address, error) {
	if it.isList || len(it.bytes) != 20 {
		return Address{}, errors.New("not an address of 20 bytes")
	}
	return Address(it.bytes), nil
}
