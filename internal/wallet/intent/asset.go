package intent

import (
	"math/big"
	"strconv"

	"github.com/stepup-auth/stepup/internal/chain/evm"
)

// network is a chain that people know by a name. The others work as well; their
// coin is then called after the chain's number.
type network struct{ name, symbol string }

var networks = map[uint64]network{
	1:        {"Ethereum", "ETH"},
	10:       {"OP Mainnet", "ETH"},
	56:       {"BNB Smart Chain", "BNB"},
	100:      {"Gnosis", "xDAI"},
	137:      {"Polygon", "POL"},
	8453:     {"Base", "ETH"},
	31337:    {"a local test chain", "ETH"},
	42161:    {"Arbitrum One", "ETH"},
	43114:    {"Avalanche C-Chain", "AVAX"},
	11155111: {"Sepolia, a test chain", "ETH"},
}

// networkName names a chain in a sentence, always with its number.
func networkName(id uint64) string {
	if n, ok := networks[id]; ok {
		return n.name + " (chain " + chainID(id) + ")"
	}
	return "chain " + chainID(id)
}

func chainID(id uint64) string { return strconv.FormatUint(id, 10) }

// asset is a coin or a token, with what is known of it.
type asset struct {
	id, symbol string
	decimals   int
	token      *evm.Address // nil: the coin of the chain
}

func native(id uint64) asset {
	symbol := networks[id].symbol
	if symbol == "" {
		symbol = "coins of chain " + chainID(id)
	}
	return asset{id: "eip155:" + chainID(id) + "/native", symbol: symbol, decimals: 18}
}

// token is a contract that is called as ERC-20 tokens are.
func token(id uint64, address evm.Address) asset {
	a := asset{id: "eip155:" + chainID(id) + "/erc20:" + address.String(), token: &address}
	if known, ok := tokens[id][address.String()]; ok {
		a.symbol, a.decimals = known.symbol, known.decimals
	}
	return a
}

func (a asset) known() bool { return a.symbol != "" }

// say writes an amount of the asset: in its unit when that is known, else in
// the smallest unit, with the contract's address.
func (a asset) say(amount *big.Int) string {
	switch {
	case a.token == nil:
		return decimal(amount, a.decimals) + " " + a.symbol
	case a.known():
		return decimal(amount, a.decimals) + " " + a.symbol + " (token " + a.token.String() + ")"
	}
	return amount.String() + " of the smallest unit of token " + a.token.String()
}

// name is the asset without an amount.
func (a asset) name() string {
	if a.known() {
		return a.symbol + " (token " + a.token.String() + ")"
	}
	return "token " + a.token.String()
}

func (a asset) spend(id uint64, amount *big.Int, to string) Spend {
	return Spend{Asset: a.id, Symbol: a.symbol, Amount: amount, Decimals: a.decimals, To: to, ChainID: chainID(id)}
}

type knownToken struct {
	symbol   string
	decimals int
}

// tokens are those whose symbol and decimals are known without asking the
// chain, which might lie about them.
var tokens = map[uint64]map[string]knownToken{
	1: {
		"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48": {"USDC", 6},
		"0xdAC17F958D2ee523a2206206994597C13D831ec7": {"USDT", 6},
		"0x6B175474E89094C44Da98b954EedeAC495271d0F": {"DAI", 18},
		"0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2": {"WETH", 18},
	},
	10:    {"0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85": {"USDC", 6}},
	137:   {"0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359": {"USDC", 6}},
	8453:  {"0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913": {"USDC", 6}},
	42161: {"0xaf88d065e77c8cC2239327C5EDb3A432268e5831": {"USDC", 6}},
}
