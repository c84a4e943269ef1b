package environment

import (
	"slices"
	"strconv"
)

// Wallets says which wallets prove themselves by a signature.
type Wallets struct {
	Chains []string `yaml:"chains" json:"chains"` // EVM, SOL; default none
	// where contract wallets are asked; default nowhere, and then they cannot sign
	RPC        []RPC `yaml:"rpc" json:"rpc"`
	Undeployed bool  `yaml:"undeployed" json:"undeployed"` // contract wallets may sign before they are deployed
}

// RPC is a node of one EVM chain.
type RPC struct {
	ChainID int    `yaml:"chainId" json:"chainId"`
	URL     string `yaml:"url" json:"url"` // JSON-RPC over https
}

var chains = []string{"EVM", "SOL"}

// Accepts reports whether wallets of the chain (EVM, SOL) prove themselves.
func (w Wallets) Accepts(chain string) bool { return slices.Contains(w.Chains, chain) }

// Nodes are the nodes by chain id, written in decimal digits.
func (w Wallets) Nodes() map[string]string {
	nodes := make(map[string]string, len(w.RPC))
	for _, rpc := range w.RPC {
		nodes[strconv.Itoa(rpc.ChainID)] = rpc.URL
	}
	return nodes
}

func (c checker) wallets() {
	w := c.e.Wallets
	c.distinct("wallets.chains", w.Chains, maxItems)
	for i, chain := range w.Chains {
		c.oneOf(index("wallets.chains", i), chain, chains)
	}
	ids := make([]string, len(w.RPC))
	for i, rpc := range w.RPC {
		if rpc.ChainID > 0 {
			ids[i] = strconv.Itoa(rpc.ChainID)
		}
		if problem := urlProblem(rpc.URL); problem != "" && c.given(index("wallets.rpc", i)+".url") {
			c.at(index("wallets.rpc", i)+".url", "%s", problem)
		}
	}
	c.distinctKeys("wallets.rpc", "chainId", ids)
	switch {
	case len(w.RPC) > 0 && !w.Accepts("EVM"):
		c.at("wallets.rpc", "asks contract wallets, which are EVM wallets: add EVM to wallets.chains")
	case w.Undeployed && len(w.RPC) == 0:
		c.at("wallets.undeployed", "is about contract wallets: say in wallets.rpc which node to ask")
	}
}

// settingsChains are the chains in the spelling of the settings document.
func (w Wallets) settingsChains() []SettingsChain {
	list := []SettingsChain{}
	for _, chain := range w.Chains {
		list = append(list, SettingsChain{Name: map[string]string{"EVM": "evm", "SOL": "solana"}[chain], Enabled: true})
	}
	return list
}
