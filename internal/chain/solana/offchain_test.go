package solana

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

func TestTransactionsAreNoMessages(t *testing.T) {
	v1 := append([]byte{0x81, 1, 0, 1, 0, 0, 0, 0}, bytes.Repeat([]byte{7}, 200)...)
	long := legacy() // written with counts that are longer than they need to be
	careless := bytes.Replace(long.Bytes(), []byte{1, 0, 1, 3}, []byte{1, 0, 1, 0x83, 0}, 1)
	noSense := legacy()
	noSense.Signatures, noSense.Instructions[0].Program = 9, 77
	many := legacy()
	for range 60 { // more than a packet holds: the next version of transactions may
		many.Instructions = append(many.Instructions, Instruction{Program: 2, Data: make([]byte, 40)})
	}
	signed := unsigned(both())
	signed.Signatures[0], signed.Signatures[1] = [64]byte{1}, [64]byte(sign(1, both()))
	// Signatures that are nothing else, unlike the empty ones.
	full := unsigned(both())
	full.Signatures[0], full.Signatures[1] = [64]byte(bytes.Repeat([]byte{0xee}, 64)), [64]byte(bytes.Repeat([]byte{0xee}, 64))
	cut := full.Bytes()
	for name, raw := range map[string][]byte{
		"legacy": legacy().Bytes(), "v0": v0().Bytes(), "a transaction": unsigned(legacy()).Bytes(),
		"a v0 transaction": unsigned(v0()).Bytes(),
		"signed":           signed.Bytes(), "version 1": v1, "version 63": append([]byte{0xbf}, v1[1:]...),
		"version 127":     append([]byte{0xff}, v1[1:]...),
		"careless counts": careless, "indices that point nowhere": noSense.Bytes(), "longer than a packet": many.Bytes(),
		"zeros behind it": append(legacy().Bytes(), make([]byte, 3000)...), "text behind it": append(legacy().Bytes(), "hello"...),
		"v0, zeros behind it": append(v0().Bytes(), 0), "a transaction, zeros behind it": append(unsigned(legacy()).Bytes(), 0, 0),
		"signed, zeros behind it": append(full.Bytes(), 0),
		"signed, no sense":        append([]byte{1}, append(bytes.Repeat([]byte{0xee}, 64), noSense.Bytes()...)...),
		"half a v0":               v0().Bytes()[:100], "a transaction without its end": cut[:len(cut)-3],
		"no signature": append([]byte{0}, legacy().Bytes()...), "two meanings": hybrid(),
	} {
		if !IsTransaction(raw) {
			t.Errorf("%s could be signed as a message", name)
		}
	}
}

func TestMessagesAreNoTransactions(t *testing.T) {
	hash := sha256.Sum256(nil)
	for name, raw := range map[string][]byte{
		"nothing": {}, "text": []byte("Sign in to example.com"), "a hash": hash[:], "a byte": {0x80},
		"32 bytes like a version": append([]byte{0x80}, hash[1:]...),
		"lines":                   []byte("\n\n\n\n" + strings.Repeat("Key: value\r\n", 500)),
		"much text":               []byte(strings.Repeat("The quick brown fox jumps over the lazy dog.\n", 2000)),
		"Greek":                   []byte(strings.Repeat("Καλημέρα ", 50)), "a face": []byte("😀" + strings.Repeat(" hi", 100)),
		"JSON":                  []byte(`{"a":[1,2,3],"b":"` + strings.Repeat("x", 5000) + `"}`),
		"a transaction as text": []byte(base64.StdEncoding.EncodeToString(unsigned(v0()).Bytes())),
		"off-chain":             append([]byte("\xffsolana offchain\x00"), legacy().Bytes()...), // its first bytes keep it from being one
		"behind text":           append([]byte("hello, this is no"), legacy().Bytes()...),
	} {
		if IsTransaction(raw) {
			t.Errorf("%s is taken for a transaction", name)
		}
	}
}

func FuzzSummary(f *testing.F) {
	f.Add(legacy().Bytes())
	f.Add(v0().Bytes())
	f.Add(build([]Address{me}, open(me, yours, you, mint, token2022Program), transferChecked(mint, me, [2]Address{mine, yours}, 5, 200),
		step{memoProgram, nil, []byte("\xff")}).Bytes())
	f.Add([]byte("text"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := ParseMessage(raw)
		if err != nil {
			return
		}
		s, err := Summarize(m, m.FeePayer())
		if err != nil || s.Text == "" || len(s.Lines) == 0 || len(s.Spends) == 0 {
			t.Fatalf("%+v, %v", s, err)
		}
		texts := append(slices.Clone(s.Unvalued), s.Text)
		for _, line := range s.Lines {
			texts = append(texts, line.Value)
		}
		for _, line := range texts {
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) {
				t.Fatalf("%q", line)
			}
		}
	})
}
