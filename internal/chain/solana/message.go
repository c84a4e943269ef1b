package solana

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// maxTransaction is the largest transaction the network carries: one packet.
const maxTransaction = 1232

// Version of a message.
type Version int

// The versions that are read. A later one is refused, never guessed at.
const (
	Legacy Version = -1
	V0     Version = 0 // with address lookup tables
)

// Message is what the signers of a transaction sign. The first account pays the
// fee. An instruction's indices count Accounts, then the writable entries of all
// Lookups, then their readonly ones.
type Message struct {
	Version          Version
	Signatures       uint8 // how many accounts, from the first, must sign
	ReadonlySigned   uint8 // of those, how many, at their end, are only read
	ReadonlyUnsigned uint8 // of the others, how many, at their end, are only read
	Accounts         []Address
	Blockhash        [32]byte
	Instructions     []Instruction
	Lookups          []Lookup
}

// Instruction calls a program.
type Instruction struct {
	Program  uint8 // index of an account
	Accounts []byte
	Data     []byte
}

// Lookup adds accounts that are named by their place in a table on the chain.
type Lookup struct {
	Table    Address
	Writable []byte
	Readonly []byte
}

// reader takes bytes off the front; the first failure sticks.
type reader struct {
	rest []byte
	err  error
	// lax counts may be written with more bytes than needed.
	lax bool
}

var errShort = errors.New("it ends too early")

func (r *reader) take(n int) []byte {
	if r.err != nil || n > len(r.rest) {
		if r.err == nil {
			r.err = errShort
		}
		return nil
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) u8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) hash() (h [32]byte) {
	copy(h[:], r.take(len(h)))
	return h
}

// count reads a compact-u16: seven bits a byte, lowest first, at most 16 bits.
func (r *reader) count() int {
	n := 0
	for i := range 3 {
		b := r.u8()
		n |= int(b&0x7f) << (7 * i)
		if b&0x80 == 0 {
			if i > 0 && b == 0 && !r.lax {
				r.fail(errors.New("a count is written with more bytes than it needs"))
			}
			if n > 0xffff {
				r.fail(errors.New("a count is above 65535"))
			}
			return n
		}
	}
	r.fail(errors.New("a count is longer than three bytes"))
	return 0
}

// counted reads bytes behind their count.
func (r *reader) counted() []byte { return r.take(r.count()) }

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// message reads the layout and judges nothing but it.
func (r *reader) message() Message {
	m := Message{Version: Legacy}
	m.Signatures = r.u8()
	if r.err == nil && m.Signatures&0x80 != 0 {
		if m.Version = Version(m.Signatures & 0x7f); m.Version != V0 {
			r.fail(fmt.Errorf("it is of version %d; only legacy and version 0 are signed here", m.Version))
			return m
		}
		m.Signatures = r.u8()
	}
	m.ReadonlySigned, m.ReadonlyUnsigned = r.u8(), r.u8()
	// No list is allocated beyond what the bytes at hand can fill.
	for range r.count() {
		if r.err != nil {
			return m
		}
		m.Accounts = append(m.Accounts, r.hash())
	}
	m.Blockhash = r.hash()
	for range r.count() {
		if r.err != nil {
			return m
		}
		m.Instructions = append(m.Instructions, Instruction{Program: r.u8(), Accounts: r.counted(), Data: r.counted()})
	}
	if m.Version == Legacy {
		return m
	}
	for range r.count() {
		if r.err != nil {
			return m
		}
		m.Lookups = append(m.Lookups, Lookup{Table: r.hash(), Writable: r.counted(), Readonly: r.counted()})
	}
	return m
}

// ParseMessage reads a message that the network could accept, and no other: the
// error says what is wrong with it.
func ParseMessage(raw []byte) (*Message, error) {
	if len(raw) > maxTransaction {
		return nil, fmt.Errorf("this is no Solana transaction: it has more than %d bytes", maxTransaction)
	}
	r := reader{rest: bytes.Clone(raw)}
	m := r.message()
	if r.err == nil && len(r.rest) > 0 {
		r.fail(errors.New("bytes are left over at its end"))
	}
	r.fail(m.check())
	if r.err != nil {
		return nil, fmt.Errorf("this is no Solana transaction that can be signed: %w", r.err)
	}
	return &m, nil
}

// check is what a validator checks before it looks at any account.
func (m *Message) check() error {
	static := len(m.Accounts)
	signed := int(m.Signatures)
	switch {
	case signed == 0:
		return errors.New("nobody is to sign it")
	case m.ReadonlySigned >= m.Signatures:
		return errors.New("the account that pays the fee is only read")
	case signed+int(m.ReadonlyUnsigned) > static:
		return errors.New("its header counts more accounts than it has")
	}
	seen := make(map[Address]bool, static)
	for _, a := range m.Accounts {
		if seen[a] {
			return fmt.Errorf("account %s is in it twice", a)
		}
		seen[a] = true
	}
	total := static
	tables := make(map[Address]bool, len(m.Lookups))
	for _, l := range m.Lookups {
		if tables[l.Table] {
			return fmt.Errorf("lookup table %s is in it twice", l.Table)
		}
		tables[l.Table] = true
		entries := slices.Concat(l.Writable, l.Readonly)
		if len(entries) == 0 {
			return fmt.Errorf("lookup table %s adds no account", l.Table)
		}
		total += len(entries)
		if slices.Sort(entries); len(slices.Compact(entries)) != len(l.Writable)+len(l.Readonly) {
			return fmt.Errorf("lookup table %s adds one account twice", l.Table)
		}
	}
	if total > 256 {
		return errors.New("it has more than 256 accounts")
	}
	for i, in := range m.Instructions {
		if in.Program == 0 || int(in.Program) >= static {
			return fmt.Errorf("instruction %d calls a program that it may not", i+1)
		}
		for _, a := range in.Accounts {
			if int(a) >= total {
				return fmt.Errorf("instruction %d uses an account that is not there", i+1)
			}
		}
	}
	return nil
}

// Bytes are what the signers sign.
func (m *Message) Bytes() []byte {
	var out []byte
	if m.Version != Legacy {
		out = append(out, 0x80|byte(m.Version))
	}
	out = append(out, m.Signatures, m.ReadonlySigned, m.ReadonlyUnsigned)
	out = appendCount(out, len(m.Accounts))
	for _, a := range m.Accounts {
		out = append(out, a[:]...)
	}
	out = append(out, m.Blockhash[:]...)
	out = appendCount(out, len(m.Instructions))
	for _, in := range m.Instructions {
		out = append(out, in.Program)
		out = appendCounted(out, in.Accounts)
		out = appendCounted(out, in.Data)
	}
	if m.Version == Legacy {
		return out
	}
	out = appendCount(out, len(m.Lookups))
	for _, l := range m.Lookups {
		out = append(out, l.Table[:]...)
		out = appendCounted(out, l.Writable)
		out = appendCounted(out, l.Readonly)
	}
	return out
}

func appendCount(out []byte, n int) []byte {
	for ; n > 0x7f; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return append(out, byte(n))
}

func appendCounted(out, b []byte) []byte { return append(appendCount(out, len(b)), b...) }

// Signer is the place of an account among those that must sign.
func (m *Message) Signer(a Address) (int, bool) {
	i := slices.Index(m.Accounts[:m.Signatures], a)
	return i, i >= 0
}

// FeePayer is the account that pays for the transaction.
func (m *Message) FeePayer() Address { return m.Accounts[0] }
