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

// Verify returns the payload of a compact JWS signed under keys. The caller names
// the members that it reads, as in [CheckObject].
func Verify(ctx context.Context, keys stepup.KeySet, token string, read ...string) ([]byte, error) {
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
	key, err := find(ctx, keys, header)
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
	if err := CheckObject(payload, read...); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	return payload, nil
}

func find(ctx context.Context, keys stepup.KeySet, header jose.Header) (stepup.Key, error) {
	if all, ok := keys.(stepup.KeySetWithAlgorithms); ok {
		return all.KeyFor(ctx, header.KeyID, stepup.Algorithm(header.Algorithm))
	}
	return keys.Key(ctx, header.KeyID)
}

// headerNames are the parameters that mean something, here or to other readers.
var headerNames = []string{
	"alg", "kid", "typ", "cty", "crit", "enc", "zip", "b64", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "nonce",
}

// checkHeader refuses headers that change what the rest means, or that two
// readers could read differently.
func checkHeader(token string) error {
	head, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(head)
	if err != nil {
		return fmt.Errorf("%w: header is not base64url", ErrInvalid)
	}
	if err := CheckObject(raw, headerNames...); err != nil {
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

// CheckObject reports whether data is one JSON object in UTF-8 that is read in one
// way: not nested deeply, no member twice at any depth, and none of the members
// that the caller reads, paths joined by dots, a second time in another case, for
// some readers match names without regard to it. Of what nobody reads, names may
// differ in case.
func CheckObject(data []byte, read ...string) error { return check(data, '{', read) }

// CheckList does the same for a list, whose entries have the members that are read.
func CheckList(data []byte, read ...string) error { return check(data, '[', read) }

// Says reports whether a member's value says yes: true, and "true" as some write
// it; never 1, "1" or the presence of a member.
func Says(value any) bool { return value == true || value == "true" }

func check(data []byte, first byte, read []string) error {
	if !utf8.Valid(data) {
		return errors.New("not UTF-8")
	}
	if data = bytes.TrimLeft(data, " \t\r\n"); len(data) == 0 || data[0] != first {
		return fmt.Errorf("not JSON that begins with %c", first)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := checkValue(d, 0, read); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

func checkValue(d *json.Decoder, depth int, read []string) error {
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
			if err := checkValue(d, depth+1, read); err != nil {
				return err
			}
		}
	case json.Delim('{'):
		if err := checkMembers(d, depth, read); err != nil {
			return err
		}
	default:
		return nil
	}
	if _, err := d.Token(); err != nil {
		return errors.New("not JSON")
	}
	return nil
}

func checkMembers(d *json.Decoder, depth int, read []string) error {
	seen, written := map[string]bool{}, map[string]string{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return errors.New("not JSON")
		}
		name, _ := token.(string)
		if seen[name] {
			return errors.New("a member stands twice")
		}
		seen[name] = true
		var inside []string
		for _, path := range read {
			member, rest, deeper := strings.Cut(path, ".")
			if strings.EqualFold(name, member) {
				if other, there := written[member]; there && other != name {
					return fmt.Errorf("the member %s stands twice, in different case", member)
				}
				written[member] = name
			}
			if name == member && deeper {
				inside = append(inside, rest)
			}
		}
		if err := checkValue(d, depth+1, inside); err != nil {
			return err
		}
	}
	return nil
}
