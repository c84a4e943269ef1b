// Package secret holds text that must never be printed.
//
// The invariant: whatever prints, logs or encodes a [Text] writes "[secret]";
// only [Text.Reveal], which is easy to search for, gives the text itself.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Hidden is what stands in for the text wherever it would have been printed.
const Hidden = "[secret]"

// Text is a password, key or token. The zero value is the empty text.
//
// Package fmt cannot call methods on the unexported fields of a struct it
// prints: do not print whole structs that keep a Text in an unexported field.
type Text string

// Reveal returns the text itself.
func (t Text) Reveal() string { return string(t) }

// String returns "[secret]".
func (t Text) String() string { return Hidden }

// GoString returns "[secret]".
func (t Text) GoString() string { return Hidden }

// Format writes "[secret]" whatever the verb, so that %x and %q do not leak either.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Hidden) }

// MarshalJSON returns "[secret]" as a JSON string.
func (t Text) MarshalJSON() ([]byte, error) { return []byte(`"` + Hidden + `"`), nil }

// MarshalText returns "[secret]"; YAML and XML encoders use it.
func (t Text) MarshalText() ([]byte, error) { return []byte(Hidden), nil }

// LogValue makes package slog write "[secret]".
func (t Text) LogValue() slog.Value { return slog.StringValue(Hidden) }
