package intent

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"

	"github.com/mr-tron/base58"

	"github.com/stepup-auth/stepup/internal/chain/solana"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/strictjson"
	"github.com/stepup-auth/stepup/internal/wallet"
)

func (i *Intent) signSolana(r wallet.SignRequest, w wallet.Wallet) error {
	i.line("Wallet", w.Address)
	switch r.Kind {
	case wallet.SignMessage:
		if solana.IsTransaction(r.Message) {
			return blind("The message can be read as a Solana transaction, so it is not signed as a message. Send it as transaction.")
		}
		i.ToSign = r.Message
		i.message(r.Message, w)
		return nil
	case wallet.SignTransaction:
		return i.solanaTransaction(r.Transaction, w)
	}
	return fault.New(fault.InvalidRequest, "A wallet of Solana signs messages and transactions only.")
}

func (i *Intent) solanaTransaction(raw []byte, w wallet.Wallet) error {
	address, err := solana.ParseAddress(w.Address)
	if err != nil {
		return err
	}
	t, err := solana.ParseToSign(raw)
	if err == nil {
		err = t.CheckForeign(address)
	}
	if err != nil {
		return invalid("transaction", err)
	}
	s, err := solana.Summarize(t.Message, address)
	if err != nil {
		return invalid("transaction", err)
	}
	i.ToSign = t.Message.Bytes()
	i.assemble = func(signature []byte) ([]byte, error) { return t.Assemble(address, signature) }
	i.Summary = s.Text + "."
	for _, line := range s.Lines {
		i.line(line.Label, line.Value)
	}
	for _, reason := range s.Unvalued {
		i.unvalued(reason)
	}
	for _, what := range s.Hidden {
		i.hide(what)
	}
	for _, spend := range s.Spends {
		asset := "solana/native"
		if spend.Asset != solana.SOL {
			asset = "solana/token:" + spend.Asset
		}
		i.spend(Spend{Asset: asset, Symbol: spend.Symbol, Amount: new(big.Int).SetUint64(spend.Amount), Decimals: spend.Decimals,
			To: spend.To})
	}
	return nil
}

// parseSolana reads a message or a transaction. Besides our own forms it reads
// those of the published client: bytes as text (isFormatted), and the
// transaction or text that they are (context).
func parseSolana(o strictjson.Members) (wallet.SignRequest, error) {
	for _, name := range []string{"typedData", "authorization"} {
		if !o.Get(name).Absent() {
			return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "Solana has no %s; send message or transaction.", name)
		}
	}
	message := !o.Get("message").Absent()
	if message == !o.Get("transaction").Absent() {
		return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "Send exactly one of message and transaction.")
	}
	formatted, err := flag(o, "isFormatted")
	if err != nil {
		return wallet.SignRequest{}, err
	}
	context, err := optionalObject(o, "context")
	if err != nil {
		return wallet.SignRequest{}, err
	}
	told := len(preimages(context)) > 0
	switch {
	case !message && (formatted || told):
		return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "isFormatted and context go with message only.")
	case (formatted || told) && !o.Get("encoding").Absent():
		return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "encoding goes neither with isFormatted nor with context.")
	case told:
		return parseSolanaContext(o, context, formatted)
	case formatted:
		return wallet.SignRequest{}, blind("Bytes alone are not signed, for nobody could say what they stand for. Send them with " +
			"context.svmTransaction or context.svmMessage, or, without isFormatted, as transaction or message.")
	}
	// A message is text and a transaction base64, as nodes take it, unless something else is said.
	name, encoding, r := "message", "utf8", wallet.SignRequest{Kind: wallet.SignMessage}
	if !message {
		name, encoding, r.Kind = "transaction", "base64", wallet.SignTransaction
	}
	text, err := o.Get(name).Text()
	if err != nil {
		return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "%s must be a string.", name)
	}
	raw, err := solanaBytes(text, encodingOf(o, encoding), r.Kind)
	if err == nil && len(raw) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return wallet.SignRequest{}, invalid(name, err)
	}
	if r.Kind == wallet.SignMessage {
		r.Message = raw
		return r, nil
	}
	r.Transaction = raw
	if _, err := solana.ParseToSign(raw); err != nil {
		return wallet.SignRequest{}, invalid(name, err)
	}
	return r, nil
}

