package attack_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// device is a key that signs nonces, as a browser's keychain does.
type device struct{ *ecdsa.PrivateKey }

func newDevice(t *testing.T) device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return device{key}
}

func (d device) public() string {
	return hex.EncodeToString(elliptic.MarshalCompressed(elliptic.P256(), d.X, d.Y))
}

func (d device) signature(t *testing.T, text string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, d.PrivateKey, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return hex.EncodeToString(raw)
}

// sign adds the three headers of wire reference 1.4.
func (d device) sign(t *testing.T, nonce string, to http.Header) http.Header {
	t.Helper()
	return deviceHeader(to, nonce, d.public(), d.signature(t, nonce))
}

func deviceHeader(to http.Header, nonce, key, signature string) http.Header {
	header := to.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("x-dynamic-device-nonce", nonce)
	header.Set("x-dynamic-device-publickey", key)
	header.Set("x-dynamic-device-signed-nonce", signature)
	return header
}

func (s scene) nonce(t testing.TB, environment string) string {
	t.Helper()
	return s.Do(t, "GET", servertest.SDK(environment)+"/nonce", nil, nil).Want(t, 200, "").Member("nonce")
}

// signInWith signs in with a device signature.
func (s scene) signInWith(t *testing.T, key device, email string) (token string) {
	t.Helper()
	id, code := s.SendCode(t, servertest.A, email, nil)
	header := key.sign(t, s.nonce(t, servertest.A), nil)
	return s.Do(t, "POST", sdk("/emailVerifications/signin"), header, typed(id, code)).Want(t, 200, "").Member("minifiedJwt")
}

// Wire reference 1.4: whoever stole the session token of a device-bound session
// has not got the device.
func TestDeviceBoundSession(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		mine, thief := newDevice(t), newDevice(t)
		token := servertest.Bearer(s.signInWith(t, mine, "bound@example.com"))
		refresh := func(header http.Header) servertest.Response { return s.Do(t, "POST", sdk("/refresh"), header, nil) }

		refresh(mine.sign(t, s.nonce(t, servertest.A), token)).Want(t, 200, "")
		refresh(token).Want(t, 403, "device_signature_required")
		refresh(thief.sign(t, s.nonce(t, servertest.A), token)).Want(t, 403, "invalid_device_signature")
		fresh := s.nonce(t, servertest.A)
		refresh(deviceHeader(token, fresh, mine.public(), thief.signature(t, fresh))).Want(t, 403, "invalid_device_signature")

		id, code := s.SendCode(t, servertest.A, "bound@example.com", token)
		verify := func(header http.Header) servertest.Response {
			return s.Do(t, "POST", sdk("/emailVerifications/verify"), header, typed(id, code, transfer))
		}
		verify(token).Want(t, 403, "device_signature_required")
		verify(thief.sign(t, s.nonce(t, servertest.A), token)).Want(t, 403, "invalid_device_signature")
		verify(mine.sign(t, s.nonce(t, servertest.A), token)).Want(t, 200, "")

		// Published clients sign on no other path, so none is asked for there.
		s.Do(t, "GET", sdk("/users"), token, nil).Want(t, 200, "")
		s.Do(t, "GET", sdk("/session"), token, nil).Want(t, 200, "")
		s.Do(t, "POST", sdk("/stepUp/check"), token, m{"scope": transfer}).Want(t, 200, "")
		s.Do(t, "POST", sdk("/revoke"), token, nil).Want(t, 204, "")

		// A session without a device may do without, and a signature it sends must hold.
		plain := s.SignIn(t, servertest.A, "plain@example.com").Header()
		refresh(plain).Want(t, 200, "")
		refresh(mine.sign(t, s.nonce(t, servertest.A), plain)).Want(t, 200, "")
		fresh = s.nonce(t, servertest.A)
		refresh(deviceHeader(plain, fresh, mine.public(), thief.signature(t, fresh))).Want(t, 403, "invalid_device_signature")
		refresh(plain).Want(t, 200, "")
	})
}

