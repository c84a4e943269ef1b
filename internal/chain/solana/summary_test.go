package solana

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// data joins integers (little-endian), addresses and bytes.
func data(parts ...any) []byte {
	var out []byte
	for _, p := range parts {
		switch p := p.(type) {
		case uint8:
			out = append(out, p)
		case uint32:
			out = binary.LittleEndian.AppendUint32(out, p)
		case uint64:
			out = binary.LittleEndian.AppendUint64(out, p)
		case Address:
			out = append(out, p[:]...)
		case string:
			out = append(out, p...)
		default:
			panic(fmt.Sprintf("%T", p))
		}
	}
	return out
}

// step is an instruction by addresses.
type step struct {
	program  Address
	accounts []Address
	data     []byte
}

// table is the lookup table of every test; accounts of lookedUp are in it.
var (
	table    = addr(99)
	lookedUp = addr(98)
)

// build makes the message that wallet 1, or the payer given, pays for.
func build(signers []Address, steps ...step) *Message {
	m := &Message{Version: V0, Signatures: uint8(len(signers)), Accounts: slices.Clone(signers), Blockhash: [32]byte{7}}
	add := func(a Address) {
		if a != lookedUp && !slices.Contains(m.Accounts, a) {
			m.Accounts = append(m.Accounts, a)
		}
	}
	for _, s := range steps {
		add(s.program)
		for _, a := range s.accounts {
			add(a)
		}
	}
	for _, s := range steps {
		in := Instruction{Program: uint8(slices.Index(m.Accounts, s.program)), Data: s.data}
		for _, a := range s.accounts {
			if a == lookedUp {
				m.Lookups = []Lookup{{Table: table, Writable: []byte{4}}}
				in.Accounts = append(in.Accounts, uint8(len(m.Accounts)))
			} else {
				in.Accounts = append(in.Accounts, uint8(slices.Index(m.Accounts, a)))
			}
		}
		m.Instructions = append(m.Instructions, in)
	}
	return m
}

