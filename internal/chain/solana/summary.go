package solana

import (
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
	Text     string   // in one sentence, without its full stop
	Lines    []Line   // in full, in order
	Spends   []Spend  // what leaves the wallet at most, fees included
	Unvalued []string // why more than Spends could leave it; empty: no more can
	Hidden   []string // which recipient, amount or call Text does not tell; empty: it tells them all
}

// Line is one fact for a person.
type Line struct{ Label, Value string }

// SOL is the asset of lamports, wrapped ones included.
const SOL = "SOL"

const solDecimals = 9

// Spend is an amount in the asset's smallest unit.
type Spend struct {
	Asset    string // SOL, or the address of the token's mint
	Symbol   string // for people; empty when the token is not known here
	Amount   uint64
	Decimals int    // 0 when they are not known
	To       string // an address; empty for the network's fee and where it is not known
}

// account is one that an instruction names.
type account struct {
	address Address
	text    string // for people
	known   bool   // false: it is in a lookup table, so it is no signer and nobody here knows who it is
	wallet  bool   // it is the wallet that signs
}

// name is the address, if it is known.
func (a account) name() string {
	if !a.known {
		return ""
	}
	return a.address.String()
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
	lines   []Line
	spends  []Spend
	reasons []string
	hidden  []string
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
	text := d.text() + d.fee()
	for _, a := range m.Accounts[:m.Signatures] {
		if a != wallet {
			d.line("Also to be signed by", a.String())
		}
	}
	return Summary{Text: text, Lines: d.lines, Spends: d.spends, Unvalued: d.reasons, Hidden: d.hidden}, nil
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
	for _, entries := range []func(Lookup) []byte{func(l Lookup) []byte { return l.Writable },
		func(l Lookup) []byte { return l.Readonly }} {
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
func (d *decoder) line(label, value string) { d.lines = append(d.lines, Line{label, value}) }

// act adds something that happens.
func (d *decoder) act(c call, format string, args ...any) {
	action := fmt.Sprintf(format, args...)
	d.line(fmt.Sprintf("Instruction %d", c.number), action)
	d.actions = append(d.actions, action)
	for _, a := range c.accounts {
		if !a.known {
			d.hide("whom instruction %d means by %s", c.number, a.text)
			return
		}
	}
}

// hide notes what the text does not tell.
func (d *decoder) hide(format string, args ...any) {
	d.hidden = append(d.hidden, fmt.Sprintf(format, args...))
}

func (d *decoder) unvalued(format string, args ...any) {
	d.reasons = append(d.reasons, fmt.Sprintf(format, args...))
}

// spendSOL counts lamports that leave the wallet, or something that is the
// wallet's, for somebody else.
func (d *decoder) spendSOL(from, to account, lamports uint64) {
	if from.wallet && !to.wallet {
		d.spends = append(d.spends, Spend{Asset: SOL, Symbol: SOL, Amount: lamports, Decimals: solDecimals, To: to.name()})
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
	d.act(c, "Call %s, which cannot be read here, %s", programName(c.program), power)
	d.unvalued("instruction %d calls %s in a way that cannot be read here", c.number, programName(c.program))
	d.hide("what instruction %d does, to whom and with how much", c.number)
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

// fee adds what the network takes, and returns the words for it.
func (d *decoder) fee() string {
	payer := d.message.FeePayer()
	base := uint64(d.message.Signatures) * lamportsPerSignature
	fee := base + d.priority()
	if fee < base {
		fee = 1<<64 - 1
	}
	amount := sol(fee)
	if payer != d.wallet {
		d.line("Network fee, at most", amount+", paid by "+payer.String())
		return ""
	}
	d.line("Network fee, at most", amount+", paid by this wallet")
	d.spends = append(d.spends, Spend{Asset: SOL, Symbol: SOL, Amount: fee, Decimals: solDecimals})
	return ", with a network fee of at most " + amount
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

// text is the transaction in one sentence: all that it does, unless that is so much
// that nobody would read it.
func (d *decoder) text() string {
	const most, mostCharacters = 3, 200
	all := strings.Join(d.actions, "; ")
	switch n := len(d.actions); {
	case n == 0:
		return "Sign a transaction that moves nothing"
	case n <= most || utf8.RuneCountInString(all) <= mostCharacters:
		return all
	}
	d.hide("to whom %d actions pay, and how much to each", len(d.actions))
	var total []string
	for asset, amount := range totals(d.spends) {
		if asset == SOL {
			total = append(total, decimal(amount, solDecimals)+" SOL")
		} else {
			total = append(total, amount.String()+" units of token "+asset)
		}
	}
	slices.Sort(total)
	text := fmt.Sprintf("%d actions in one transaction", len(d.actions))
	if len(total) > 0 {
		text += " that spend " + strings.Join(total, " and ")
	}
	if len(d.reasons) > 0 {
		text += ", and more than can be told: " + d.reasons[0]
	}
	return text
}

// totals adds up by asset.
func totals(spends []Spend) map[string]*big.Int {
	sums := map[string]*big.Int{}
	for _, s := range spends {
		if sums[s.Asset] == nil {
			sums[s.Asset] = new(big.Int)
		}
		sums[s.Asset].Add(sums[s.Asset], new(big.Int).SetUint64(s.Amount))
	}
	return sums
}

// decimal writes units of an asset in full, never rounded.
func decimal(units *big.Int, decimals uint8) string {
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

// sol writes lamports.
func sol(lamports uint64) string {
	return decimal(new(big.Int).SetUint64(lamports), solDecimals) + " SOL"
}

// quote writes foreign text so that it cannot pass for ours: in quotes, with
// everything escaped that is not seen as itself.
func quote(text string) string { return blanks.Replace(strconv.Quote(text)) }

// blanks are letters and symbols that show nothing.
var blanks = strings.NewReplacer("\u115f", `\u115f`, "\u1160", `\u1160`, "\u3164", `\u3164`, "\uffa0", `\uffa0`, "\u2800", `\u2800`)
