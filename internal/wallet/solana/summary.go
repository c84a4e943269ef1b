package solana

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Summary says what a signature would do. Whatever it does not say it does not
// know, and then Unvalued gives the reason.
type Summary struct {
	Text     string   // in one sentence
	Lines    []string // in full, in order
	Spends   []Spend  // what leaves the wallet at most, fees included
	Unvalued string   // why more than Spends could leave it; empty: no more can
}

// SOL is the asset of lamports, wrapped ones included.
const SOL = "SOL"

const solDecimals = 9

// Spend is an amount in the asset's smallest unit.
type Spend struct {
	Asset  string // SOL, or the address of the token's mint
	Amount uint64
}

// account is one that an instruction names.
type account struct {
	address Address
	text    string // for people
	known   bool   // false: it is in a lookup table, so it is no signer and nobody here knows who it is
	wallet  bool   // it is the wallet that signs
}

// call is an instruction under the eyes of the decoder.
type call struct {
	number   int // from 1
	program  Address
	accounts []account
	data     reader
	length   int
}

// decoder gathers the summary of one message.
type decoder struct {
	message *Message
	wallet  Address
	owners  map[Address]tokenAccount // token accounts whose owner and mint this transaction pins
	actions []string
	lines   []string
	spends  []Spend
	reason  string
	price   uint64 // of a compute unit, in millionths of a lamport
	units   uint64 // of compute, at most
}

type tokenAccount struct {
	owner, mint account
	program     Address
}

// Summarize says what a transaction does to a wallet that is one of its signers.
func Summarize(m *Message, wallet Address) (Summary, error) {
	if _, ok := m.Signer(wallet); !ok {
		return Summary{}, notSigner(wallet)
	}
	d := &decoder{message: m, wallet: wallet, owners: map[Address]tokenAccount{}, units: maxUnits}
	calls := d.calls()
	for _, c := range calls {
		d.pin(c)
	}
	for _, c := range calls {
		d.read(c)
	}
	text := d.text()
	d.fee()
	for _, a := range m.Accounts[:m.Signatures] {
		if a != wallet {
			d.line("Also to be signed by %s", a)
		}
	}
	return Summary{Text: text, Lines: d.lines, Spends: d.spends, Unvalued: d.reason}, nil
}

func (d *decoder) calls() []call {
	all := make([]account, 0, 256)
	for _, a := range d.message.Accounts {
		known := account{address: a, text: a.String(), known: true, wallet: a == d.wallet}
		if known.wallet {
			known.text = "this wallet"
		}
		all = append(all, known)
	}
	for _, entries := range []func(Lookup) []byte{func(l Lookup) []byte { return l.Writable }, func(l Lookup) []byte { return l.Readonly }} {
		for _, l := range d.message.Lookups {
			for _, entry := range entries(l) {
				all = append(all, account{text: fmt.Sprintf("entry %d of lookup table %s", entry, l.Table)})
			}
		}
	}
	var calls []call
	for i, in := range d.message.Instructions {
		c := call{number: i + 1, program: d.message.Accounts[in.Program], data: reader{rest: in.Data}, length: len(in.Data)}
		for _, a := range in.Accounts {
			c.accounts = append(c.accounts, all[a])
		}
		calls = append(calls, c)
	}
	return calls
}

