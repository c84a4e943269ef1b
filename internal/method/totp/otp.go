package totp

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"hash"
	"time"

	"github.com/stepup-auth/stepup/internal/typed"
)

// What every authenticator app understands (RFC 6238 section 4, RFC 4226
// section 5.3). SHA-1 is sound inside HMAC.
const (
	Digits     = 6
	Period     = 30 * time.Second
	SecretSize = 20 // bytes: 160 bits, RFC 4226 section 4 R6
	skew       = 1  // steps before and after the server's that are accepted
)

// StepAt is the time step a moment falls into.
func StepAt(now time.Time) int64 { return now.Unix() / int64(Period/time.Second) }

// Code is what an app that holds the secret shows in a time step.
func Code(secret []byte, step int64) string { return hotp(sha1.New, secret, step, Digits) }

// match finds the time step that a code belongs to, of those around now and
// after last; ok is false when it belongs to none. It takes the same time for
// every code, however it was typed.
func match(secret []byte, text string, now, last int64) (step int64, ok bool) {
	code := []byte(typed.Code(text))
	for candidate := now - skew; candidate <= now+skew; candidate++ {
		equal := subtle.ConstantTimeCompare([]byte(Code(secret, candidate)), code) == 1
		if equal && candidate > last {
			step, ok = candidate, true
		}
	}
	return step, ok
}

// hotp is RFC 4226 section 5.3 over any of the hashes of RFC 6238.
func hotp(h func() hash.Hash, secret []byte, counter int64, digits int) string {
	mac := hmac.New(h, secret)
	_ = binary.Write(mac, binary.BigEndian, counter) // a hash never fails
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	number := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	modulus := uint32(1)
	for range digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", digits, number%modulus)
}
