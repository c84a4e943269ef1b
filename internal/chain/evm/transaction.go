package evm

import (
	"errors"
	"fmt"
	"math"
	"math/big"
)

// The types of transactions that can be signed (EIP-2718).
const (
	Legacy     = 0 // with the chain id of EIP-155
	AccessList = 1 // EIP-2930
	DynamicFee = 2 // EIP-1559
	SetCode    = 4 // EIP-7702
)

// Limits of a transaction.
const (
	MaxChainID = (math.MaxUint64 - 36) / 2 // so that v of EIP-155 has 64 bits
	maxNonce   = math.MaxUint64 - 1        // EIP-2681
	MaxData    = 128 << 10                 // no node takes more
)

// Transaction is one that is to be signed. Of the fees, GasPrice belongs to the
// types Legacy and AccessList, the two others to the rest.
type Transaction struct {
	Type           int
	ChainID        uint64
	Nonce          uint64
	GasPrice       *big.Int
	MaxPriorityFee *big.Int
	MaxFee         *big.Int
	Gas            uint64
	To             *Address // nil: creates a contract
	Value          *big.Int
	Data           []byte
	AccessList     []Access
	Authorizations []SignedAuthorization
}

// Access is one entry of an access list.
type Access struct {
	Address     Address
	StorageKeys [][32]byte
}

// Check says what is wrong with the transaction, in words for its author.
func (t *Transaction) Check() error {
	switch t.Type {
	case Legacy, AccessList:
		if t.GasPrice == nil || t.MaxFee != nil || t.MaxPriorityFee != nil {
			return errors.New("a transaction of type 0 or 1 has gasPrice and no other fee")
		}
	case DynamicFee, SetCode:
		if t.GasPrice != nil || t.MaxFee == nil || t.MaxPriorityFee == nil {
			return errors.New("a transaction of type 2 or 4 has maxFeePerGas and maxPriorityFeePerGas and no gasPrice")
		}
		if t.MaxPriorityFee.Cmp(t.MaxFee) > 0 {
			return errors.New("maxPriorityFeePerGas is more than maxFeePerGas")
		}
	default:
		return fmt.Errorf("transactions of type %d are not signed here; use 0, 1, 2 or 4", t.Type)
	}
	for _, n := range []*big.Int{t.GasPrice, t.MaxFee, t.MaxPriorityFee, t.Value} {
		if n != nil && (n.Sign() < 0 || n.BitLen() > 256) {
			return fmt.Errorf("%s is not between 0 and 2^256", n)
		}
	}
	switch {
	case t.Value == nil:
		return errors.New("value is missing")
	case t.ChainID == 0:
		return errors.New("chainId is missing; without it the transaction would hold on every chain")
	case t.ChainID > MaxChainID:
		return errors.New("chainId is too large")
	case t.Nonce > maxNonce:
		return errors.New("nonce is too large")
	case t.Gas == 0:
		return errors.New("gas is zero")
	case len(t.Data) > MaxData:
		return fmt.Errorf("data is longer than %d bytes", MaxData)
	case t.To == nil && len(t.Data) == 0:
		return errors.New("a transaction without to creates a contract and needs its code as data; to send something, set to")
	case t.Type == Legacy && len(t.AccessList) > 0:
		return errors.New("a transaction of type 0 has no accessList")
	case t.Type == SetCode && t.To == nil:
		return errors.New("a transaction of type 4 needs to")
	case t.Type == SetCode && len(t.Authorizations) == 0:
		return errors.New("a transaction of type 4 needs an authorizationList that is not empty")
	case t.Type != SetCode && len(t.Authorizations) > 0:
		return errors.New("only a transaction of type 4 has an authorizationList")
	}
	return nil
}

// MaxCost is the most that the network takes for it.
func (t *Transaction) MaxCost() *big.Int {
	price := t.MaxFee
	if price == nil {
		price = t.GasPrice
	}
	return new(big.Int).Mul(price, new(big.Int).SetUint64(t.Gas))
}

// Unsigned is what is hashed for signing: the fields in the envelope of the
// type, for Legacy with chain id, 0, 0 at the end (EIP-155).
func (t *Transaction) Unsigned() []byte {
	fields := t.fields()
	if t.Type == Legacy {
		fields = append(fields, rlpUint(t.ChainID), rlpUint(0), rlpUint(0))
	}
	return t.envelope(fields)
}

