package door

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/nonce"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
)

// verifyDevice checks the device-signature headers on the routes that carry
// them. Sent, they must hold, whoever sends them; a session that was opened
// with one must go on signing with the same key, so a stolen session token is
// of no use there without the device.
func verifyDevice(c *Call) error {
	if !c.route.Device {
		return nil
	}
	nonceText, signature := c.Header("x-dynamic-device-nonce"), c.Header("x-dynamic-device-signed-nonce")
	key := strings.ToLower(c.Header("x-dynamic-device-publickey"))
	if nonceText == "" && key == "" && signature == "" {
		if c.Session != nil && c.Session.DevicePublicKey != "" {
			return fault.New(fault.DeviceSignatureNeeded,
				"This session was opened with a device key. Sign a fresh nonce with it and send the x-dynamic-device headers.")
		}
		return nil
	}
	bad := fault.New(fault.InvalidDeviceSignature,
		"The device signature does not hold. Fetch a fresh nonce, sign it with the session's device key and try again.")
	if c.Session != nil && c.Session.DevicePublicKey != "" && c.Session.DevicePublicKey != key {
		return bad.Because(errors.New("another device key"))
	}
	if c.arrival.device != "" { // the request is run again; its nonce is burnt
		c.device = c.arrival.device
		return nil
	}
	// The nonce is burnt even when the signature turns out wrong.
	err := c.Write(func(tx *store.Tx) error { return nonce.Spend(tx, c.Tenant.ID, nonceText) })
	if errors.Is(err, nonce.ErrInvalid) {
		return bad.Because(err)
	}
	if err != nil {
		return err
	}
	if err := verifyP256(key, nonceText, signature); err != nil {
		return bad.Because(err)
	}
	c.device, c.arrival.device = key, key
	return nil
}

// Device is what a session that the call opens is told of the client: its
// origin, the keys it announced, in the body or in a header, and its version.
func (c *Call) Device(sessionPublicKey string) (session.Device, error) {
	key := strings.ToLower(cmp.Or(sessionPublicKey, c.Header("x-dyn-session-public-key")))
	if key != "" {
		if _, err := parseP256(key); err != nil {
			return session.Device{}, fault.New(fault.InvalidRequest,
				"The session public key is not a compressed P-256 point in hex.").Because(err)
		}
	}
	d := c.ThisDevice()
	d.Origin, d.SessionPublicKey, d.SDKVersion = c.Origin, key, sdkVersion(c.Header("x-dyn-version"))
	return d, nil
}

// ThisDevice is what the request proves of the device it comes from.
func (c *Call) ThisDevice() session.Device {
	d := session.Device{DevicePublicKey: c.device}
	if c.Tenant.RegistersDevices() {
		d.Identity, d.UserAgent = c.deviceIdentity(), c.Header("User-Agent")
	}
	return d
}

// deviceIdentity is what the request proves of the device it comes from: the key that
// signed for it or, in cookie mode, the secret in a cookie of its own. A browser that
// has none gets one with the answer. Empty: nothing is proven.
func (c *Call) deviceIdentity() string {
	if c.device != "" {
		return "key:" + c.device
	}
	if !c.Tenant.Auth.Cookies() {
		return ""
	}
	hasher := c.door.DB.Hasher()
	value := ""
	if found := c.arrival.request.CookiesNamed(deviceCookieName(c.Tenant)); len(found) == 1 {
		value = found[0].Value
	}
	if !ourCookie(hasher, c.Tenant.ID, value) {
		value = newDeviceSecret(hasher, c.Tenant.ID)
	}
	c.deviceCookie = deviceCookie(c.Tenant, value)
	return "cookie:" + hex.EncodeToString(hasher.Sum("device", c.Tenant.ID, value))
}

// sdkVersion is what the client says of itself. It is counted, never trusted.
func sdkVersion(header string) string {
	header = header[:min(len(header), 64)]
	for _, b := range []byte(header) {
		if b < ' ' || b > '~' {
			return ""
		}
	}
	return header
}

// verifyP256 checks a raw r‖s ECDSA signature in hex, by a compressed P-256
// key in hex, over the UTF-8 of text (wire reference 1.4).
func verifyP256(keyHex, text, signatureHex string) error {
	key, err := parseP256(keyHex)
	if err != nil {
		return err
	}
	signature, err := hex.DecodeString(signatureHex)
	if err != nil || len(signature) != 64 {
		return errors.New("signature is not 64 bytes of hex")
	}
	digest := sha256.Sum256([]byte(text))
	if !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return errors.New("signature does not match")
	}
	return nil
}

func parseP256(keyHex string) (*ecdsa.PublicKey, error) {
	raw, err := hex.DecodeString(keyHex)
	if err != nil || len(raw) != 33 {
		return nil, errors.New("key is not a compressed P-256 point in hex")
	}
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), raw)
	if x == nil {
		return nil, errors.New("key is not on P-256")
	}
	point := slices.Concat([]byte{4}, x.FillBytes(make([]byte, 32)), y.FillBytes(make([]byte, 32)))
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
}
