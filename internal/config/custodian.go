package config

import (
	"bytes"
	"crypto/ecdh"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
)

// CustodianFile is what an operator decides at the custodian itself, out of reach
// of the issuer and its environment documents. A key nobody knows is an error.
type CustodianFile struct {
	ExportDisabled bool     `yaml:"exportDisabled"` // private keys never leave, whatever a document says
	Retention      Span     `yaml:"retention"`      // how long shares are kept once newer ones are in force; default 24h
	DeleteGrace    Span     `yaml:"deleteGrace"`    // how long a deleted wallet can be restored; default 7d
	FormerKeys     []string `yaml:"formerKeys"`     // root keys from before, for as long as anything is wrapped under them

	OfflineKey string `yaml:"offlineKey"` // signer: the operator's public key, which offline shares are sealed to

	Limits       Limits            `yaml:"limits"`       // guardian: of every environment without its own
	Environments map[string]Limits `yaml:"environments"` // guardian: by environment id; what one leaves out is as in limits
}

// Limits are what the guardian allows in one environment.
type Limits struct {
	SignaturesPerMinute *int              `yaml:"signaturesPerMinute"` // of one wallet; default 30
	ExportsPerDay       *int              `yaml:"exportsPerDay"`       // of one wallet; default 1
	ExportDisabled      *bool             `yaml:"exportDisabled"`
	ValuePerDay         map[string]Amount `yaml:"valuePerDay"` // of one wallet, by asset, in its smallest unit
}

// Span is a duration as environment documents write it, such as 24h or 30d.
type Span time.Duration

// UnmarshalYAML reads a Span.
func (s *Span) UnmarshalYAML(node *yaml.Node) error {
	d, err := environment.ParseDuration(node.Value)
	if err != nil || node.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: %q is not a duration such as 30m, 24h or 30d", node.Line, node.Value)
	}
	*s = Span(d)
	return nil
}

// Amount is a whole number of any size.
type Amount struct{ *big.Int }

// UnmarshalYAML reads decimal digits.
func (a *Amount) UnmarshalYAML(node *yaml.Node) error {
	n, ok := new(big.Int).SetString(node.Value, 10)
	if node.Kind != yaml.ScalarNode || !ok || n.Sign() < 0 {
		return fmt.Errorf("line %d: %q is not a whole number in the asset's smallest unit, such as 1000000000000000000",
			node.Line, node.Value)
	}
	a.Int = n
	return nil
}

// maxCustodianFile bounds what is read.
const maxCustodianFile = 1 << 20

// ReadFile reads the custodian's file, or gives the defaults when it has none.
func (c Custodian) ReadFile() (CustodianFile, error) {
	if c.File == "" {
		return CustodianFile{}.withDefaults(), nil
	}
	text, err := os.ReadFile(c.File)
	if err != nil {
		return CustodianFile{}, fmt.Errorf("reading the %s's file: %w", c.Role, err)
	}
	f, err := ParseCustodianFile(c.Role, text)
	if err != nil {
		return CustodianFile{}, fmt.Errorf("%s: %w", c.File, err)
	}
	return f, nil
}

// ParseCustodianFile reads the file of a role.
func ParseCustodianFile(role wallet.Role, text []byte) (CustodianFile, error) {
	if len(text) > maxCustodianFile {
		return CustodianFile{}, fmt.Errorf("larger than %d bytes", maxCustodianFile)
	}
	var f CustodianFile
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return CustodianFile{}, err
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return CustodianFile{}, errors.New("there is more than one document: keep one")
	}
	if err := f.check(role); err != nil {
		return CustodianFile{}, err
	}
	return f.withDefaults(), nil
}

func (f CustodianFile) withDefaults() CustodianFile {
	if f.Retention == 0 {
		f.Retention = Span(24 * time.Hour)
	}
	if f.DeleteGrace == 0 {
		f.DeleteGrace = Span(7 * 24 * time.Hour)
	}
	return f
}

func (f CustodianFile) check(role wallet.Role) error {
	if role != wallet.Guardian && (len(f.Environments) > 0 || f.Limits.set()) {
		return errors.New("limits and environments are kept by the guardian: move them into its file")
	}
	if role != wallet.Signer && f.OfflineKey != "" {
		return errors.New("offlineKey is the signer's, who seals the offline shares: move it into its file")
	}
	if f.OfflineKey != "" {
		if _, err := f.Offline(); err != nil {
			return err
		}
	}
	if err := f.Limits.check("limits"); err != nil {
		return err
	}
	for id, limits := range f.Environments {
		if err := limits.check("environments." + id); err != nil {
			return err
		}
	}
	return nil
}

// Offline is the operator's public key; nil when there is none.
func (f CustodianFile) Offline() ([]byte, error) {
	if f.OfflineKey == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(f.OfflineKey)
	if err == nil {
		_, err = ecdh.X25519().NewPublicKey(raw)
	}
	if err != nil {
		return nil, errors.New("offlineKey is no public key: use what `stepup wallet offline-key` printed")
	}
	return raw, nil
}

func (l Limits) set() bool {
	return l.SignaturesPerMinute != nil || l.ExportsPerDay != nil || l.ExportDisabled != nil || l.ValuePerDay != nil
}

func (l Limits) check(path string) error {
	if l.SignaturesPerMinute != nil && *l.SignaturesPerMinute < 0 || l.ExportsPerDay != nil && *l.ExportsPerDay < 0 {
		return fmt.Errorf("%s: a limit is 0 or more", path)
	}
	for name := range l.ValuePerDay {
		if spelt, err := intent.ParseAsset(name); err != nil {
			return fmt.Errorf("%s.valuePerDay: %w", path, err)
		} else if spelt != name {
			return fmt.Errorf("%s.valuePerDay: write %s as %s", path, name, spelt)
		}
	}
	return nil
}

// Of returns the limits that hold in an environment: its own, and the general ones
// for what these leave out.
func (f CustodianFile) Of(environmentID string) Limits {
	l := f.Limits
	own := f.Environments[environmentID]
	if own.SignaturesPerMinute != nil {
		l.SignaturesPerMinute = own.SignaturesPerMinute
	}
	if own.ExportsPerDay != nil {
		l.ExportsPerDay = own.ExportsPerDay
	}
	if own.ExportDisabled != nil {
		l.ExportDisabled = own.ExportDisabled
	}
	if own.ValuePerDay != nil {
		l.ValuePerDay = own.ValuePerDay
	}
	return l
}
