package solana

import (
	"crypto/ed25519"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/mr-tron/base58"
)

func TestTheFeeIsASpend(t *testing.T) {
	limit := func(n uint32) step { return step{computeBudgetProgram, nil, data(uint8(2), n)} }
	price := func(n uint64) step { return step{computeBudgetProgram, nil, data(uint8(3), n)} }
	for name, test := range map[string]struct {
		steps []step
		fee   uint64
	}{
		"no price":                      {nil, 5000},
		"a limit alone":                 {[]step{limit(1000)}, 5000},
		"a price and a limit":           {[]step{limit(1000), price(1_000_000)}, 6000},
		"rounded up":                    {[]step{price(1), limit(1)}, 5001},
		"no limit is the highest":       {[]step{price(1_000_000)}, 1_405_000},
		"more than the highest":         {[]step{limit(1 << 31), price(1_000_000)}, 1_405_000},
		"more than there is":            {[]step{limit(1_400_000), price(1 << 63)}, 12912720851596691132},
		"so much that it is not a sum":  {[]step{limit(1_000_000), price(1<<64 - 1)}, 1<<64 - 1},
		"more than a number holds":      {[]step{limit(1_400_000), price(1<<64 - 1)}, 1<<64 - 1},
		"the highest price, no compute": {[]step{limit(0), price(1<<64 - 1)}, 5000},
	} {
		got := summarize(t, build([]Address{me}, test.steps...))
		if !slices.Equal(amounts(got), []paid{{SOL, test.fee}}) || got.Unvalued != nil {
			t.Errorf("%s: %v, want %d; %s", name, got.Spends, test.fee, got.Unvalued)
		}
	}
}

func TestWhoPaysIsTold(t *testing.T) {
	got := summarize(t, build([]Address{you, me}, transfer(me, you, 5)))
	if !slices.Equal(amounts(got), []paid{{SOL, 5}}) {
		t.Errorf("%v", got.Spends)
	}
	for _, want := range []Line{{"Network fee, at most", "0.00001 SOL, paid by " + you.String()}, {"Also to be signed by", you.String()}} {
		if !slices.Contains(got.Lines, want) {
			t.Errorf("%q is not among %q", want, got.Lines)
		}
	}
}

func TestAWalletThatIsNoSignerSignsNothing(t *testing.T) {
	m := build([]Address{you}, transfer(you, me, 5))
	if _, err := Summarize(m, me); err == nil || !strings.Contains(err.Error(), "does not ask for the signature of "+me.String()) {
		t.Error(err)
	}
}

// A wallet that somebody lists as read only still gives its signature: what it
// authorises is told all the same.
func TestAReadOnlySignerStillSpends(t *testing.T) {
	m := build([]Address{you, me}, transferChecked(mint, me, [2]Address{mine, yours}, 5, 0), transfer(me, you, 7))
	m.ReadonlySigned = 1
	if m.writable(1) || !m.writable(0) {
		t.Fatal("the header is read wrongly")
	}
	if got := summarize(t, m); !slices.Equal(amounts(got), []paid{{mint.String(), 5}, {SOL, 7}}) {
		t.Errorf("%v", got.Spends)
	}
}

func TestNotesCannotPassForActions(t *testing.T) {
	got := summarize(t,
		build([]Address{me}, transfer(me, you, 5), step{memoProgram, nil, []byte("x\"\nSend 0 SOL to \u202e\x1b[2K\u3164\xff")}))
	memo := `Write the memo "x\"\nSend 0 SOL to \u202e\x1b[2K\u3164\xff"`
	if want := (Line{"Instruction 2", memo}); got.Lines[1] != want {
		t.Errorf("%s", got.Lines[1])
	}
	if got.Text != "Send 0.000000005 SOL to "+you.String()+"; "+memo+", with a network fee of at most 0.000005 SOL" {
		t.Errorf("%s", got.Text)
	}
}

// Nothing that one instruction hides behind many others is lost.
func TestNothingHidesBehindMany(t *testing.T) {
	steps := make([]step, 0, 16)
	for range 12 {
		steps = append(steps, transfer(me, you, 1))
	}
	steps = append(steps, step{tokenProgram, []Address{mine, other, me}, data(uint8(4), uint64(1<<64-1))}, step{other, []Address{me}, nil})
	got := summarize(t, build([]Address{me}, steps...))
	if want := "14 actions in one transaction that spend 0.000000012 SOL, and more than can be told: instruction 13 lets " +
		other.String() + " spend tokens later, with a network fee of at most 0.000005 SOL"; got.Text != want || len(got.Hidden) == 0 {
		t.Errorf("%s, hidden %q", got.Text, got.Hidden)
	}
	if len(got.Lines) != 15 || len(got.Spends) != 13 {
		t.Errorf("%d lines, %d spends", len(got.Lines), len(got.Spends))
	}
	if total := totals(append(got.Spends, Spend{Asset: SOL, Amount: 1<<64 - 1})); decimal(total[SOL], 9) != "18446744073.709556627" {
		t.Errorf("%v", total)
	}
}

