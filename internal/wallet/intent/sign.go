package intent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/big"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
)

func (i *Intent) sign(op wallet.Operation, w wallet.Wallet, request map[string]string) error {
	var r wallet.SignRequest
	if err := op.ReadRequest(&r); err != nil {
		return err
	}
	if err := oneKind(r); err != nil {
		return err
	}
	if provesTheUser(r.Message, op.EnvironmentID) {
		return fault.New(fault.InvalidRequest, "A wallet of this environment neither signs in to it nor steps up in it: leave to sign "+
			"must not become proof of who asks. Sign in with another wallet.")
	}
	var signed []byte
	switch w.Chain {
	case wallet.EVM:
		if err := i.signEVM(r, w); err != nil {
			return err
		}
		signed = i.ToSign
	case wallet.SOL:
		if err := i.signSolana(r, w); err != nil {
			return err
		}
		sum := sha256.Sum256(i.ToSign)
		signed = sum[:]
	default:
		return fault.New(fault.ChainNotSupported, "Wallets of chain %q do not sign here.", w.Chain)
	}
	request["kind"], request["signingHash"] = string(r.Kind), hex.EncodeToString(signed)
	return nil
}

// provesTheUser reports whether a message could be the text of a sign-in or a
// step-up at the environment's own issuer, which takes no text without this
// line. Whoever may sign could otherwise gain the scopes that are kept from them.
func provesTheUser(message []byte, environment string) bool {
	return bytes.Contains(message, []byte("\nRequest ID: "+environment))
}

// oneKind refuses a request that says more than one thing.
func oneKind(r wallet.SignRequest) error {
	set := map[wallet.SignKind]bool{
		wallet.SignMessage: len(r.Message) > 0, wallet.SignTypedData: len(r.TypedData) > 0,
		wallet.SignTransaction: len(r.Transaction) > 0, wallet.SignAuthorization: r.Authorization != nil,
	}
	for kind, is := range set {
		if is != (kind == r.Kind) {
			return fault.New(fault.InvalidRequest, "What is signed must be just the member that kind names.")
		}
	}
	if !set[r.Kind] {
		return fault.New(fault.InvalidRequest, "There is no kind %q of things to sign.", r.Kind)
	}
	return nil
}

func (i *Intent) line(label, value string) { i.Lines = append(i.Lines, Line{label, value}) }

func (i *Intent) unvalued(reason string) {
	if i.Unvalued {
		reason = i.Reason + "; " + reason
	}
	i.Unvalued, i.Reason = true, reason
}

// hide notes what the summary does not tell.
func (i *Intent) hide(what string) {
	if i.Hidden != "" {
		what = i.Hidden + "; " + what
	}
	i.Hidden = what
}

func (i *Intent) spend(s Spend) {
	if s.Amount.Sign() > 0 {
		s.Amount = new(big.Int).Set(s.Amount)
		i.Spends = append(i.Spends, s)
	}
}