// line adds something to know.
func (d *decoder) line(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// act adds something that happens.
func (d *decoder) act(format string, args ...any) {
	d.line(format, args...)
	d.actions = append(d.actions, d.lines[len(d.lines)-1])
}

// unvalued keeps the first reason.
func (d *decoder) unvalued(format string, args ...any) {
	if d.reason == "" {
		d.reason = fmt.Sprintf(format, args...)
	}
}

func (d *decoder) spend(asset string, amount uint64) {
	d.spends = append(d.spends, Spend{Asset: asset, Amount: amount})
}

// spendSOL counts lamports that leave the wallet, or something that is the
// wallet's, for somebody else.
func (d *decoder) spendSOL(from, to account, lamports uint64) {
	if from.wallet && !to.wallet {
		d.spend(SOL, lamports)
	}
}

// read says what an instruction does. What it does not recognise to the last
// byte, it does not recognise.
func (d *decoder) read(c call) {
	var read bool
	switch c.program {
	case systemProgram:
		read = d.system(c)
	case tokenProgram, token2022Program:
		read = d.token(c)
	case associatedTokenProgram:
		read = d.associatedToken(c)
	case computeBudgetProgram:
		read = d.computeBudget(c)
	case memoProgram, oldMemoProgram:
		read = d.memo(c)
	case stakeProgram:
		read = d.stake(c)
	}
	if read {
		return
	}
	power := "without this wallet among its accounts"
	if slices.ContainsFunc(c.accounts, func(a account) bool { return a.wallet }) {
		power = "with the power of this wallet"
	}
	d.act("Call %s, which cannot be read here, %s", programName(c.program), power)
	d.unvalued("instruction %d calls %s in a way that cannot be read here", c.number, programName(c.program))
}

// has reports whether everything needed is there: so many accounts, and data
// that was read without fault and to its end.
func (c call) has(accounts int, data reader) bool {
	return len(c.accounts) >= accounts && data.err == nil && len(data.rest) == 0
}

// must marks the transaction unvalued unless these accounts are known.
func (d *decoder) must(c call, accounts ...account) {
	for _, a := range accounts {
		if !a.known {
			d.unvalued("instruction %d uses %s, which cannot be looked up here", c.number, a.text)
		}
	}
}

// fee adds what the network takes.
func (d *decoder) fee() {
	payer := d.message.FeePayer()
	base := uint64(d.message.Signatures) * lamportsPerSignature
	fee := base + d.priority()
	if fee < base {
		fee = 1<<64 - 1
	}
	if payer != d.wallet {
		d.line("Network fee: at most %s SOL, paid by %s", Amount(fee, solDecimals), payer)
		return
	}
	d.line("Network fee: at most %s SOL, paid by this wallet", Amount(fee, solDecimals))
	d.spend(SOL, fee)
}

// priority is price times units, from millionths, rounded up.
func (d *decoder) priority() uint64 {
	high, low := bits.Mul64(d.price, d.units)
	low, carry := bits.Add64(low, 999_999, 0)
	if high += carry; high >= 1_000_000 {
		return 1<<64 - 1
	}
	quotient, _ := bits.Div64(high, low, 1_000_000)
	return quotient
}

// text is the transaction in one sentence.
func (d *decoder) text() string {
	const most = 3
	switch n := len(d.actions); {
	case n == 0:
		return "Sign a transaction that moves nothing"
	case n <= most:
		return strings.Join(d.actions, "; ")
	}
	var total []string
	for asset, amount := range Totals(d.spends) {
		if asset == SOL {
			total = append(total, AmountOf(amount, solDecimals)+" SOL")
		} else {
			total = append(total, amount.String()+" units of token "+asset)
		}
	}
	slices.Sort(total)
	text := fmt.Sprintf("%d actions in one transaction", len(d.actions))
	if len(total) > 0 {
		text += " that spend " + strings.Join(total, " and ")
	}
	if d.reason != "" {
		text += ", and more than can be told: " + d.reason
	}
	return text
}

// Totals adds up by asset.
func Totals(spends []Spend) map[string]*big.Int {
	totals := map[string]*big.Int{}
	for _, s := range spends {
		if totals[s.Asset] == nil {
			totals[s.Asset] = new(big.Int)
		}
		totals[s.Asset].Add(totals[s.Asset], new(big.Int).SetUint64(s.Amount))
	}
	return totals
}

// Amount writes units of an asset in full, never rounded.
func Amount(units uint64, decimals uint8) string {
	return AmountOf(new(big.Int).SetUint64(units), decimals)
}

// AmountOf is [Amount] for sums.
func AmountOf(units *big.Int, decimals uint8) string {
	digits := units.String()
	if missing := int(decimals) + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, part := digits[:len(digits)-int(decimals)], digits[len(digits)-int(decimals):]
	if part = strings.TrimRight(part, "0"); part != "" {
		return whole + "." + part
	}
	return whole
}

// quote writes foreign text so that it cannot pass for ours: in quotes, with
// everything escaped that is not seen as itself.
func quote(text string) string { return strconv.QuoteToGraphic(text) }

// SummarizeMessage says what signing bytes as they are means. Bytes that could
// be a transaction are refused with [ErrTransaction].
func SummarizeMessage(raw []byte) (Summary, error) {
	const short = 256
	switch {
	case IsTransaction(raw):
		return Summary{}, ErrTransaction
	case len(raw) == 0:
		return Summary{Text: "Sign an empty message", Lines: []string{"The message is empty"}}, nil
	case !utf8.Valid(raw) && !bytes.HasPrefix(raw, offchainDomain):
		s := Summary{Text: fmt.Sprintf("Sign %d bytes that are no text", len(raw)), Lines: []string{"In hexadecimal: " + hex.EncodeToString(raw)}}
		if len(raw) <= short/4 {
			s.Text += ": " + hex.EncodeToString(raw)
		}
		return s, nil
	}
	s := Summary{Text: "Sign the message " + quote(string(raw))}
	if len(s.Text) > short {
		s.Text = fmt.Sprintf("Sign a message of %d bytes that starts with %s", len(raw), quote(strings.ToValidUTF8(string(raw[:min(len(raw), short/2)]), "")))
	}
	for line := range strings.SplitSeq(string(raw), "\n") {
		s.Lines = append(s.Lines, quote(line))
	}
	return s, nil
}
