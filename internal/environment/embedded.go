package environment

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/stepup-auth/stepup/internal/wallet"
)

// EmbeddedWallets says which wallets the service makes and keeps for users
// (custody model split, which is custodial).
type EmbeddedWallets struct {
	Enabled bool     `yaml:"enabled" json:"enabled"`
	Chains  []string `yaml:"chains" json:"chains"`   // EVM, SOL; default both
	Schemes []string `yaml:"schemes" json:"schemes"` // threshold schemes users may choose; default all three
	PerUser int      `yaml:"perUser" json:"perUser"` // default 20, at most 100
	// private keys never leave; the custodians have switches of their own
	ExportDisabled bool      `yaml:"exportDisabled" json:"exportDisabled"`
	Networks       []Network `yaml:"networks" json:"networks"` // where transactions may be sent; default nowhere
}

// Network is a chain and the node that transactions for it are sent to.
type Network struct {
	Name     string `yaml:"name" json:"name"` // for people, and its name in this document
	Chain    string `yaml:"chain" json:"chain"`
	ChainID  int    `yaml:"chainId,omitempty" json:"chainId,omitempty"` // EVM
	Cluster  string `yaml:"cluster,omitempty" json:"cluster,omitempty"` // SOL
	RPC      string `yaml:"rpc" json:"rpc"`                             // JSON-RPC over https
	Symbol   string `yaml:"symbol" json:"symbol"`                       // of the chain's own coin; default ETH, SOL
	Decimals int    `yaml:"decimals" json:"decimals"`                   // of that coin; default 18, 9
}

// Bounds of embeddedWallets.
const (
	MaxWalletsPerUser = 100
	defaultPerUser    = 20
)

var ownSymbol = regexp.MustCompile(`^[A-Za-z0-9]{1,12}$`)

var (
	clusters = []string{"mainnet-beta", "devnet", "testnet", "localnet"}
	schemes  = words(wallet.Schemes)
	coins    = map[string]Network{"EVM": {Symbol: "ETH", Decimals: 18}, "SOL": {Symbol: "SOL", Decimals: 9}}
)

// Makes reports whether users may have embedded wallets on the chain.
func (w EmbeddedWallets) Makes(chain string) bool {
	return w.Enabled && slices.Contains(w.Chains, chain)
}

// Offers reports whether users may choose the threshold scheme.
func (w EmbeddedWallets) Offers(scheme string) bool { return slices.Contains(w.Schemes, scheme) }

func deriveNetwork(n *Network) {
	coin := coins[n.Chain]
	if n.Symbol == "" {
		n.Symbol = coin.Symbol
	}
	if n.Decimals == 0 {
		n.Decimals = coin.Decimals
	}
}

func (c checker) embeddedWallets() {
	w := c.e.EmbeddedWallets
	c.distinct("embeddedWallets.chains", w.Chains, maxItems)
	for i, chain := range w.Chains {
		c.oneOf(index("embeddedWallets.chains", i), chain, chains)
	}
	c.distinct("embeddedWallets.schemes", w.Schemes, maxItems)
	for i, scheme := range w.Schemes {
		c.oneOf(index("embeddedWallets.schemes", i), scheme, schemes)
	}
	if w.Enabled && len(w.Chains) == 0 && c.readable("embeddedWallets.chains") {
		c.at("embeddedWallets.chains", "is empty: list the chains that users may have wallets on, or remove the line")
	}
	if w.Enabled && len(w.Schemes) == 0 && c.readable("embeddedWallets.schemes") {
		c.at("embeddedWallets.schemes", "is empty: list the schemes that users may choose, or remove the line")
	}
	c.atMost("embeddedWallets.perUser", w.PerUser, MaxWalletsPerUser)
	names, ids := make([]string, len(w.Networks)), make([]string, len(w.Networks))
	for i, n := range w.Networks {
		path := index("embeddedWallets.networks", i)
		names[i], ids[i] = n.Name, n.id()
		c.network(path, n)
	}
	c.distinctKeys("embeddedWallets.networks", "name", names)
	c.distinctKeys("embeddedWallets.networks", "chain", ids)
}

// id is what a wallet calls the network: a chain id, or a cluster.
func (n Network) id() string {
	if n.ChainID > 0 {
		return strconv.Itoa(n.ChainID)
	}
	return n.Cluster
}

func (c checker) network(path string, n Network) {
	c.shortText(path+".name", n.Name)
	if c.readable(path + ".chain") {
		c.oneOf(path+".chain", n.Chain, chains)
	}
	switch {
	case n.Chain == "EVM" && n.ChainID == 0 && c.readable(path+".chainId"):
		c.at(path+".chainId", "is missing: add it, because %s is an EVM network", quoted(n.Name))
	case n.Chain == "EVM" && n.Cluster != "":
		c.at(path+".cluster", "is for SOL: remove the line")
	case n.Chain == "SOL" && n.ChainID != 0:
		c.at(path+".chainId", "is for EVM: remove the line")
	case n.Chain == "SOL" && c.readable(path+".cluster"):
		c.oneOf(path+".cluster", n.Cluster, clusters)
	}
	if problem := urlProblem(n.RPC); problem != "" && c.given(path+".rpc") {
		c.at(path+".rpc", "%s", problem)
	}
	if n.Symbol != "" && !ownSymbol.MatchString(n.Symbol) {
		c.at(path+".symbol", "%s is not a symbol such as ETH: use 1 to 12 letters and digits", quoted(n.Symbol))
	}
	c.atMost(path+".decimals", n.Decimals, 36)
}