func summarize(t *testing.T, m *Message) Summary {
	t.Helper()
	read, err := ParseMessage(m.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	s, err := Summarize(read, addr(1))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	me, you, other = addr(1), addr(2), addr(3)
	mine, yours    = addr(11), addr(12) // token accounts
	mint           = addr(13)
	sysvar         = addr(14)
	usdc           = mustParse("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v")
)

func transfer(from, to Address, lamports uint64) step {
	return step{systemProgram, []Address{from, to}, data(uint32(2), lamports)}
}

// transferChecked is of tokens of a mint from one token account to another, by whoever
// has the power over the first.
func transferChecked(of, by Address, between [2]Address, units uint64, decimals uint8) step {
	return step{tokenProgram, []Address{between[0], of, between[1], by}, data(uint8(12), units, decimals)}
}

func open(funder, opened, owner, mint, program Address) step {
	return step{associatedTokenProgram, []Address{funder, opened, owner, mint, systemProgram, program}, data(uint8(1))}
}

// paid is what tests look at in a spend.
type paid struct {
	asset  string
	amount uint64
}

func amounts(s Summary) []paid {
	var all []paid
	for _, spend := range s.Spends {
		all = append(all, paid{spend.Asset, spend.Amount})
	}
	return all
}

func TestSummaries(t *testing.T) {
	const fee = 5000
	unread := "cannot be read here"
	for name, test := range map[string]struct {
		steps    []step
		text     string // %M, %Y, %O, … are addresses
		spends   []paid
		unvalued string // a part of it; empty: valued
	}{
		"transfer":         {[]step{transfer(me, you, 500_000_000)}, "Send 0.5 SOL to YOU", []paid{{SOL, 500_000_000}}, ""},
		"one lamport":      {[]step{transfer(me, you, 1)}, "Send 0.000000001 SOL to YOU", []paid{{SOL, 1}}, ""},
		"all lamports":     {[]step{transfer(me, you, 1<<64-1)}, "Send 18446744073.709551615 SOL to YOU", []paid{{SOL, 1<<64 - 1}}, ""},
		"to itself":        {[]step{transfer(me, me, 5)}, "Send 0.000000005 SOL to this wallet", nil, ""},
		"of somebody else": {[]step{transfer(you, me, 2_000_000_000)}, "Send 2 SOL from YOU to this wallet", nil, ""},
		"to a looked up": {[]step{transfer(me, lookedUp, 5)}, "Send 0.000000005 SOL to entry 4 of lookup table TABLE",
			[]paid{{SOL, 5}}, "entry 4 of lookup table TABLE, which cannot be looked up here"},
		"bytes too many": {[]step{{systemProgram, []Address{me, you}, data(uint32(2), uint64(5), uint8(0))}},
			"Call the System program, which cannot be read here, with the power of this wallet", nil, unread},
		"accounts too few": {[]step{{systemProgram, []Address{me}, data(uint32(2), uint64(5))}},
			"Call the System program, which cannot be read here, with the power of this wallet", nil, unread},
		"an unknown program": {[]step{{other, []Address{me, you}, nil}},
			"Call program OTHER, which cannot be read here, with the power of this wallet", nil, unread},
		"without the wallet": {[]step{{other, []Address{you}, nil}},
			"Call program OTHER, which cannot be read here, without this wallet among its accounts", nil, unread},
		"transfer with seed": {[]step{{systemProgram, []Address{mine, me, you}, data(uint32(11), uint64(7), uint64(3), "abc", other)}},
			"Send 0.000000007 SOL from MINE to YOU", []paid{{SOL, 7}}, ""},
		"create": {[]step{{systemProgram, []Address{me, you}, data(uint32(0), uint64(1_500_000_000), uint64(0), other)}},
			"Create account YOU of program OTHER with 1.5 SOL from this wallet", []paid{{SOL, 1_500_000_000}}, ""},
		"create with seed": {[]step{{systemProgram, []Address{me, you}, data(uint32(3), me, uint64(2), "ab", uint64(9), uint64(0),
			other)}}, "Create account YOU of program OTHER with 0.000000009 SOL from this wallet", []paid{{SOL, 9}}, ""},
		"assign the wallet": {[]step{{systemProgram, []Address{me}, data(uint32(1), other)}},
			"Hand the account of this wallet over to program OTHER", nil, "make it useless"},
		"assign another": {[]step{{systemProgram, []Address{you}, data(uint32(1), other)}},
			"Hand the account of YOU over to program OTHER", nil, ""},
		"allocate the wallet": {[]step{{systemProgram, []Address{me}, data(uint32(8), uint64(9))}},
			"Give the account of this wallet 9 bytes of data", nil, "make it useless"},
		"a nonce": {[]step{{systemProgram, []Address{you, sysvar, me}, data(uint32(4))}, transfer(me, you, 1)},
			"Stay valid for ever, until the nonce account YOU is advanced; Send 0.000000001 SOL to YOU", []paid{{SOL, 1}}, "never expires"},
		"a nonce of another": {[]step{{systemProgram, []Address{you, sysvar, other}, data(uint32(4))}},
			"Stay valid for ever, until the nonce account YOU is advanced", nil, "never expires"},
		"a nonce later": {[]step{transfer(me, you, 1), {systemProgram, []Address{you, sysvar, me}, data(uint32(4))}},
			"Send 0.000000001 SOL to YOU; Advance the nonce account YOU", []paid{{SOL, 1}}, ""},
		"a nonce withdrawn": {[]step{{systemProgram, []Address{mine, you, sysvar, sysvar, me}, data(uint32(5), uint64(3))}},
			"Send 0.000000003 SOL from MINE to YOU", []paid{{SOL, 3}}, ""},
		"a nonce handed over": {[]step{{systemProgram, []Address{mine, me}, data(uint32(7), other)}},
			"Hand the nonce account MINE over to OTHER", nil, "to somebody else"},
		"a nonce made": {[]step{{systemProgram, []Address{mine, sysvar, sysvar}, data(uint32(6), me)}},
			"Make MINE a nonce account of ME", nil, ""},

		"tokens": {[]step{transferChecked(mint, me, [2]Address{mine, yours}, 1_500_000, 6)},
			"Send 1.5 of token MINT to token account YOURS", []paid{{"MINT", 1_500_000}}, ""},
		"tokens to an owner": {[]step{open(you, yours, you, mint, tokenProgram),
			transferChecked(mint, me, [2]Address{mine, yours}, 1_500_000, 6)},
			"Open the token account YOURS of YOU for token MINT, with a deposit of at most 0.00203928 SOL from YOU; Send 1.5 of token " +
				"MINT to YOU (token account YOURS)", []paid{{"MINT", 1_500_000}}, ""},
		"tokens of others": {[]step{transferChecked(mint, you, [2]Address{yours, mine}, 5, 0)},
			"Send 5 of token MINT from token account YOURS to token account MINE", nil, ""},
		"tokens with others": {[]step{{tokenProgram, []Address{mine, mint, yours, other, you, me}, data(uint8(12), uint64(5), uint8(0))}},
			"Send 5 of token MINT from token account MINE to token account YOURS", []paid{{"MINT", 5}}, ""},
		"tokens with a fee": {[]step{{token2022Program, []Address{mine, mint, yours, me}, data(uint8(26), uint8(1), uint64(5), uint8(0),
			uint64(1))}}, "Send 5 of token MINT to token account YOURS", []paid{{"MINT", 5}}, ""},
		"a fee, old program": {[]step{{tokenProgram, []Address{mine, mint, yours, me}, data(uint8(26), uint8(1), uint64(5), uint8(0),
			uint64(1))}}, "Call the Token program, which cannot be read here, with the power of this wallet", nil, unread},
		"wrapped SOL": {[]step{transferChecked(nativeMint, me, [2]Address{mine, yours}, 5, 3)},
			"Send 0.000000005 wrapped SOL to token account YOURS", []paid{{SOL, 5}}, ""},
		"a known token": {[]step{transferChecked(usdc, me, [2]Address{mine, yours}, 1_250_000, 2)},
			"Send 1.25 USDC (token EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v) to token account YOURS",
			[]paid{{"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", 1_250_000}}, ""},
		"a looked up mint": {[]step{transferChecked(lookedUp, me, [2]Address{mine, yours}, 5, 3)},
			"Send 5 units of an unknown token to token account YOURS", nil, "does not say which token"},
		"a looked up payee": {[]step{transferChecked(mint, me, [2]Address{mine, lookedUp}, 5, 0)},
			"Send 5 of token MINT to token account entry 4 of lookup table TABLE", []paid{{"MINT", 5}}, "cannot be looked up here"},
		"a looked up source": {[]step{transferChecked(mint, me, [2]Address{lookedUp, yours}, 5, 0)},
			"Send 5 of token MINT to token account YOURS",
			[]paid{{"MINT", 5}}, ""},
		"tokens unchecked": {[]step{{tokenProgram, []Address{mine, yours, me}, data(uint8(3), uint64(5))}},
			"Send 5 units of an unknown token to token account YOURS", nil, "does not say which token"},
		"unchecked, pinned": {[]step{{tokenProgram, []Address{mine, yours, me}, data(uint8(3), uint64(5))},
			open(you, yours, you, mint, tokenProgram)}, "Send 5 units of token MINT to YOU (token account YOURS); Open the token account " +
			"YOURS of YOU for token MINT, with a deposit of at most 0.00203928 SOL from YOU", []paid{{"MINT", 5}}, ""},
		"pinned for the other": {[]step{{token2022Program, []Address{mine, yours, me}, data(uint8(3), uint64(5))},
			open(you, yours, you, mint, tokenProgram)}, "Send 5 units of an unknown token to token account YOURS; Open the token account " +
			"YOURS of YOU for token MINT, with a deposit of at most 0.00203928 SOL from YOU", nil, "does not say which token"},
		"a hook with power": {[]step{{token2022Program, []Address{yours, mint, mine, you, me}, data(uint8(12), uint64(5), uint8(0))}},
			"Send 5 of token MINT from token account YOURS to token account MINE", []paid{{"MINT", 5}},
			"a program that the token brings along"},
		"approve": {[]step{{tokenProgram, []Address{mine, other, me}, data(uint8(4), uint64(5))}},
			"Let OTHER spend up to 5 units of an unknown token from token account MINE", nil, "lets OTHER spend tokens later"},
		"approve checked": {[]step{{tokenProgram, []Address{mine, mint, other, me}, data(uint8(13), uint64(5), uint8(1))}},
			"Let OTHER spend up to 0.5 of token MINT from token account MINE", nil, "lets OTHER spend tokens later"},
		"revoke": {[]step{{tokenProgram, []Address{mine, me}, data(uint8(5))}},
			"Let nobody else spend from token account MINE any more", nil, ""},
		"a new owner": {[]step{{tokenProgram, []Address{mine, me}, data(uint8(6), uint8(2), uint8(1), other)}},
			"Hand the power to spend everything of MINE to OTHER", nil, "gives away the power"},
		"no owner": {[]step{{tokenProgram, []Address{mint, me}, data(uint8(6), uint8(0), uint8(0))}},
			"Give up the power to issue the token of MINT for ever", nil, "gives away the power"},
		"an owner, half": {[]step{{tokenProgram, []Address{mint, me}, data(uint8(6), uint8(0), uint8(2), other)}},
			"Call the Token program, which cannot be read here, with the power of this wallet", nil, unread},
		"close": {[]step{{tokenProgram, []Address{mine, me, me}, data(uint8(9))}},
			"Close token account MINE and send all SOL in it to this wallet", nil, ""},
		"close for another": {[]step{{tokenProgram, []Address{mine, you, me}, data(uint8(9))}},
			"Close token account MINE and send all SOL in it to YOU", nil, "closes a token account"},
		"close for a lookup": {[]step{{tokenProgram, []Address{mine, lookedUp, me}, data(uint8(9))}},
			"Close token account MINE and send all SOL in it to entry 4 of lookup table TABLE", nil, "closes a token account"},
		"issue": {[]step{{tokenProgram, []Address{mint, yours, me}, data(uint8(14), uint64(50), uint8(1))}},
			"Issue 5 of token MINT to token account YOURS", []paid{{"MINT", 50}}, ""},
		"burn": {[]step{{tokenProgram, []Address{mine, mint, me}, data(uint8(8), uint64(50))}},
			"Destroy 50 units of token MINT of token account MINE", []paid{{"MINT", 50}}, ""},
		"freeze": {[]step{{tokenProgram, []Address{yours, mint, me}, data(uint8(10))}},
			"Freeze token account YOURS of token MINT", nil, ""},
		"a mint": {[]step{{tokenProgram, []Address{mint}, data(uint8(20), uint8(6), me, uint8(1), other)}},
			"Make MINT the mint of a token with 6 decimals that ME may issue and OTHER may freeze", nil, ""},
		"a token account": {[]step{{tokenProgram, []Address{mine, mint}, data(uint8(18), me)}},
			"Make MINE an account of ME for token MINT", nil, ""},
		"sync": {[]step{{tokenProgram, []Address{mine}, data(uint8(17))}},
			"Count the SOL in token account MINE as wrapped SOL", nil, ""},
		"open": {[]step{open(me, yours, you, mint, tokenProgram)},
			"Open the token account YOURS of YOU for token MINT, with a deposit of at most 0.00203928 SOL from this wallet",
			[]paid{{SOL, 2_039_280}}, ""},
		"open, Token-2022": {[]step{open(me, yours, you, mint, token2022Program)},
			"Open the token account YOURS of YOU for token MINT, with a deposit of at most 0.00506688 SOL from this wallet",
			[]paid{{SOL, 5_066_880}}, ""},
		"open, false program": {[]step{open(me, yours, you, mint, other)},
			"Call the Associated Token Account program, which cannot be read here, with the power of this wallet", nil, unread},
		"open, looked up": {[]step{open(me, yours, you, mint, lookedUp)},
			"Call the Associated Token Account program, which cannot be read here, with the power of this wallet", nil, unread},
		"recover nested": {[]step{{associatedTokenProgram, []Address{me, yours, you, mint, systemProgram, tokenProgram}, data(uint8(2))}},
			"Call the Associated Token Account program, which cannot be read here, with the power of this wallet", nil, unread},

		"memo": {[]step{{memoProgram, []Address{me}, []byte("hi\"\n; Send 5 SOL\u202e")}},
			"Write the memo \"hi\\\"\\n; Send 5 SOL\\u202e\"", nil, ""},
		"budget": {[]step{{computeBudgetProgram, nil, data(uint8(2), uint32(1000))},
			{computeBudgetProgram, nil, data(uint8(1), uint32(1))}, {computeBudgetProgram, nil, data(uint8(4), uint32(1))}},
			"Sign a transaction that moves nothing", nil, ""},
		"stake": {[]step{{stakeProgram, []Address{mine, you, sysvar, sysvar, sysvar, me}, data(uint32(2))}},
			"Delegate the stake account MINE to the vote account YOU", nil, ""},
		"stake withdrawn": {[]step{{stakeProgram, []Address{mine, me, sysvar, sysvar, me}, data(uint32(4), uint64(5))}},
			"Withdraw 0.000000005 SOL from the stake account MINE to this wallet", nil, ""},
		"stake sent": {[]step{{stakeProgram, []Address{mine, you, sysvar, sysvar, me}, data(uint32(4), uint64(5))}},
			"Withdraw 0.000000005 SOL from the stake account MINE to YOU", []paid{{SOL, 5}}, ""},
		"stake to a lookup": {[]step{{stakeProgram, []Address{mine, lookedUp, sysvar, sysvar, me}, data(uint32(4), uint64(5))}},
			"Withdraw 0.000000005 SOL from the stake account MINE to entry 4 of lookup table TABLE", []paid{{SOL, 5}},
			"cannot be looked up"},
		"stake given": {[]step{{stakeProgram, []Address{mine, sysvar, me}, data(uint32(1), you, uint32(1))}},
			"Let YOU withdraw from the stake account MINE", nil, "power over a stake account"},
		"stake begun": {[]step{{stakeProgram, []Address{mine, sysvar}, data(uint32(0), me, you, uint64(0), uint64(0), other)}},
			"Make MINE a stake account that ME may stake and YOU may withdraw from", nil, ""},
		"stake split": {[]step{{stakeProgram, []Address{mine, yours, me}, data(uint32(3), uint64(5))}},
			"Move 0.000000005 SOL of stake from MINE to the new stake account YOURS of the same owner", nil, ""},
		"stake ended": {[]step{{stakeProgram, []Address{mine, sysvar, me}, data(uint32(5))}},
			"Deactivate the stake account MINE", nil, ""},
		"stake merged": {[]step{{stakeProgram, []Address{mine, yours, sysvar, sysvar, me}, data(uint32(7))}},
			"Merge the stake account YOURS into MINE", nil, ""},
		"stake unread": {[]step{{stakeProgram, []Address{mine, sysvar, me, you}, data(uint32(10), uint32(1))}},
			"Call the Stake program, which cannot be read here, with the power of this wallet", nil, unread},

		"four actions": {[]step{transfer(me, you, 1), transfer(me, other, 2), transferChecked(mint, me, [2]Address{mine, yours}, 3, 1),
			{other, nil, nil}}, "4 actions in one transaction that spend 0.000000003 SOL and 3 units of token MINT, and more than can be " +
			"told: instruction 4 calls program OTHER in a way that cannot be read here", []paid{{SOL, 1}, {SOL, 2}, {"MINT", 3}}, unread},
	} {
		t.Run(name, func(t *testing.T) {
			names := strings.NewReplacer("YOURS", yours.String(), "YOU", you.String(), "OTHER", other.String(), "MINT", mint.String(),
				"MINE", mine.String(), "ME", me.String(), "TABLE", table.String())
			got := summarize(t, build([]Address{me}, test.steps...))
			if want := names.Replace(test.text) + ", with a network fee of at most 0.000005 SOL"; got.Text != want {
				t.Errorf("text\n%s\nwant\n%s", got.Text, want)
			}
			want := append(slices.Clone(test.spends), paid{SOL, fee})
			for i := range want {
				want[i].asset = names.Replace(want[i].asset)
			}
			if spends := amounts(got); !slices.Equal(spends, want) {
				t.Errorf("spends %v, want %v", spends, want)
			}
			if unvalued := names.Replace(test.unvalued); (len(got.Unvalued) == 0) != (unvalued == "") ||
				!strings.Contains(strings.Join(got.Unvalued, "; "), unvalued) {
				t.Errorf("unvalued %q, want %q", got.Unvalued, unvalued)
			}
			if last := got.Lines[len(got.Lines)-1]; last != (Line{"Network fee, at most", "0.000005 SOL, paid by this wallet"}) {
				t.Errorf("the fee is told as %q", last)
			}
		})
	}
}

func TestSpendsSayToWhom(t *testing.T) {
	got := summarize(t, build([]Address{me}, transfer(me, you, 5), transfer(me, lookedUp, 6), open(you, yours, other, usdc, tokenProgram),
		transferChecked(usdc, me, [2]Address{mine, yours}, 7, 6), transferChecked(mint, me, [2]Address{mine, lookedUp}, 8, 3)))
	want := []Spend{
		{SOL, SOL, 5, 9, you.String()}, {SOL, SOL, 6, 9, ""}, {usdc.String(), "USDC", 7, 6, other.String()},
		{mint.String(), "", 8, 3, ""}, {SOL, SOL, 5000, 9, ""},
	}
	if !slices.Equal(got.Spends, want) {
		t.Errorf("%+v", got.Spends)
	}
}