// Wire reference 1.4: signatures that do not hold are refused, and the nonce is burnt.
func TestDeviceSignatureForged(t *testing.T) {
	t.Parallel()
	s := start(t)
	mine, thief := newDevice(t), newDevice(t)
	user := s.SignIn(t, servertest.A, "forged@example.com").Header()
	refresh := func(header http.Header) servertest.Response { return s.Do(t, "POST", sdk("/refresh"), header, nil) }

	for name, forge := range map[string]func(nonce string) http.Header{
		"signature by another key": func(n string) http.Header { return deviceHeader(user, n, mine.public(), thief.signature(t, n)) },
		"signature of another text": func(n string) http.Header {
			return deviceHeader(user, n, mine.public(), mine.signature(t, n+" "))
		},
		"no signature":      func(n string) http.Header { return deviceHeader(user, n, mine.public(), "") },
		"zero signature":    func(n string) http.Header { return deviceHeader(user, n, mine.public(), strings.Repeat("0", 128)) },
		"short signature":   func(n string) http.Header { return deviceHeader(user, n, mine.public(), mine.signature(t, n)[:126]) },
		"long signature":    func(n string) http.Header { return deviceHeader(user, n, mine.public(), mine.signature(t, n)+"00") },
		"signature not hex": func(n string) http.Header { return deviceHeader(user, n, mine.public(), strings.Repeat("z", 128)) },
		"no key":            func(n string) http.Header { return deviceHeader(user, n, "", mine.signature(t, n)) },
		"key off the curve": func(n string) http.Header {
			return deviceHeader(user, n, "02"+strings.Repeat("f", 64), mine.signature(t, n))
		},
		"key at infinity":    func(n string) http.Header { return deviceHeader(user, n, "00", mine.signature(t, n)) },
		"key uncompressed":   func(n string) http.Header { return deviceHeader(user, n, "04"+mine.public(), mine.signature(t, n)) },
		"key of other curve": func(n string) http.Header { return deviceHeader(user, n, mine.public()[:64], mine.signature(t, n)) },
	} {
		nonce := s.nonce(t, servertest.A)
		refresh(forge(nonce)).Want(t, 403, "invalid_device_signature")
		if r := refresh(mine.sign(t, nonce, user)); r.Status != 403 {
			t.Errorf("%s: the nonce was not burnt: %d", name, r.Status)
		}
	}

	good := s.nonce(t, servertest.A)
	for name, nonce := range map[string]string{
		"none": "", "invented": strings.Repeat("a", 64), "of another environment": s.nonce(t, servertest.B),
		"upper case": strings.ToUpper(good), "cut off": good[:len(good)-1], "longer": good + "a", "altered": flip(good, 3),
		"nul": "\u0001" + good, "huge": strings.Repeat("a", 8<<10),
	} {
		if r := refresh(deviceHeader(user, strings.Map(printable, nonce), mine.public(), mine.signature(t, nonce))); r.Status != 403 ||
			r.Code != "invalid_device_signature" {
			t.Errorf("nonce %s: got %d %s", name, r.Status, r.Code)
		}
	}
	old := mine.sign(t, s.nonce(t, servertest.A), user)
	s.Clock.Advance(24*time.Hour + time.Second)
	late := s.SignIn(t, servertest.A, "forged@example.com").Header()
	for name := range late {
		old[name] = late[name]
	}
	refresh(old).Want(t, 403, "invalid_device_signature")

	// A nonce of one environment is good only there.
	elsewhere := s.SignIn(t, servertest.B, "forged@example.com")
	s.Do(t, "POST", elsewhere.Path("/refresh"), mine.sign(t, s.nonce(t, servertest.A), elsewhere.Header()), nil).
		Want(t, 403, "invalid_device_signature")
	s.Do(t, "POST", elsewhere.Path("/refresh"), mine.sign(t, s.nonce(t, servertest.B), elsewhere.Header()), nil).Want(t, 200, "")
}

// printable keeps what an HTTP header may carry.
func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return '!'
	}
	return r
}

// flip changes one character to another of the same alphabet.
func flip(text string, i int) string {
	other := byte('a')
	if text[i] == 'a' {
		other = 'b'
	}
	return text[:i] + string(other) + text[i+1:]
}