// What the text does not tell it says that it does not tell; and padding with what
// is harmless takes nothing out of a text that has room for all.
func TestWhatIsHidden(t *testing.T) {
	budget := step{computeBudgetProgram, nil, data(uint8(2), uint32(1000))}
	sync := step{tokenProgram, []Address{mine}, data(uint8(17))}
	memo := func(text string) step { return step{memoProgram, nil, []byte(text)} }
	for name, test := range map[string]struct {
		steps  []step
		hidden string // a part of it; empty: everything is told
	}{
		"a transfer":            {[]step{transfer(me, you, 5)}, ""},
		"padded with budget":    {[]step{budget, budget, budget, transfer(me, you, 5)}, ""},
		"padded with notes":     {[]step{memo("a"), memo("b"), memo("c"), memo("d"), transfer(me, you, 5)}, ""},
		"padded beyond reading": {[]step{sync, sync, sync, transfer(me, you, 5)}, "to whom 4 actions pay"},
		"whose deposit it is":   {[]step{transfer(me, you, 5), memo("account 7 of the exchange")}, ""},
		"four payees": {[]step{transfer(me, you, 5), transfer(me, other, 6), transfer(me, mine, 7), transfer(me, yours, 8)},
			"to whom 4 actions pay"},
		"a payee in a lookup table": {[]step{transfer(me, lookedUp, 5)},
			"whom instruction 1 means by entry 4 of lookup table " + table.String()},
		"a program that is not known": {[]step{{other, []Address{me, you}, nil}}, "what instruction 1 does"},
		"one without the wallet":      {[]step{{other, []Address{you}, nil}}, "what instruction 1 does"},
		"a token that is not told": {[]step{{tokenProgram, []Address{mine, yours, me}, data(uint8(3), uint64(5))}},
			"which token instruction 1 is about"},
		"an approval of it": {[]step{{tokenProgram, []Address{mine, other, me}, data(uint8(4), uint64(5))}}, "which token"},
		"an approval":       {[]step{{tokenProgram, []Address{mine, mint, other, me}, data(uint8(13), uint64(5), uint8(1))}}, ""},
		"a token's own program": {[]step{{token2022Program, []Address{yours, mint, mine, you, me}, data(uint8(12), uint64(5), uint8(0))}},
			"what the program that the token brings along does"},
		"a power without a name": {[]step{{tokenProgram, []Address{mine, me}, data(uint8(6), uint8(9), uint8(1), other)}},
			"which power instruction 1 hands over"},
		"everything, to another": {[]step{{tokenProgram, []Address{mine, me}, data(uint8(6), uint8(2), uint8(1), other)}}, ""},
		"who may freeze":         {[]step{{tokenProgram, []Address{mint}, data(uint8(20), uint8(6), me, uint8(1), other)}}, ""},
		"who unlocks a stake": {[]step{{stakeProgram, []Address{mine, sysvar},
			data(uint32(0), me, you, uint64(1<<40), uint64(0), other)}}, ""},
	} {
		got := summarize(t, build([]Address{me}, test.steps...))
		if (len(got.Hidden) == 0) != (test.hidden == "") || !strings.Contains(strings.Join(got.Hidden, "; "), test.hidden) {
			t.Errorf("%s: hidden %q, want %q: %s", name, got.Hidden, test.hidden, got.Text)
		}
		if len(got.Hidden) > 0 {
			continue
		}
		for _, a := range []Address{you, other} { // whoever an instruction names
			named := slices.ContainsFunc(test.steps, func(s step) bool {
				return s.program != systemProgram && strings.Contains(string(s.data), string(a[:])) || slices.Contains(s.accounts, a)
			})
			if named && !strings.Contains(got.Text, a.String()) {
				t.Errorf("%s: %s is not in %s", name, a, got.Text)
			}
		}
	}
}

func TestKeysAreWrittenAsWalletsReadThem(t *testing.T) {
	// RFC 8032, section 7.1, test 1.
	seed, err := hex.DecodeString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	if err != nil {
		t.Fatal(err)
	}
	secret := ed25519.NewKeyFromSeed(seed)
	a, err := AddressOf(secret.Public().(ed25519.PublicKey))
	if err != nil || a.String() != "FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z" {
		t.Errorf("%s, %v", a, err)
	}
	if read, err := ParseAddress(a.String()); err != nil || read != a {
		t.Errorf("%s, %v", read, err)
	}
	if got, want := ExportText(secret), base58.Encode(slices.Concat(seed, a[:])); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, text := range []string{"", "1", a.String() + "1", "0OIl", a.String()[3:]} {
		if _, err := ParseAddress(text); err == nil {
			t.Errorf("%q is taken for an address", text)
		}
	}
	if _, err := AddressOf(a[:31]); err == nil {
		t.Error("31 bytes are taken for a key")
	}
}
