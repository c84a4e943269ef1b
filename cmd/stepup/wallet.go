package main

import (
	"slices"
	"strings"
)

// ofWallets reports whether a command is of a role that reads settings of its own.
func ofWallets(command string) bool {
	return slices.Contains([]string{"wallet", "signer", "guardian"}, strings.Fields(command)[0])
}
