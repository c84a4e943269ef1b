package intent

import (
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/strictjson"
)

func (i *Intent) signSolana(wallet.SignRequest, wallet.Wallet) error {
	return fault.New(fault.ChainNotSupported, "Wallets of Solana do not sign here.")
}

func parseSolana(*strictjson.Object) (wallet.SignRequest, error) {
	return wallet.SignRequest{}, fault.New(fault.ChainNotSupported, "Wallets of Solana do not sign here.")
}
