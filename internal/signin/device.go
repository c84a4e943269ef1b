package signin

import (
	"errors"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// arrive finds out on which device a session is about to be opened, where the
// environment minds.
func arrive(c who.Caller, tx *store.Tx, d session.Device, isNew bool) (session.Device, error) {
	if !c.Tenant.RegistersDevices() {
		return d, nil
	}
	id, waits, err := account.Arrive(c, tx, shown(d), isNew)
	d.RegistrationID = id
	if waits {
		d.Waits = account.UnregisteredLife
	}
	return d, err
}

func shown(d session.Device) account.Device {
	return account.Device{Identity: d.Identity, UserAgent: d.UserAgent}
}

// RegisterDevice registers the device of the caller's session by the link that was mailed
// for it, and opens the session that follows.
func RegisterDevice(c who.Caller, tx *store.Tx, d session.Device, link secret.Text) (Signed, error) {
	if !c.Session.Unregistered || !c.Tenant.RegistersDevices() {
		return Signed{}, account.BadDeviceLink()
	}
	if d.Identity == "" {
		return Signed{}, fault.New(fault.DeviceSignatureNeeded,
			"Say which device it is: sign a fresh nonce with its key and send the x-dynamic-device headers.")
	}
	id, err := account.RegisterDevice(c, tx, shown(d), link)
	if err != nil {
		return Signed{}, err
	}
	return goOn(c, tx, d, id)
}

// Recognise opens the session that follows the caller's, which waits for its device to
// be registered, if that is one of the user's by now or said only now what it is; else
// it is store.ErrNotFound.
func Recognise(c who.Caller, tx *store.Tx, d session.Device) (Signed, error) {
	if !c.Session.Unregistered || !c.Tenant.RegistersDevices() {
		return Signed{}, store.ErrNotFound
	}
	id, err := account.KnowDevice(c, tx, shown(d))
	if err != nil {
		return Signed{}, err
	}
	return goOn(c, tx, d, id)
}

func goOn(c who.Caller, tx *store.Tx, d session.Device, registrationID string) (Signed, error) {
	row, err := session.Continue(c, tx, registrationID, d.DevicePublicKey)
	if errors.Is(err, store.ErrNotFound) {
		return Signed{}, fault.New(fault.InvalidSession, "This session is over. Sign in again.")
	}
	if err != nil {
		return Signed{}, err
	}
	known, err := account.Know(tx, row)
	if err != nil {
		return Signed{}, err
	}
	return As(c.In(c.Tenant, row), known)
}
