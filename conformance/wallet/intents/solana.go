package main

import (
	"encoding/hex"

	"github.com/stepup-auth/stepup/internal/chain/solana"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
)

// read is a Solana message, field by field.
type read struct {
	Version      int               `json:"version"` // -1: legacy
	Header       [3]uint8          `json:"header"`
	Accounts     []string          `json:"accounts"`
	Blockhash    string            `json:"blockhash"`
	Instructions []readInstruction `json:"instructions"`
	Lookups      []readLookup      `json:"lookups"`
}

type readInstruction struct {
	Program  uint8  `json:"program"`
	Accounts string `json:"accounts"` // hex, like all bytes
	Data     string `json:"data"`
}

type readLookup struct {
	Table    string `json:"table"`
	Writable string `json:"writable"`
	Readonly string `json:"readonly"`
}

func parse(text string) (answer, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return answer{}, err
	}
	a := answer{IsTransaction: solana.IsTransaction(raw)}
	m, err := solana.ParseMessage(raw)
	if err != nil {
		a.Error = err.Error()
		return a, nil
	}
	a.Message = &read{
		Version: int(m.Version), Header: [3]uint8{m.Signatures, m.ReadonlySigned, m.ReadonlyUnsigned},
		Blockhash: solana.Address(m.Blockhash).String(),
		Accounts:  []string{}, Instructions: []readInstruction{}, Lookups: []readLookup{},
	}
	for _, address := range m.Accounts {
		a.Message.Accounts = append(a.Message.Accounts, address.String())
	}
	for _, in := range m.Instructions {
		a.Message.Instructions = append(a.Message.Instructions,
			readInstruction{in.Program, hex.EncodeToString(in.Accounts), hex.EncodeToString(in.Data)})
	}
	for _, l := range m.Lookups {
		a.Message.Lookups = append(a.Message.Lookups,
			readLookup{l.Table.String(), hex.EncodeToString(l.Writable), hex.EncodeToString(l.Readonly)})
	}
	return a, nil
}

// export seals a key as the signer does.
func export(q question) (answer, error) {
	secret, err := hex.DecodeString(q.Key)
	if err != nil {
		return answer{}, err
	}
	e, err := sealed.Export(*q.Operation, wallet.ExportRequest{PublicKey: q.ExportPublicKey}, q.Chain, secret)
	return answer{Export: &e}, err
}
