// Package keyset verifies tokens that others sign, id_tokens of login providers and
// the JWTs of an external login, with the key sets (JWK Set, RFC 7517) that their
// issuers publish. What [Verify] returns was signed by a key that the issuer
// publishes now, with the one algorithm that key is for; nothing a token says of
// itself chooses the key, the address or the algorithm.
package keyset

import (
	"context"
	"errors"
	"fmt"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/jose"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

// ErrInvalid says that this is not a token the keys have signed. Any other
// error means that it could not be found out.
var ErrInvalid = errors.New("not a token signed by this issuer")

// Token is a token that was verified. Only [Verify] makes one that means something.
type Token struct {
	Type    string             // typ of its header; empty where there was none
	Payload []byte             // as it was signed
	Members strictjson.Members // of the payload
}

// Verify verifies a token signed under keys, whose payload must be one JSON object.
// The caller names the members that it reads, as paths joined by dots: none of them
// may stand in the payload a second time in another case.
func Verify(ctx context.Context, keys stepup.KeySetWithAlgorithms, text string, read ...string) (Token, error) {
	t, err := jose.Parse(text)
	if err != nil {
		return Token{}, invalid(err)
	}
	key, err := keys.KeyFor(ctx, t.KeyID, stepup.Algorithm(t.Algorithm))
	if errors.Is(err, stepup.ErrUnknownKey) {
		return Token{}, invalid(errors.New("the issuer has no such key"))
	}
	if err != nil {
		return Token{}, fmt.Errorf("finding the issuer's key: %w", err)
	}
	payload, err := t.Verify(jose.Key{ID: key.ID, Algorithm: string(key.Algorithm), Public: key.Public})
	if err != nil {
		return Token{}, invalid(err)
	}
	value, err := strictjson.Parse(payload, strictjson.Depth)
	if err != nil {
		return Token{}, invalid(err)
	}
	if err := value.SpelledOnce(read...); err != nil {
		return Token{}, invalid(err)
	}
	members, err := value.Object()
	if err != nil {
		return Token{}, invalid(err)
	}
	return Token{Type: t.Type, Payload: payload, Members: members}, nil
}

func invalid(cause error) error { return fmt.Errorf("%w: %w", ErrInvalid, cause) }

// Says reports whether a value that others write says yes: true, and "true" as some
// spell it; never 1, "1" or the presence of a member.
func Says(value strictjson.Value) bool {
	yes, _ := value.Boolean()
	text, _ := value.Text()
	return yes || text == "true"
}