// Digest is what the account signs.
func (t *Transaction) Digest() [32]byte { return Keccak256(t.Unsigned()) }

// Signed is the transaction with the signature r ‖ s ‖ v, where v is 27 or 28:
// what is broadcast, and whose Keccak-256 is the transaction's hash.
func (t *Transaction) Signed(signature []byte) ([]byte, error) {
	if len(signature) != 65 || signature[64] != 27 && signature[64] != 28 {
		return nil, errors.New("a signature has 65 bytes and ends in 27 or 28")
	}
	parity := uint64(signature[64] - 27)
	if t.Type == Legacy {
		parity += t.ChainID*2 + 35
	}
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:64])
	return t.envelope(append(t.fields(), rlpUint(parity), rlpBig(r), rlpBig(s))), nil
}

func (t *Transaction) envelope(fields [][]byte) []byte {
	list := rlpList(fields...)
	if t.Type == Legacy {
		return list
	}
	return append([]byte{byte(t.Type)}, list...)
}

func (t *Transaction) fields() [][]byte {
	to := rlpBytes(nil)
	if t.To != nil {
		to = rlpBytes(t.To[:])
	}
	var f [][]byte
	if t.Type != Legacy {
		f = append(f, rlpUint(t.ChainID))
	}
	f = append(f, rlpUint(t.Nonce))
	if t.Type == Legacy || t.Type == AccessList {
		f = append(f, rlpBig(t.GasPrice))
	} else {
		f = append(f, rlpBig(t.MaxPriorityFee), rlpBig(t.MaxFee))
	}
	f = append(f, rlpUint(t.Gas), to, rlpBig(t.Value), rlpBytes(t.Data))
	if t.Type != Legacy {
		var list [][]byte
		for _, a := range t.AccessList {
			var keys [][]byte
			for _, k := range a.StorageKeys {
				keys = append(keys, rlpBytes(k[:]))
			}
			list = append(list, rlpList(rlpBytes(a.Address[:]), rlpList(keys...)))
		}
		f = append(f, rlpList(list...))
	}
	if t.Type == SetCode {
		var list [][]byte
		for _, a := range t.Authorizations {
			list = append(list, a.rlp())
		}
		f = append(f, rlpList(list...))
	}
	return f
}

// ParseUnsigned reads what [Transaction.Unsigned] writes, and nothing else.
func ParseUnsigned(b []byte) (*Transaction, error) {
	t, tail, err := parse(b)
	if err != nil {
		return nil, err
	}
	if t.Type != Legacy {
		if len(tail) != 0 {
			return nil, errors.New("the transaction is signed already; send it unsigned")
		}
		return t, t.Check()
	}
	if len(tail) == 0 {
		return nil, errors.New("the transaction has no chain id (EIP-155) and would hold on every chain; set chainId")
	}
	if len(tail[1].bytes) > 0 || len(tail[2].bytes) > 0 || tail[1].isList || tail[2].isList {
		return nil, errors.New("the transaction is signed already; send it unsigned")
	}
	if t.ChainID, err = tail[0].uint64(); err != nil {
		return nil, named("chain id", err)
	}
	return t, t.Check()
}

// Signed is a transaction that was signed.
type Signed struct {
	Transaction *Transaction
	From        Address
	Hash        [32]byte
}

// ParseSigned reads what [Transaction.Signed] writes, and whose it is.
func ParseSigned(b []byte) (Signed, error) {
	t, tail, err := parse(b)
	if err != nil {
		return Signed{}, err
	}
	if len(tail) != 3 {
		return Signed{}, errors.New("the transaction is not signed")
	}
	v, err := tail[0].uint64()
	if err != nil {
		return Signed{}, named("v", err)
	}
	if t.Type == Legacy {
		if v < 37 {
			return Signed{}, errors.New("the signature has no chain id (EIP-155)")
		}
		t.ChainID, v = (v-35)/2, (v-35)%2
	}
	r, err := tail[1].big()
	if err != nil {
		return Signed{}, named("r", err)
	}
	s, err := tail[2].big()
	if err != nil {
		return Signed{}, named("s", err)
	}
	if v > 1 {
		return Signed{}, errors.New("the y parity is 0 or 1")
	}
	if err := t.Check(); err != nil {
		return Signed{}, err
	}
	from, err := Recover(t.Digest(), compact(r, s, uint8(v)))
	return Signed{t, from, Keccak256(b)}, err
}

