package main

import (
	"slices"
	"strings"
)

type walletCommand struct {
	Init walletInit `cmd:"" help:"Make the certificates of the wallet service, and say which go to which machine."`
	Key  walletKey  `cmd:"" help:"Make a custodian's key-encryption key in a file. Signer and guardian each have their own."`
}

// ofWallets reports whether a command is of a role that reads settings of its own.
func ofWallets(command string) bool {
	return slices.Contains([]string{"wallet", "signer", "guardian"}, strings.Fields(command)[0])
}
