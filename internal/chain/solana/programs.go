package solana

import (
	"encoding/binary"
	"fmt"
)

const (
	lamportsPerSignature = 5000
	maxUnits             = 1_400_000 // of compute, in one transaction

	// What accounts must hold to stay: 3480 lamports a byte and year, for two years.
	lamportsPerByte      = 6960
	accountOverhead      = 128
	tokenAccountBytes    = 165
	token2022MaxExtended = 600 // more than all extensions that a mint can demand of its accounts
)

// The programs that can be read.
var (
	systemProgram          = mustParse("11111111111111111111111111111111")
	tokenProgram           = mustParse("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
	token2022Program       = mustParse("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
	associatedTokenProgram = mustParse("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
	computeBudgetProgram   = mustParse("ComputeBudget111111111111111111111111111111")
	memoProgram            = mustParse("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
	oldMemoProgram         = mustParse("Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo")
	stakeProgram           = mustParse("Stake11111111111111111111111111111111111111")

	programs = map[Address]string{
		systemProgram: "System", tokenProgram: "Token", token2022Program: "Token-2022",
		associatedTokenProgram: "Associated Token Account", computeBudgetProgram: "Compute Budget",
		memoProgram: "Memo", oldMemoProgram: "Memo", stakeProgram: "Stake",
	}
)

// The mints of wrapped SOL.
var (
	nativeMint     = mustParse("So11111111111111111111111111111111111111112")
	nativeMint2022 = mustParse("9pan9bMn5HatX4EJdBwg9VgCa7Uz5HL8N1m5D3NdXej9")
)

func mustParse(address string) Address {
	a, err := ParseAddress(address)
	if err != nil {
		panic(err)
	}
	return a
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) address() Address { return Address(r.hash()) }

// text skips one of bincode's: a length of eight bytes, and so many bytes.
func (r *reader) text() {
	n := r.u64()
	if n > maxTransaction {
		r.fail(errShort)
	}
	r.take(int(n))
}

// system reads the System program.
func (d *decoder) system(c call) bool {
	r, a := c.data, c.accounts
	switch tag := r.u32(); tag {
	case 0, 3: // CreateAccount, CreateAccountWithSeed
		if tag == 3 {
			r.address()
			r.text()
		}
		lamports, _, owner := r.u64(), r.u64(), r.address()
		if !c.has(2, r) {
			return false
		}
		from, created := a[0], a[1]
		d.must(c, from, created)
		d.spendSOL(from, created, lamports)
		d.act(c, "Create account %s of %s with %s from %s", created.text, programName(owner), sol(lamports), from.text)
		d.handOver(c, created)
	case 1: // Assign
		owner := r.address()
		if !c.has(1, r) {
			return false
		}
		d.must(c, a[0])
		d.act(c, "Hand the account of %s over to %s", a[0].text, programName(owner))
		d.handOver(c, a[0])
	case 2: // Transfer
		lamports := r.u64()
		if !c.has(2, r) {
			return false
		}
		d.transferSOL(c, a[0], a[0], a[1], lamports)
	case 11: // TransferWithSeed
		lamports := r.u64()
		r.text()
		r.address()
		if !c.has(3, r) {
			return false
		}
		d.transferSOL(c, a[0], a[1], a[2], lamports)
	case 4: // AdvanceNonceAccount
		if !c.has(3, r) {
			return false
		}
		d.must(c, a[0])
		if c.number > 1 {
			d.act(c, "Advance the nonce account %s", a[0].text)
			break
		}
		d.act(c, "Stay valid for ever, until the nonce account %s is advanced", a[0].text)
		d.unvalued("once signed, this transaction never expires: it can be sent at any time while the nonce account %s stays as it is",
			a[0].text)
	case 5: // WithdrawNonceAccount
		lamports := r.u64()
		if !c.has(5, r) {
			return false
		}
		d.transferSOL(c, a[0], a[4], a[1], lamports)
	case 6: // InitializeNonceAccount
		authority := r.address()
		if !c.has(3, r) {
			return false
		}
		d.act(c, "Make %s a nonce account of %s", a[0].text, authority)
	case 7: // AuthorizeNonceAccount
		authority := r.address()
		if !c.has(2, r) {
			return false
		}
		d.act(c, "Hand the nonce account %s over to %s", a[0].text, authority)
		if a[1].wallet {
			d.unvalued("instruction %d hands the nonce account %s and what it holds to somebody else", c.number, a[0].text)
		}
	case 8: // Allocate
		size := r.u64()
		if !c.has(1, r) {
			return false
		}
		d.must(c, a[0])
		d.act(c, "Give the account of %s %d bytes of data", a[0].text, size)
		d.handOver(c, a[0])
	default:
		return false
	}
	return true
}

// handOver marks a transaction that takes the wallet's own account from it: a
// plain account is the System program's and has no data.
func (d *decoder) handOver(c call, a account) {
	if a.wallet {
		d.unvalued("instruction %d changes what this wallet's own account is, which can make it useless", c.number)
	}
}

// transferSOL is lamports of an account that the authority, which signs, may
// move.
func (d *decoder) transferSOL(c call, from, authority, to account, lamports uint64) {
	d.must(c, from, authority, to)
	d.spendSOL(authority, to, lamports)
	if from.wallet {
		d.act(c, "Send %s to %s", sol(lamports), to.text)
	} else {
		d.act(c, "Send %s from %s to %s", sol(lamports), from.text, to.text)
	}
}

func programName(a Address) string {
	if name, ok := programs[a]; ok {
		return "the " + name + " program"
	}
	return "program " + a.String()
}

// computeBudget reads what the price of the transaction is made of.
func (d *decoder) computeBudget(c call) bool {
	r := c.data
	switch tag := r.u8(); tag {
	case 1, 4: // RequestHeapFrame, SetLoadedAccountsDataSizeLimit
		r.u32()
		return c.has(0, r)
	case 2: // SetComputeUnitLimit
		units := uint64(r.u32())
		if !c.has(0, r) {
			return false
		}
		d.units = min(units, maxUnits)
	case 3: // SetComputeUnitPrice
		price := r.u64()
		if !c.has(0, r) {
			return false
		}
		d.price = max(d.price, price)
	default:
		return false
	}
	return true
}

// memo reads a note. It moves nothing, but exchanges and the like find by it whose
// deposit a payment is, so that it can be the real recipient.
func (d *decoder) memo(c call) bool {
	d.act(c, "Write the memo %s", quote(string(c.data.rest)))
	return true
}

// stake reads the Stake program where it moves no authority.
func (d *decoder) stake(c call) bool {
	r, a := c.data, c.accounts
	switch r.u32() {
	case 0: // Initialize
		staker, withdrawer := r.address(), r.address()
		until, epoch, custodian := int64(r.u64()), r.u64(), r.address()
		if !c.has(2, r) {
			return false
		}
		lockup := ""
		if until != 0 || epoch != 0 {
			lockup = fmt.Sprintf(", locked until second %d of Unix time and epoch %d unless %s allows it", until, epoch, custodian)
		}
		d.act(c, "Make %s a stake account that %s may stake and %s may withdraw from%s", a[0].text, staker, withdrawer, lockup)
	case 1: // Authorize
		to, kind := r.address(), r.u32()
		if !c.has(3, r) || kind > 1 {
			return false
		}
		d.act(c, "Let %s %s the stake account %s", to, []string{"manage the stake of", "withdraw from"}[kind], a[0].text)
		d.unvalued("instruction %d gives %s power over a stake account", c.number, to)
	case 2: // DelegateStake
		if !c.has(6, r) {
			return false
		}
		d.act(c, "Delegate the stake account %s to the vote account %s", a[0].text, a[1].text)
	case 3: // Split
		lamports := r.u64()
		if !c.has(3, r) {
			return false
		}
		d.act(c, "Move %s of stake from %s to the new stake account %s of the same owner", sol(lamports), a[0].text, a[1].text)
	case 4: // Withdraw
		lamports := r.u64()
		if !c.has(5, r) {
			return false
		}
		d.must(c, a[1], a[4])
		d.spendSOL(a[4], a[1], lamports)
		d.act(c, "Withdraw %s from the stake account %s to %s", sol(lamports), a[0].text, a[1].text)
	case 5: // Deactivate
		if !c.has(3, r) {
			return false
		}
		d.act(c, "Deactivate the stake account %s", a[0].text)
	case 7: // Merge
		if !c.has(5, r) {
			return false
		}
		d.act(c, "Merge the stake account %s into %s", a[1].text, a[0].text)
	default:
		return false
	}
	return true
}
