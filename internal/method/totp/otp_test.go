package totp_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/typed"
)

// RFC 4226 appendix D.
func TestRFC4226(t *testing.T) {
	secret := []byte("12345678901234567890")
	for counter, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
		"399871", "520489"} {
		if got := totp.HOTP(sha1.New, secret, int64(counter), 6); got != want {
			t.Errorf("counter %d: %s, want %s", counter, got, want)
		}
	}
}

// RFC 6238 appendix B. The secrets are those of erratum 2866: as long as the hash.
func TestRFC6238(t *testing.T) {
	const digits = "1234567890123456789012345678901234567890123456789012345678901234"
	for _, v := range []struct {
		at                   int64
		sha1, sha256, sha512 string
	}{
		{59, "94287082", "46119246", "90693936"},
		{1111111109, "07081804", "68084774", "25091201"},
		{1111111111, "14050471", "67062674", "99943326"},
		{1234567890, "89005924", "91819424", "93441116"},
		{2000000000, "69279037", "90698825", "38618901"},
		{20000000000, "65353130", "77737706", "47863826"},
	} {
		step := totp.StepAt(time.Unix(v.at, 0))
		for _, h := range []struct {
			hash func() hash.Hash
			size int
			want string
		}{{sha1.New, 20, v.sha1}, {sha256.New, 32, v.sha256}, {sha512.New, 64, v.sha512}} {
			if got := totp.HOTP(h.hash, []byte(digits[:h.size]), step, 8); got != h.want {
				t.Errorf("at %d with %d bytes: %s, want %s", v.at, h.size, got, h.want)
			}
		}
	}
}

// B9: exactly three steps are accepted, and of those only the ones after the
// last that was used.
func TestB9AcceptSet(t *testing.T) {
	secret := []byte("12345678901234567890")
	const now = 1000
	for step := int64(now - 5); step <= now+5; step++ {
		got, ok := totp.Match(secret, totp.Code(secret, step), now, 0)
		if want := step >= now-1 && step <= now+1; ok != want || ok && got != step {
			t.Errorf("step %+d: %v %d", step-now, ok, got)
		}
		for last := int64(now - 2); last <= now+2; last++ {
			_, ok := totp.Match(secret, totp.Code(secret, step), now, last)
			if want := step >= now-1 && step <= now+1 && step > last; ok != want {
				t.Errorf("step %+d after %+d: %v", step-now, last-now, ok)
			}
		}
	}
}

// A2: six ASCII digits are what remains once white space, hyphens and invisible
// characters are taken out; nothing is completed or transliterated.
func FuzzMatch(f *testing.F) {
	secret := []byte("12345678901234567890")
	const now = 1000
	code := totp.Code(secret, now)
	for _, text := range []string{code, code + " ", " " + code, code + "\n", "0" + code, "+" + code, code[:3] + " " + code[3:],
		code[:3] + "–" + code[3:],
		code[:3] + "\u200b" + code[3:], code[:3] + "." + code[3:], code[:5], "٠١٢٣٤٥", "", "\x00" + code} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		digits := typed.Code(text)
		good := digits == totp.Code(secret, now-1) || digits == code || digits == totp.Code(secret, now+1)
		if _, ok := totp.Match(secret, text, now, 0); ok != good {
			t.Errorf("%q: %v", text, ok)
		}
	})
}
