package account

import (
	"crypto/rand"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// What docs/limits.md publishes of devices.
const (
	// DeviceLinkLife is how long a link registers a device.
	DeviceLinkLife = 10 * time.Minute
	// UnregisteredLife is how long a session lives that waits for its device to be
	// registered; no refresh prolongs it.
	UnregisteredLife = 30 * time.Minute
	// maxDevices is how many a user has; a further one takes the place of that which
	// was used longest ago.
	maxDevices = 50
)

// deviceLinks bounds the mail that whoever knows how somebody signs in can cause.
var deviceLinks = []environment.Rate{
	{Count: 5, Per: environment.Duration(10 * time.Minute)},
	{Count: 20, Per: environment.Duration(24 * time.Hour)},
}

// Device is a device as a request shows it.
type Device struct {
	Identity  string // what it has just proved to be: "key:" and its public key, or "cookie:" and a hash; empty: nothing
	UserAgent string
}

// Arrive says on which registered device a user signs in, empty for none, or that the
// sign-in has to wait for its device to be registered. The device of a new user is
// registered at once: there is nobody yet whom it could be kept from. A user without a
// confirmed email address is asked nothing, because nobody could ask them, and no device
// is registered.
func Arrive(c who.Caller, tx *store.Tx, d Device, isNew bool) (registrationID string, waits bool, err error) {
	if d.Identity != "" {
		id, err := tx.RecogniseDevice(c.Tenant.ID, c.UserID(), d.Identity)
		if !errors.Is(err, store.ErrNotFound) {
			return id, false, err
		}
	}
	if isNew && d.Identity == "" {
		return "", false, nil
	}
	if isNew {
		id, err := register(c, tx, d, "sign_up")
		return id, false, err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return "", false, err
	}
	_, waits = deviceAddress(rows)
	return "", waits, nil
}

// deviceAddress is where the link goes that registers a device: the oldest confirmed
// email address, one that no dispute withholds if there is any.
func deviceAddress(rows []store.CredentialRow) (address store.CredentialRow, ok bool) {
	withheld := Withheld(rows)
	for _, row := range rows {
		switch {
		case row.Format != store.FormatEmail || !row.Confirmed():
		case !slices.Contains(withheld, row.ID):
			return row, true
		case !ok:
			address, ok = row, true
		}
	}
	return address, ok
}

// MailDeviceLink mails the link that registers the device of the caller's session, which
// waits for it.
func MailDeviceLink(c who.Caller, tx *store.Tx, d Device) error {
	for i, rate := range deviceLinks {
		key := limit.For(tx, "device-links", c.Tenant.ID, c.UserID(), time.Duration(rate.Per).String())
		if ok, wait, err := limit.Take(tx, key, rate); err != nil || !ok {
			if err == nil {
				err = fault.AtLimit("device_links", fault.RateLimited,
					"%d links to register a device were mailed to this account lately. Use the newest, or sign in on a device that is "+
						"registered.", deviceLinks[i].Count).After(wait)
			}
			return err
		}
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	address, ok := deviceAddress(rows)
	if !ok {
		return errors.New("mailing the link that registers a device: no address")
	}
	text := secret.Text(rand.Text())
	err = tx.InsertDeviceLink(store.DeviceLinkRow{
		Hash: hashDeviceLink(tx, text), EnvironmentID: c.Tenant.ID, UserID: c.UserID(), SessionID: c.Session.ID, Identity: d.Identity,
		ExpiresAt: tx.Now().Add(DeviceLinkLife),
	})
	if err != nil {
		return err
	}
	style, err := StyleFor(c, tx, c.UserID())
	if err != nil {
		return err
	}
	message := deliver.RegisterDevice(deliver.DeviceLink{
		Notice: deliver.Notice{
			AppName: c.Tenant.Mail.AppName, From: c.Tenant.MailFrom, To: address.PublicIdentifier, At: tx.Now(), UserAgent: d.UserAgent,
			Style: style,
		},
		URL: deviceLinkURL(c.Tenant, c.Session.Origin, text), ValidFor: DeviceLinkLife,
	})
	if err := outbox.Enqueue(tx, c.Tenant.ID, message, DeviceLinkLife); err != nil {
		return err
	}
	return audit.Record(tx, c.By, "device.link_sent", audit.Detail{"credential_id": address.ID})
}

// deviceLinkURL leads to a page of the app that the environment lists: on the origin
// that signs in, if it can.
func deviceLinkURL(t *tenant.Tenant, origin string, text secret.Text) string {
	pages := slices.Clone(t.Sessions.DeviceRegistrationURIs)
	for _, listed := range t.RedirectOrigins {
		pages = append(pages, listed+"/")
	}
	page := pages[0]
	if i := slices.IndexFunc(pages, func(page string) bool { return environment.OriginOf(page) == origin }); i >= 0 {
		page = pages[i]
	}
	separator := "?"
	if strings.Contains(page, "?") {
		separator = "&"
	}
	return page + separator + "deviceRegistrationToken=" + url.QueryEscape(text.Reveal())
}

func hashDeviceLink(tx *store.Tx, text secret.Text) []byte {
	return tx.Hasher().Sum("device-link", text.Reveal())
}

// RegisterDevice makes the caller's device one of the user's own, by the link that was
// mailed for the caller's session, and tells the user's addresses.
func RegisterDevice(c who.Caller, tx *store.Tx, d Device, link secret.Text) (registrationID string, err error) {
	if _, err := Hold(c, tx); err != nil {
		return "", err
	}
	err = tx.ConsumeDeviceLink(store.DeviceLinkRow{
		Hash: hashDeviceLink(tx, link), EnvironmentID: c.Tenant.ID, UserID: c.Session.UserID, SessionID: c.Session.ID, Identity: d.Identity,
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", BadDeviceLink()
	}
	if err != nil {
		return "", err
	}
	id, err := register(c, tx, d, "link")
	if err != nil {
		return "", err
	}
	return id, tellOfDevice(c, tx, d.UserAgent, News{deliver.DeviceRegistered, deliver.DeviceRegisteredText})
}

// BadDeviceLink refuses a link that does not register the caller's device. It does not
// say why: whose link it is, is nobody else's business.
func BadDeviceLink() *fault.Error {
	return fault.New(fault.InvalidDeviceRegistration,
		"This link is used, expired, or was mailed for another browser or sign-in. Sign out, sign in again and open the new link here.")
}

// KnowDevice is the caller's device if the user has registered it; ErrNotFound else.
func KnowDevice(c who.Caller, tx *store.Tx, d Device) (registrationID string, err error) {
	if _, err := Hold(c, tx); err != nil {
		return "", err
	}
	if d.Identity == "" {
		return "", store.ErrNotFound
	}
	return tx.RecogniseDevice(c.Tenant.ID, c.Session.UserID, d.Identity)
}

func register(c who.Caller, tx *store.Tx, d Device, by string) (string, error) {
	have, err := tx.Devices(c.Tenant.ID, c.UserID())
	if err != nil {
		return "", err
	}
	if len(have) >= maxDevices {
		oldest := slices.MinFunc(have, func(a, b store.DeviceRegistrationRow) int { return a.LastUsedAt.Compare(b.LastUsedAt) })
		if err := tx.ForgetDevice(c.Tenant.ID, c.UserID(), oldest.ID, "device replaced"); err != nil {
			return "", err
		}
		if err := audit.Record(tx, c.By, "device.revoked", audit.Detail{"device_id": oldest.ID, "why": "too many"}); err != nil {
			return "", err
		}
	}
	id, err := tx.RegisterDevice(store.DeviceRegistrationRow{
		ID: uuid.NewString(), EnvironmentID: c.Tenant.ID, UserID: c.UserID(), Identity: d.Identity, UserAgent: shortAgent(d.UserAgent),
	})
	if err != nil {
		return "", err
	}
	return id, audit.Record(tx, c.By, "device.registered", audit.Detail{"device_id": id, "by": by})
}

// shortAgent is as much of what a browser says of itself as is kept.
func shortAgent(userAgent string) string {
	const most = 256
	seen := strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, userAgent)
	if len(seen) > most {
		seen = strings.ToValidUTF8(seen[:most], "")
	}
	return seen
}

// RevokeDevice makes one of the caller's devices unknown again and ends its sessions.
func RevokeDevice(c who.Caller, tx *store.Tx, id string) error {
	if _, err := Hold(c, tx); err != nil {
		return err
	}
	have, err := tx.Devices(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(have, func(d store.DeviceRegistrationRow) bool { return d.ID == id })
	if i < 0 {
		return fault.New(fault.DeviceNotRegistered, "You have no registered device with this id.")
	}
	if err := tx.ForgetDevice(c.Tenant.ID, c.Session.UserID, id, "device revoked"); err != nil {
		return err
	}
	if err := audit.Record(tx, c.By, "device.revoked", audit.Detail{"device_id": id}); err != nil {
		return err
	}
	return tellOfDeviceGone(c, tx, deliver.Thing{Kind: deliver.Agent, Shown: have[i].UserAgent})
}

// RevokeDevices makes all of the caller's devices unknown again and ends all sessions.
func RevokeDevices(c who.Caller, tx *store.Tx) error {
	if _, err := Hold(c, tx); err != nil {
		return err
	}
	n, err := tx.ForgetDevices(c.Tenant.ID, c.Session.UserID, "")
	if err != nil {
		return err
	}
	sessions, err := tx.RevokeSessions(c.Tenant.ID, c.Session.UserID, "all devices revoked")
	if err != nil {
		return err
	}
	if err := audit.Record(tx, c.By, "devices.revoked", audit.Detail{"count": n, "sessions_revoked": sessions}); err != nil || n == 0 {
		return err
	}
	return tellOfDeviceGone(c, tx, deliver.Thing{Kind: deliver.EveryDevice})
}

func tellOfDeviceGone(c who.Caller, tx *store.Tx, what deliver.Thing) error {
	return tellOfDevice(c, tx, "", News{
		func(n deliver.Notice) deliver.Message { return deliver.DeviceRevoked(n, what) },
		func(n deliver.Notice) deliver.Text { return deliver.DeviceRevokedText(n, what) },
	})
}

// tellOfDevice writes to all confirmed addresses, with a link that ends all sessions and
// forgets all devices.
func tellOfDevice(c who.Caller, tx *store.Tx, userAgent string, news News) error {
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(row store.CredentialRow) bool { return !row.Confirmed() })
	return tell(c, tx, rows, change{userAgent: userAgent}, news)
}

// forgetDevices makes the user's devices unknown again, but for one, because something
// is amiss, and says how many there were. Environments that register no devices have none.
func forgetDevices(c who.Caller, tx *store.Tx, except string) (int64, error) {
	if !c.Tenant.RegistersDevices() {
		return 0, nil
	}
	n, err := tx.ForgetDevices(c.Tenant.ID, c.UserID(), except)
	if err != nil || n == 0 {
		return n, err
	}
	return n, audit.Record(tx, c.By, "devices.revoked", audit.Detail{"count": n})
}

// Unregistered reports whether the session waits for its device to be registered, and
// may do nothing else. It does so whatever the environment asks for by now: nobody has
// opened its link.
func (k Known) Unregistered() bool { return k.session.Unregistered }

// Registering refuses what a session may not do that waits for its device.
func Registering() *fault.Error {
	return fault.New(fault.DeviceRegistrationRequired,
		"You signed in on a device that is not registered. Open the link that was mailed to you, in this browser.")
}
