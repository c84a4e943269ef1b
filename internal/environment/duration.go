package environment

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// errDuration says how a duration is written.
var errDuration = errors.New(`must be a duration such as 30s, 10m, 24h or 30d, in whole seconds and longer than none`)

// ParseDuration reads a positive duration in whole seconds: Go's notation, with
// days in front ("30d", "1d12h").
func ParseDuration(s string) (Duration, error) {
	var total time.Duration
	rest := s
	if digits, after, found := strings.Cut(s, "d"); found {
		days, err := strconv.ParseUint(digits, 10, 16)
		if err != nil {
			return 0, errDuration
		}
		total, rest = time.Duration(days)*day, after
	}
	if rest != "" {
		d, err := time.ParseDuration(rest)
		if err != nil || d < 0 || rest[0] == '+' || rest[0] == '-' || d > 10000*day {
			return 0, errDuration
		}
		total += d
	}
	if total <= 0 || total%time.Second != 0 {
		return 0, errDuration
	}
	return Duration(total), nil
}

// String writes d the way a person would: 30d, 24h, 10m, 1h30m.
func (d Duration) String() string {
	rest := time.Duration(d)
	if rest <= 0 || rest%time.Second != 0 {
		return rest.String()
	}
	var b strings.Builder
	if rest >= 2*day {
		fmt.Fprintf(&b, "%dd", rest/day)
		rest %= day
	}
	for _, unit := range []struct {
		name string
		long time.Duration
	}{{"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if n := rest / unit.long; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, unit.name)
			rest %= unit.long
		}
	}
	return b.String()
}

// MarshalText writes [Duration.String].
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what [ParseDuration] reads.
func (d *Duration) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDuration(string(text))
	return err
}
