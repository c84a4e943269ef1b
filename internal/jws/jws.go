// Package jws verifies tokens that others sign: id_tokens of login providers
// and the JWTs of an external login. What [Verify] returns was signed by a key
// the issuer publishes now, with the one algorithm that key is for; nothing a
// token says of itself chooses the key, the address or the algorithm.
package jws

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"

	"github.com/stepup-auth/stepup"
)

// MaxLength is the longest token that is looked at, in bytes.
const MaxLength = 8 << 10

// Algorithms is the allow-list. Nothing symmetric, and never "none".
var Algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA}

// ErrInvalid says that this is not a token the keys have signed. Any other
// error means that it could not be found out.
var ErrInvalid = errors.New("not a token signed by this issuer")

// Verify returns the payload of a compact JWS signed under keys.
func Verify(ctx context.Context, keys stepup.KeySet, token string) ([]byte, error) {
	if len(token) > MaxLength || strings.Count(token, ".") != 2 || strings.ContainsAny(token, "\r\n\t ") {
		return nil, fmt.Errorf("%w: not a compact JWS of at most %d bytes", ErrInvalid, MaxLength)
	}
	if err := checkHeader(token); err != nil {
		return nil, err
	}
	parsed, err := jose.ParseSignedCompact(token, Algorithms)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	header := parsed.Signatures[0].Protected
	key, err := keys.Key(ctx, header.KeyID)
	switch {
	case errors.Is(err, stepup.ErrUnknownKey):
		return nil, fmt.Errorf("%w: the issuer has no such key", ErrInvalid)
	case err != nil:
		return nil, fmt.Errorf("finding the issuer's key: %w", err)
	case string(key.Algorithm) != header.Algorithm:
		return nil, fmt.Errorf("%w: the key is for %s", ErrInvalid, key.Algorithm)
	}
	payload, err := parsed.Verify(key.Public)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	if err := CheckObject(payload); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	return payload, nil
}

// checkHeader refuses headers that change what the rest means, or that two
// readers could read differently.
func checkHeader(token string) error {
	head, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(head)
	if err != nil {
		return fmt.Errorf("%w: header is not base64url", ErrInvalid)
	}
	if err := CheckObject(raw); err != nil {
		return fmt.Errorf("%w: header: %v", ErrInvalid, err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return fmt.Errorf("%w: header: %v", ErrInvalid, err)
	}
	for _, name := range []string{"crit", "enc", "zip", "b64"} {
		if _, there := members[name]; there {
			return fmt.Errorf("%w: header %s is not supported", ErrInvalid, name)
		}
	}
	if _, there := members["kid"]; !there {
		return fmt.Errorf("%w: header has no kid", ErrInvalid)
	}
	return nil
}

const maxDepth = 16

// fold maps runes that differ in case only to one of them, in every script.
func fold(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// CheckObject reports whether data is one JSON object in UTF-8 that every reader
// reads alike: no member twice at any depth, and not nested deeply.
func CheckObject(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("not UTF-8")
	}
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return errors.New("not a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := checkValue(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

func checkValue(d *json.Decoder, depth int) error {
	if depth > maxDepth {
		return errors.New("nested too deeply")
	}
	token, err := d.Token()
	if err != nil {
		return errors.New("not JSON")
	}
	switch token {
	case json.Delim('['):
		for d.More() {
			if err := checkValue(d, depth+1); err != nil {
				return err
			}
		}
	case json.Delim('{'):
		seen := map[string]bool{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return errors.New("not JSON")
			}
			// Some readers match names without regard to case (encoding/json does).
			text, _ := name.(string)
			folded := strings.Map(fold, text)
			if seen[folded] {
				return errors.New("a member stands twice")
			}
			seen[folded] = true
			if err := checkValue(d, depth+1); err != nil {
				return err
			}
		}
	default:
		return nil
	}
	if _, err := d.Token(); err != nil {
		return errors.New("not JSON")
	}
	return nil
}