// parse reads the fields; tail are the three of a signature, or of EIP-155, if
// there are any.
func parse(b []byte) (t *Transaction, tail []item, err error) {
	if len(b) == 0 {
		return nil, nil, errors.New("the transaction is empty")
	}
	t = &Transaction{}
	count := 6 // fields of the type
	if b[0] < 0xc0 {
		count = map[byte]int{AccessList: 8, DynamicFee: 9, SetCode: 10}[b[0]]
		if count == 0 {
			return nil, nil,
				fmt.Errorf("bytes that begin with 0x%02x are no transaction of a type that is signed here; use legacy, 1, 2 or 4", b[0])
		}
		t.Type, b = int(b[0]), b[1:]
	}
	it, err := decodeRLP(b)
	if err != nil {
		return nil, nil, err
	}
	if !it.isList || len(it.list) != count && len(it.list) != count+3 {
		return nil, nil, fmt.Errorf("a transaction of type %d has %d fields", t.Type, count)
	}
	r := fieldReader{fields: it.list[:count]}
	if t.Type != Legacy {
		t.ChainID = r.uint64("chain id")
	}
	t.Nonce = r.uint64("nonce")
	if t.Type == Legacy || t.Type == AccessList {
		t.GasPrice = r.big("gas price")
	} else {
		t.MaxPriorityFee, t.MaxFee = r.big("max priority fee"), r.big("max fee")
	}
	t.Gas = r.uint64("gas")
	t.To = r.to()
	t.Value = r.big("value")
	t.Data = r.data()
	if t.Type != Legacy {
		t.AccessList = r.accessList()
	}
	if t.Type == SetCode {
		t.Authorizations = r.authorizations()
	}
	return t, it.list[count:], r.err
}

// fieldReader reads fields in order; the first fault sticks.
type fieldReader struct {
	fields []item
	err    error
}

func (r *fieldReader) next() item {
	it := r.fields[0]
	r.fields = r.fields[1:]
	return it
}

func (r *fieldReader) fail(name string, err error) {
	if r.err == nil && err != nil {
		r.err = named(name, err)
	}
}

func (r *fieldReader) uint64(name string) uint64 {
	n, err := r.next().uint64()
	r.fail(name, err)
	return n
}

func (r *fieldReader) big(name string) *big.Int {
	n, err := r.next().big()
	r.fail(name, err)
	return n
}

func (r *fieldReader) to() *Address {
	it := r.next()
	if !it.isList && len(it.bytes) == 0 {
		return nil
	}
	a, err := it.address()
	r.fail("to", err)
	return &a
}

func (r *fieldReader) data() []byte {
	it := r.next()
	if it.isList {
		r.fail("data", errors.New("is a list"))
	}
	return it.bytes
}

func (r *fieldReader) accessList() []Access {
	it := r.next()
	if !it.isList {
		r.fail("access list", errors.New("is no list"))
	}
	var list []Access
	for _, entry := range it.list {
		if !entry.isList || len(entry.list) != 2 || !entry.list[1].isList {
			r.fail("access list", errors.New("has an entry that is not address and keys"))
			return nil
		}
		a, err := entry.list[0].address()
		r.fail("access list", err)
		access := Access{Address: a}
		for _, key := range entry.list[1].list {
			if key.isList || len(key.bytes) != 32 {
				r.fail("access list", errors.New("has a key that is not 32 bytes"))
				return nil
			}
			access.StorageKeys = append(access.StorageKeys, [32]byte(key.bytes))
		}
		list = append(list, access)
	}
	return list
}

func (r *fieldReader) authorizations() []SignedAuthorization {
	it := r.next()
	if !it.isList {
		r.fail("authorisation list", errors.New("is no list"))
	}
	var list []SignedAuthorization
	for _, entry := range it.list {
		a, err := readSignedAuthorization(entry)
		r.fail("authorisation list", err)
		list = append(list, a)
	}
	return list
}

func named(name string, err error) error { return fmt.Errorf("%s: %w", name, err) }

// compact is r ‖ s ‖ v of numbers below 2^256.
func compact(r, s *big.Int, parity uint8) []byte {
	b := make([]byte, 65)
	r.FillBytes(b[:32])
	s.FillBytes(b[32:64])
	b[64] = 27 + parity
	return b
}
