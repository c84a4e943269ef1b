package solana

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// pin remembers the token accounts whose owner and mint the Associated Token
// Account program itself checks in this transaction: it fails as a whole if
// they are others.
func (d *decoder) pin(c call) {
	if c.program != associatedTokenProgram || c.length > 1 || c.length == 1 && c.data.rest[0] > 1 || len(c.accounts) < 6 {
		return
	}
	if a := c.accounts; a[1].known && a[5].known {
		d.owners[a[1].address] = tokenAccount{owner: a[2], mint: a[3], program: a[5].address}
	}
}

// associatedToken reads Create and CreateIdempotent.
func (d *decoder) associatedToken(c call) bool {
	if c.length > 1 || c.length == 1 && c.data.rest[0] > 1 || len(c.accounts) < 6 {
		return false
	}
	funder, opened, owner, mint, program := c.accounts[0], c.accounts[1], c.accounts[2], c.accounts[3], c.accounts[5]
	if program.address != tokenProgram && program.address != token2022Program {
		return false // it could demand an account of any size, at the funder's cost
	}
	d.must(c, funder)
	size := uint64(tokenAccountBytes)
	if program.address == token2022Program {
		size = token2022MaxExtended
	}
	deposit := (accountOverhead + size) * lamportsPerByte
	if funder.wallet { // of its own account too: the deposit is bound there
		d.spends = append(d.spends, Spend{Asset: SOL, Symbol: SOL, Amount: deposit, Decimals: solDecimals, To: opened.name()})
	}
	d.act(c, "Open the token account %s of %s for token %s, with a deposit of at most %s from %s", opened.text, owner.text, mint.text,
		sol(deposit), funder.text)
	return true
}

// held is an amount of a token as far as an instruction tells; without an
// asset it does not tell which token.
type held struct {
	Spend
	text string
}

// stablecoins have symbols and decimals that are known without asking the chain.
var stablecoins = map[Address]Spend{
	mustParse("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"): {Symbol: "USDC", Decimals: 6},
	mustParse("Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"): {Symbol: "USDT", Decimals: 6},
}

// tokens puts an amount into words; decimals below zero are not known.
func tokens(mint account, units uint64, decimals int) held {
	count := fmt.Sprintf("%d units", units)
	if !mint.known {
		return held{Spend{Amount: units}, count + " of an unknown token"}
	}
	s, name := Spend{Asset: mint.address.String(), Amount: units}, " of token "+mint.address.String()
	if coin, ok := stablecoins[mint.address]; ok {
		s.Symbol, decimals = coin.Symbol, coin.Decimals
		name = " " + coin.Symbol + " (token " + mint.address.String() + ")"
	} else if mint.address == nativeMint || mint.address == nativeMint2022 {
		s.Asset, s.Symbol, decimals = SOL, SOL, solDecimals
		name = " wrapped SOL"
	}
	if decimals >= 0 {
		s.Decimals = decimals
		count = decimal(new(big.Int).SetUint64(units), uint8(decimals))
	}
	return held{s, count + name}
}

// amount is an amount in words, of a token that is known or else hidden.
func (d *decoder) amount(c call, h held) string {
	if h.Asset == "" {
		d.hide("which token instruction %d is about", c.number)
	}
	return h.text
}

// holder names the owner of a token account too, where the transaction pins it.
func (d *decoder) holder(a account, program Address) string {
	if pinned, ok := d.owners[a.address]; ok && a.known && pinned.program == program {
		return fmt.Sprintf("%s (token account %s)", pinned.owner.text, a.text)
	}
	return "token account " + a.text
}

// mintOf is the mint of either of two accounts between which tokens move.
func (d *decoder) mintOf(program Address, accounts ...account) account {
	for _, a := range accounts {
		if pinned, ok := d.owners[a.address]; ok && a.known && pinned.program == program && pinned.mint.known {
			return pinned.mint
		}
	}
	return account{}
}

