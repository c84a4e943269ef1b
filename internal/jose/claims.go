package jose

import (
	"math"
	"strconv"
	"time"

	"github.com/stepup-auth/stepup/internal/strictjson"
)

// latest is the last second that a claim may name. It is far enough away, and all
// of its neighbours are numbers that a double holds.
const latest = 1 << 40

// Claims reads the claims of a payload that was verified (RFC 7519 section 4); the
// first fault sticks.
type Claims struct{ strictjson.Reader }

// ParseClaims reads a payload. The names are those that the caller reads, and must
// be written exactly so; others are kept and ignored.
func ParseClaims(payload []byte, names []string) (*Claims, error) {
	r, err := strictjson.Read(payload, names)
	if err != nil {
		return nil, err
	}
	return &Claims{r}, nil
}

// Seconds is a required NumericDate in whole seconds. Signs, fractions and exponents
// are refused: our issuer writes none, and readers take them differently.
func (c *Claims) Seconds(name string) int64 {
	value := c.Required(name)
	if !value.Exists() {
		return 0
	}
	n, err := strconv.ParseUint(string(value.Raw()), 10, 64)
	if err != nil || n > latest {
		c.Fail(name, "is not a time in whole seconds")
		return 0
	}
	return int64(n)
}

// Date is a NumericDate of an issuer that is not ours, which may be fractional
// (RFC 7519 section 2), to the second; the zero time if there is none.
func (c *Claims) Date(name string) time.Time {
	value := c.Get(name)
	if !value.Exists() {
		return time.Time{}
	}
	number, err := value.Number()
	var seconds float64
	if err == nil {
		seconds, err = number.Float64()
	}
	if err != nil || seconds < 0 || seconds > latest {
		c.Fail(name, "is not a number of seconds since 1970")
		return time.Time{}
	}
	return time.Unix(int64(math.Floor(seconds)), 0)
}

// Audience is the claim aud: a string, or a list of them (RFC 7519 section 4.1.3).
// It is required, and no element may be empty.
func (c *Claims) Audience() []string {
	value := c.Required("aud")
	if !value.Exists() {
		return nil
	}
	if value.Kind() == strictjson.Text {
		return []string{c.Text("aud")}
	}
	list := c.Texts("aud")
	if len(list) == 0 {
		c.Fail("aud", "is empty")
	}
	for _, s := range list {
		if s == "" {
			c.Fail("aud", "has an empty element")
		}
	}
	return list
}
