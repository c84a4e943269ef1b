package solana

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"
)

// key is the wallet whose seed is 32 times this byte.
func key(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
}

func addr(b byte) Address { return Address(key(b).Public().(ed25519.PublicKey)) }

// legacy is a transfer of one lamport from wallet 1 to wallet 2.
func legacy() *Message {
	return &Message{
		Version: Legacy, Signatures: 1, ReadonlyUnsigned: 1,
		Accounts:     []Address{addr(1), addr(2), {}},
		Blockhash:    [32]byte{9},
		Instructions: []Instruction{{Program: 2, Accounts: []byte{0, 1}, Data: []byte{2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}}},
	}
}

// v0 is the same with two accounts more from a table.
func v0() *Message {
	m := legacy()
	m.Version = V0
	m.Lookups = []Lookup{{Table: addr(3), Writable: []byte{7}, Readonly: []byte{0}}}
	m.Instructions[0].Accounts = []byte{0, 1, 3, 4}
	return m
}

func TestMessagesAreReadAsTheyWereWritten(t *testing.T) {
	for name, m := range map[string]*Message{"legacy": legacy(), "v0": v0()} {
		got, err := ParseMessage(m.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(got.Bytes(), m.Bytes()) {
			t.Errorf("%s: read %+v of %+v", name, got, m)
		}
	}
}

func TestMessagesTheNetworkRefusesAreRefused(t *testing.T) {
	for want, change := range map[string]func(*Message){
		"nobody is to sign":              func(m *Message) { m.Signatures = 0 },
		"pays the fee is only read":      func(m *Message) { m.ReadonlySigned = 1 },
		"header counts more accounts":    func(m *Message) { m.Signatures, m.ReadonlyUnsigned = 2, 2 },
		"is in it twice":                 func(m *Message) { m.Accounts[1] = m.Accounts[0] },
		"lookup table":                   func(m *Message) { m.Lookups = append(m.Lookups, m.Lookups[0]) },
		"adds no account":                func(m *Message) { m.Lookups = append(m.Lookups, Lookup{Table: addr(4)}) },
		"adds one account twice":         func(m *Message) { m.Lookups[0].Readonly = []byte{7} },
		"calls a program that it may no": func(m *Message) { m.Instructions[0].Program = 0 },
		"1 calls a program that it may ": func(m *Message) { m.Instructions[0].Program = 3 }, // programs are never looked up
		"uses an account that is not":    func(m *Message) { m.Instructions[0].Accounts[3] = 5 },
		"version 1":                      func(m *Message) { m.Version = 1 },
		"more than 1232 bytes":           func(m *Message) { m.Instructions[0].Data = make([]byte, 1200) },
		"more than 256 accounts": func(m *Message) {
			m.Lookups[0].Readonly = nil
			for i := range 127 {
				m.Lookups[0].Readonly = append(m.Lookups[0].Readonly, byte(i+8))
			}
			m.Lookups = append(m.Lookups, Lookup{Table: addr(4), Writable: m.Lookups[0].Readonly})
		},
	} {
		m := v0()
		change(m)
		if _, err := ParseMessage(m.Bytes()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	raw := v0().Bytes()
	for n := range raw {
		if _, err := ParseMessage(raw[:n]); err == nil {
			t.Errorf("%d of %d bytes are taken for a message", n, len(raw))
		}
	}
	if _, err := ParseMessage(append(raw, 0)); err == nil {
		t.Error("a byte left over is taken")
	}
}

func TestCountsHaveOneSpelling(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 255, 16383, 16384, 65535} {
		written := appendCount(nil, n)
		if r := (reader{rest: written}); r.count() != n || r.err != nil || len(r.rest) != 0 {
			t.Errorf("%d is read as %d, %v", n, r.count(), r.err)
		}
	}
	for _, raw := range [][]byte{{}, {0x80}, {0x80, 0x80}, {0x80, 0}, {0xff, 0}, {0x80, 0x80, 0}, {0xff, 0xff, 4}, {0x80, 0x80, 0x80},
		{0xff, 0xff, 0x83}} {
		if r := (reader{rest: raw}); r.count() >= 0 && r.err == nil {
			t.Errorf("% x is taken for a count", raw)
		}
	}
}

func TestWhoSignsAndWhatChangesFollowsTheHeader(t *testing.T) {
	m := &Message{Version: V0, Signatures: 3, ReadonlySigned: 1, ReadonlyUnsigned: 2, Accounts: make([]Address, 6),
		Lookups: []Lookup{{Writable: []byte{0, 1}}, {Writable: []byte{4}, Readonly: []byte{5}}}}
	want := []bool{true, true, false, true, false, false, true, true, true, false}
	for i, w := range want {
		m.Accounts[min(i, 5)] = addr(byte(min(i, 5) + 1))
		if m.writable(i) != w {
			t.Errorf("account %d: writable %v", i, !w)
		}
	}
	for i := range 6 {
		if place, ok := m.Signer(addr(byte(i + 1))); ok != (i < 3) || ok && place != i {
			t.Errorf("account %d: signer %v at %d", i, ok, place)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(legacy().Bytes())
	f.Add(v0().Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := ParseMessage(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(m.Bytes(), raw) {
			t.Fatalf("% x is written as % x", raw, m.Bytes())
		}
		if !IsTransaction(raw) {
			t.Fatalf("% x could be signed as a message", raw)
		}
	})
}

// writable reports whether the account at this index may be changed.
func (m *Message) writable(index int) bool {
	static, signed := len(m.Accounts), int(m.Signatures)
	switch {
	case index < signed:
		return index < signed-int(m.ReadonlySigned)
	case index < static:
		return index < static-int(m.ReadonlyUnsigned)
	}
	writable := 0
	for _, l := range m.Lookups {
		writable += len(l.Writable)
	}
	return index < static+writable
}
