package intent

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/stepup-auth/stepup/internal/chain/evm"
)

// The documents whose meaning is known, by their type.
const (
	erc2612    = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
	daiPermit  = "Permit(address holder,address spender,uint256 nonce,uint256 expiry,bool allowed)"
	permit2One = "PermitSingle(PermitDetails details,address spender,uint256 sigDeadline)PermitDetails(address token,uint160 " +
		"amount,uint48 expiration,uint48 nonce)"
	permit2Many = "PermitBatch(PermitDetails[] details,address spender,uint256 sigDeadline)PermitDetails(address token,uint160 " +
		"amount,uint48 expiration,uint48 nonce)"
	permit2Take = "PermitTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 " +
		"deadline)TokenPermissions(address token,uint256 amount)"
	erc3009 = "WithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)

func (i *Intent) typedData(d *evm.TypedData) {
	var chain uint64
	where := " on every chain"
	if id := d.Domain.ChainID; id != nil {
		i.Network = id.String()
		where = " on chain " + id.String()
		if id.IsUint64() {
			chain = id.Uint64()
			where = " on " + networkName(chain)
		}
	}
	i.line("Document", d.PrimaryType)
	if d.Domain.Name != "" {
		i.line("Of", quote(d.Domain.Name))
	}
	if d.Domain.Version != "" {
		i.line("Version", quote(d.Domain.Version))
	}
	i.line("Network", strings.TrimPrefix(where, " on "))
	contract := "any contract"
	if d.Domain.VerifyingContract != nil {
		contract = d.Domain.VerifyingContract.String()
	}
	i.line("For contract", contract)
	if d.Domain.Salt != "" {
		i.line("Salt", quote(d.Domain.Salt))
	}
	for _, f := range d.Fields {
		i.line("message."+f.Path, say(f.Value))
	}
	i.document(d, chain, contract, where)
}

// document puts the documents whose meaning is known into words, and says of
// the others that it is not.
func (i *Intent) document(d *evm.TypedData, chain uint64, contract, where string) {
	text := func(path string) string { return say(d.Field(path)) }
	of := func(path string) asset {
		a, _ := d.Field(path).(evm.Address)
		return token(chain, a)
	}
	number := func(path string) *big.Int { n, _ := d.Field(path).(*big.Int); return n }
	bound := d.Domain.VerifyingContract != nil && chain != 0
	mine := asset{}
	if bound {
		mine = token(chain, *d.Domain.VerifyingContract)
	}
	switch {
	case d.Type == erc2612 && bound:
		i.Summary = "Let " + text("spender") + " spend " + allowance(mine, number("value"), 256) + " of " + text("owner") + where + "."
	case d.Type == daiPermit && bound:
		i.Summary = letAll(d.Field("allowed"), text("spender"), "spend all "+mine.name()) + " of " + text("holder") + where + "."
	case d.Type == permit2One && bound:
		i.Summary = "Let " + text("spender") + " spend " + allowance(of("details.token"), number("details.amount"), 160) + " through " +
			contract + where + "."
	case d.Type == permit2Take && bound:
		i.Summary = "Let " + text("spender") + " take " + allowance(of("permitted.token"), number("permitted.amount"), 256) +
			" once, through " + contract + where + "."
	case d.Type == permit2Many && bound:
		var each []string
		for n := 0; number("details["+strconv.Itoa(n)+"].amount") != nil; n++ {
			at := "details[" + strconv.Itoa(n) + "]."
			each = append(each, allowance(of(at+"token"), number(at+"amount"), 160))
		}
		i.Summary = "Let " + text("spender") + " spend " + strings.Join(each, ", ") + " through " + contract + where + "."
	case (d.Type == "Transfer"+erc3009 || d.Type == "Receive"+erc3009) && bound:
		i.Summary = "Let anyone send " + mine.say(number("value")) + " from " + text("from") + " to " + text("to") + where + ", once."
		i.spend(mine.spend(chain, number("value"), text("to")))
		return
	default:
		i.Summary = "Sign a document of the type " + d.PrimaryType
		if d.Domain.Name != "" {
			name, _ := short(d.Domain.Name)
			i.Summary += " of " + name
		}
		i.Summary += " for " + contract + where + "."
		i.unvalued("only its contract knows what the document allows")
		i.hide("what the document allows")
		return
	}
	i.unvalued("whoever may spend can take as much at any time")
}
