package main

import (
	"fmt"
	"strings"

	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

type walletInit struct {
	Dir  string   `arg:"" help:"Folder to make them in; what is there already is kept." type:"path"`
	Host []string `placeholder:"HOST" help:"${hosts}"`
}

func (c *walletInit) Run(s *session) error {
	if err := peer.Init(c.Dir, c.Host...); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "The certificates of the wallet service are in %s. Copy to each machine, as its STEPUP_WALLET_CERTS:\n", c.Dir)
	for _, role := range peer.Roles {
		fmt.Fprintf(s.stdout, "  %-15s  %s %s %s\n", commandOf(role), peer.AuthorityFile, peer.CertificateFile(role), peer.KeyFile(role))
	}
	fmt.Fprintf(s.stdout, "Keep %s away from all of them: whoever has it can be any role. Certificates last %d days; to renew one,\n"+
		"remove its .pem file here and run this again.\n",
		peer.AuthorityKeyFile, int(peer.CertificateLife.Hours()/24))
	return nil
}

// commandOf is what runs a role.
func commandOf(role wallet.Role) string {
	if role == wallet.Issuer {
		return "stepup serve"
	}
	return "stepup " + strings.ToLower(string(role))
}