// maxBase58 is more than any transaction takes. Reading base58 takes time that
// grows with the square of its length.
const maxBase58 = 2048

// solanaBytes reads text as its encoding says.
func solanaBytes(text, encoding string, kind wallet.SignKind) ([]byte, error) {
	switch encoding {
	case "utf8":
		if kind == wallet.SignMessage {
			return []byte(text), nil
		}
	case "base64":
		return base64.StdEncoding.Strict().DecodeString(text)
	case "base58":
		if len(text) > maxBase58 {
			return nil, errors.New("as base58 it is too long; use base64")
		}
		return base58.Decode(text)
	case "hex":
		return hex.DecodeString(strings.TrimPrefix(text, "0x"))
	}
	if kind == wallet.SignTransaction {
		return nil, errors.New("its encoding must be base64, base58 or hex")
	}
	return nil, errors.New("its encoding must be utf8, base64, base58 or hex")
}

// spellings are all bytes that a text of digits could stand for.
func spellings(text string) [][]byte {
	var all [][]byte
	for _, encoding := range []string{"hex", "base64", "base58"} {
		if raw, err := solanaBytes(text, encoding, wallet.SignTransaction); err == nil && len(raw) > 0 {
			all = append(all, raw)
		}
	}
	return all
}

// parseSolanaContext finds what the bytes in message are: the message of the
// transaction, or the text, that came along. What is signed is the latter.
func parseSolanaContext(o, context strictjson.Members, formatted bool) (wallet.SignRequest, error) {
	text, err := messageText(o)
	if err != nil {
		return wallet.SignRequest{}, err
	}
	names := preimages(context)
	if len(names) != 1 {
		return wallet.SignRequest{}, blind("What is signed goes with exactly one thing that it stands for, and context has %d. Send "+
			"context.svmTransaction or context.svmMessage.", len(names))
	}
	said := spellings(text)
	if !formatted {
		said = append([][]byte{[]byte(text)}, said...)
	}
	name := names[0]
	value := context.Get(name)
	switch name {
	case "svmTransaction":
		raw, err := contextSolanaTransaction(value)
		if err != nil {
			return wallet.SignRequest{}, invalid("context.svmTransaction", err)
		}
		for _, candidate := range spellings(raw) {
			t, err := solana.ParseToSign(candidate)
			if err != nil {
				continue
			}
			for _, s := range said {
				if string(s) == string(t.Message.Bytes()) || string(s) == string(t.Bytes()) {
					return wallet.SignRequest{Kind: wallet.SignTransaction, Transaction: candidate}, nil
				}
			}
		}
	case "svmMessage":
		same, err := value.Text()
		if err != nil || same == "" {
			return wallet.SignRequest{}, fault.New(fault.InvalidRequest, "context.svmMessage must be a string.")
		}
		for _, candidate := range append([][]byte{[]byte(same)}, spellings(same)...) {
			for _, s := range said {
				if string(s) == string(candidate) {
					return wallet.SignRequest{Kind: wallet.SignMessage, Message: candidate}, nil
				}
			}
		}
	default:
		return wallet.SignRequest{},
			blind("Bytes of %s are not signed by a wallet of Solana. Send context.svmTransaction or context.svmMessage.", quote(name))
	}
	return wallet.SignRequest{}, blind("The message is not that of context.%s. Send all of it, or leave isFormatted and context out and "+
		"send it as transaction or message.", name)
}

func contextSolanaTransaction(value strictjson.Value) (string, error) {
	o, err := value.Object()
	if err != nil {
		return "", errors.New("it is no object with serializedTransactions")
	}
	texts, _ := o.Get("serializedTransactions").List()
	if len(texts) != 1 {
		return "", errors.New("serializedTransactions must hold one transaction, for one signature is made at a time")
	}
	text, err := texts[0].Text()
	if err != nil {
		return "", errors.New("serializedTransactions must hold strings")
	}
	return text, nil
}
