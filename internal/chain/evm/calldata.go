package evm

import (
	"bytes"
	"errors"
	"math/big"
	"strconv"
	"strings"
)

// Call is call data that fits a function known here. That the contract means by
// it what the function's name says is not known: a contract can do anything.
type Call struct {
	Function string // as in transfer(address,uint256)
	Args     []Arg
}

// Arg is one argument of a call.
type Arg struct {
	Name  string
	Type  string
	Value any // Address, *big.Int, bool or []byte
}

// Arg is the value of the argument; nil when there is none.
func (c Call) Arg(name string) any {
	for _, a := range c.Args {
		if a.Name == name {
			return a.Value
		}
	}
	return nil
}

type function struct {
	types, names []string
}

// functions are those whose calls are read, by selector.
var functions = func() map[[4]byte]function {
	all := map[[4]byte]function{}
	for signature, names := range map[string]string{
		"transfer(address,uint256)":                                          "to amount",
		"transferFrom(address,address,uint256)":                              "from to amount",
		"approve(address,uint256)":                                           "spender amount",
		"increaseAllowance(address,uint256)":                                 "spender amount",
		"decreaseAllowance(address,uint256)":                                 "spender amount",
		"permit(address,address,uint256,uint256,uint8,bytes32,bytes32)":      "owner spender amount deadline v r s",
		"permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)": "owner spender nonce expiry allowed v r s",
		"setApprovalForAll(address,bool)":                                    "operator approved",
		"safeTransferFrom(address,address,uint256)":                          "from to id",
		"safeTransferFrom(address,address,uint256,bytes)":                    "from to id data",
		"safeTransferFrom(address,address,uint256,uint256,bytes)":            "from to id amount data",
		"approve(address,address,uint160,uint48)":                            "token spender amount expiration",
		"transferFrom(address,address,uint160,address)":                      "from to amount token",
	} {
		name, list, _ := strings.Cut(strings.TrimSuffix(signature, ")"), "(")
		hash := Keccak256([]byte(signature))
		f := function{names: append([]string{name}, strings.Fields(names)...)}
		if list != "" {
			f.types = strings.Split(list, ",")
		}
		all[[4]byte(hash[:])] = f
	}
	return all
}()

// ParseCall reads call data of one of the functions known here. Data that a
// contract would read so but that is not exactly the encoding of the arguments
// (padding, anything after them) is not read.
func ParseCall(data []byte) (c Call, known bool) {
	if len(data) < 4 {
		return Call{}, false
	}
	f, known := functions[[4]byte(data)]
	if !known {
		return Call{}, false
	}
	c.Function = f.names[0] + "(" + strings.Join(f.types, ",") + ")"
	rest, head := data[4:], 32*len(f.types)
	if len(rest) < head {
		return Call{}, false
	}
	tail := rest[head:]
	for i, typ := range f.types {
		word := rest[32*i : 32*i+32]
		var value any
		var err error
		if typ == "bytes" { // the last one, if at all
			value, err = abiBytes(word, head, tail)
			tail = nil
		} else {
			value, err = abiWord(typ, word)
		}
		if err != nil {
			return Call{}, false
		}
		c.Args = append(c.Args, Arg{f.names[i+1], typ, value})
	}
	return c, len(tail) == 0
}

var errABI = errors.New("not the encoding of an argument")

func abiWord(typ string, word []byte) (any, error) {
	n := new(big.Int).SetBytes(word)
	switch {
	case typ == "address":
		if n.BitLen() > 160 {
			return nil, errABI
		}
		return Address(word[12:]), nil
	case typ == "bool":
		if n.BitLen() > 1 {
			return nil, errABI
		}
		return n.Sign() == 1, nil
	case typ == "bytes32":
		return bytes.Clone(word), nil
	}
	bits, err := strconv.Atoi(strings.TrimPrefix(typ, "uint"))
	if err != nil || n.BitLen() > bits {
		return nil, errABI
	}
	return n, nil
}

// abiBytes reads bytes whose offset is in word and that are all of the tail.
func abiBytes(word []byte, head int, tail []byte) ([]byte, error) {
	if offset := new(big.Int).SetBytes(word); !offset.IsInt64() || offset.Int64() != int64(head) || len(tail) < 32 {
		return nil, errABI
	}
	size := new(big.Int).SetBytes(tail[:32])
	if !size.IsInt64() || size.Int64() > int64(len(tail)) {
		return nil, errABI
	}
	n := int(size.Int64())
	content := tail[32:]
	if len(content) != (n+31)/32*32 || len(bytes.TrimRight(content[n:], "\x00")) > 0 {
		return nil, errABI
	}
	return bytes.Clone(content[:n]), nil
}