// token reads the Token program, and what Token-2022 shares with it.
func (d *decoder) token(c call) bool {
	const transferWithFee = 26<<8 | 1
	r, a := c.data, c.accounts
	kind := int(r.u8())
	if kind == 26 && c.program == token2022Program {
		kind = kind<<8 | int(r.u8())
	}
	switch kind {
	case 0, 20: // InitializeMint, InitializeMint2
		decimals, authority := r.u8(), r.address()
		freezer := r.option()
		if !c.has(1, r) {
			return false
		}
		freezing := ""
		if freezer != nil {
			freezing = " and " + freezer.String() + " may freeze"
		}
		d.act(c, "Make %s the mint of a token with %d decimals that %s may issue%s", a[0].text, decimals, authority, freezing)
	case 1: // InitializeAccount
		if !c.has(3, r) {
			return false
		}
		d.act(c, "Make %s an account of %s for token %s", a[0].text, a[2].text, a[1].text)
	case 16, 18: // InitializeAccount2, InitializeAccount3
		owner := r.address()
		if !c.has(2, r) {
			return false
		}
		d.act(c, "Make %s an account of %s for token %s", a[0].text, owner, a[1].text)
	case 3: // Transfer
		units := r.u64()
		if !c.has(3, r) {
			return false
		}
		d.transferTokens(c, a[0], a[1], 2, tokens(d.mintOf(c.program, a[0], a[1]), units, -1))
	case 12, transferWithFee: // TransferChecked, TransferCheckedWithFee
		units, decimals := r.u64(), r.u8()
		if kind == transferWithFee {
			r.u64() // is taken out of the amount
		}
		if !c.has(4, r) {
			return false
		}
		d.transferTokens(c, a[0], a[2], 3, tokens(a[1], units, int(decimals)))
	case 4: // Approve
		units := r.u64()
		if !c.has(3, r) {
			return false
		}
		d.approve(c, a[0], a[1], 2, tokens(d.mintOf(c.program, a[0]), units, -1))
	case 13: // ApproveChecked
		units, decimals := r.u64(), r.u8()
		if !c.has(4, r) {
			return false
		}
		d.approve(c, a[0], a[2], 3, tokens(a[1], units, int(decimals)))
	case 5: // Revoke
		if !c.has(2, r) {
			return false
		}
		d.act(c, "Let nobody else spend from token account %s any more", a[0].text)
	case 6: // SetAuthority
		power, to := r.u8(), r.option()
		if !c.has(2, r) {
			return false
		}
		name := fmt.Sprintf("power %d", power)
		if int(power) < len(tokenPowers) {
			name = tokenPowers[power]
		} else {
			d.hide("which power instruction %d hands over", c.number)
		}
		if to == nil {
			d.act(c, "Give up the power to %s of %s for ever", name, a[0].text)
		} else {
			d.act(c, "Hand the power to %s of %s to %s", name, a[0].text, to)
		}
		if d.signs(c, 1) {
			d.unvalued("instruction %d gives away the power to %s of %s", c.number, name, a[0].text)
		}
	case 7, 14: // MintTo, MintToChecked
		issued, ok := c.held(r, kind == 14, 0, a)
		if !ok {
			return false
		}
		d.act(c, "Issue %s to %s", d.amount(c, issued), d.holder(a[1], c.program))
		d.spendTokens(c, 2, issued, a[1])
	case 8, 15: // Burn, BurnChecked
		burnt, ok := c.held(r, kind == 15, 1, a)
		if !ok {
			return false
		}
		d.act(c, "Destroy %s of %s", d.amount(c, burnt), d.holder(a[0], c.program))
		d.spendTokens(c, 2, burnt, account{})
	case 9: // CloseAccount
		if !c.has(3, r) {
			return false
		}
		d.act(c, "Close token account %s and send all SOL in it to %s", a[0].text, a[1].text)
		if d.signs(c, 2) && !a[1].wallet {
			d.unvalued("instruction %d closes a token account and sends what is in it to %s", c.number, a[1].text)
		}
	case 10, 11: // FreezeAccount, ThawAccount
		if !c.has(3, r) {
			return false
		}
		d.signs(c, 2)
		d.act(c, "%s token account %s of token %s", []string{"Freeze", "Thaw"}[kind-10], a[0].text, a[1].text)
	case 17: // SyncNative
		if !c.has(1, r) {
			return false
		}
		d.act(c, "Count the SOL in token account %s as wrapped SOL", a[0].text)
	case 22: // InitializeImmutableOwner
		if !c.has(1, r) {
			return false
		}
		d.act(c, "Let the owner of token account %s never change", a[0].text)
	default:
		return false
	}
	return true
}

// tokenPowers are the kinds of authority that both programs know.
var tokenPowers = []string{"issue the token", "freeze accounts", "spend everything", "close the account"}

// option reads an address that may be missing.
func (r *reader) option() *Address {
	switch r.u8() {
	case 0:
		return nil
	case 1:
		a := r.address()
		return &a
	}
	r.fail(errors.New("an option is neither there nor missing"))
	return nil
}

// held reads what MintTo and Burn and their checked forms share; r stands
// behind the tag, and the mint is the account at this place.
func (c call) held(r reader, checked bool, mint int, a []account) (held, bool) {
	units, decimals := r.u64(), -1
	if checked {
		decimals = int(r.u8())
	}
	if !c.has(3, r) {
		return held{}, false
	}
	return tokens(a[mint], units, decimals), true
}

// signs reports whether an instruction acts with the wallet's power: as the
// authority at this place, or as one of its signers, which follow it. Accounts
// that follow may also be handed on to a program that a Token-2022 token brings
// along, and that could do anything with the wallet's power.
func (d *decoder) signs(c call, authority int) bool {
	follows := slices.ContainsFunc(c.accounts[authority+1:], func(a account) bool { return a.wallet })
	if follows && c.program == token2022Program {
		d.unvalued("instruction %d hands the power of this wallet to a program that the token brings along", c.number)
		d.hide("what the program that the token brings along does in instruction %d", c.number)
	}
	return follows || c.accounts[authority].wallet
}

// spendTokens counts what leaves by the wallet's power.
func (d *decoder) spendTokens(c call, authority int, h held, to account) {
	if !d.signs(c, authority) {
		return
	}
	if h.Asset == "" {
		d.unvalued("instruction %d does not say which token it is about; ask the application to use transferChecked", c.number)
		return
	}
	h.To = to.name()
	if pinned, ok := d.owners[to.address]; ok && to.known && pinned.program == c.program {
		h.To = pinned.owner.name()
	}
	d.spends = append(d.spends, h.Spend)
}

func (d *decoder) transferTokens(c call, from, to account, authority int, h held) {
	d.must(c, to)
	if c.accounts[authority].wallet {
		d.act(c, "Send %s to %s", d.amount(c, h), d.holder(to, c.program))
	} else {
		d.act(c, "Send %s from %s to %s", d.amount(c, h), d.holder(from, c.program), d.holder(to, c.program))
	}
	d.spendTokens(c, authority, h, to)
}

// approve is a permission that outlives the transaction, so no value is put on
// it.
func (d *decoder) approve(c call, from, delegate account, authority int, h held) {
	d.act(c, "Let %s spend up to %s from token account %s", delegate.text, d.amount(c, h), from.text)
	if d.signs(c, authority) {
		d.unvalued("instruction %d lets %s spend tokens later", c.number, delegate.text)
	}
}
