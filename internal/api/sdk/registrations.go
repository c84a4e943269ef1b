package sdk

import (
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

const deviceTokenHeader = "x-dynamic-device-registration-token"

// registrationRoutes register the devices that a user signs in on, list and revoke them.
func (a *API) registrationRoutes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/deviceRegistration", Section: "wire 16",
			Summary: "Register the device of the session, by the link that was mailed for it",
			Gate:    door.SignedIn(), Owing: true, Unregistered: true, Device: true,
			Headers: []door.Param{{Name: deviceTokenHeader, Type: "string", Summary: "The link's deviceRegistrationToken"}},
			Handler: door.Handle(a.registerDevice),
		},
		{
			Method: "GET", Path: door.SDK + "/deviceRegistrations", Section: "wire 16",
			Summary: "List the registered devices",
			Gate:    door.SignedIn(), Device: true,
			Handler: door.Handle(listRegistrations),
		},
		{
			Method: "DELETE", Path: door.SDK + "/deviceRegistrations/{deviceRegistrationId}", Section: "wire 16",
			Summary: "Revoke a registered device and end its sessions",
			Gate:    door.SignedIn(), Device: true,
			Handler: door.Handle(a.revokeRegistration),
		},
		{
			Method: "DELETE", Path: door.SDK + "/deviceRegistrations", Section: "wire 16",
			Summary: "Revoke all registered devices and end all sessions",
			Gate:    door.SignedIn(), Device: true,
			Handler: door.Handle(a.revokeRegistrations),
		},
	}
}

func (a *API) registerDevice(c *door.Call, _ door.None) (VerifyResponse, error) {
	link := secret.Text(c.Header(deviceTokenHeader))
	if link == "" {
		return VerifyResponse{}, account.BadDeviceLink()
	}
	device := c.ThisDevice()
	var signed signin.Signed
	err := c.Write(func(tx *store.Tx) (err error) {
		signed, err = signin.RegisterDevice(c.Caller, tx, device, link)
		return err
	})
	if err != nil {
		return VerifyResponse{}, err
	}
	return a.verified(c, signed)
}

// DeviceRegistration is a registered device.
type DeviceRegistration struct {
	ID              string    `json:"id"`
	CreatedAt       time.Time `json:"createdAt"`
	LastUsedAt      time.Time `json:"lastUsedAt"`          // ours: when somebody last signed in on it
	UserAgent       string    `json:"userAgent,omitempty"` // of the request that registered it
	IsCurrentDevice bool      `json:"isCurrentDevice"`
}

// DeviceRegistrations lists registered devices, newest first.
type DeviceRegistrations struct {
	Count               int                  `json:"count"`
	DeviceRegistrations []DeviceRegistration `json:"deviceRegistrations"`
}

func listRegistrations(c *door.Call, _ door.None) (DeviceRegistrations, error) {
	var rows []store.DeviceRegistrationRow
	err := c.Read(func(tx *store.Tx) (err error) {
		rows, err = tx.Devices(c.Tenant.ID, c.Session.UserID)
		return err
	})
	list := DeviceRegistrations{Count: len(rows), DeviceRegistrations: []DeviceRegistration{}}
	for _, row := range rows {
		list.DeviceRegistrations = append(list.DeviceRegistrations, DeviceRegistration{
			ID: row.ID, CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt, UserAgent: row.UserAgent,
			IsCurrentDevice: row.ID == c.Session.DeviceRegistrationID,
		})
	}
	return list, err
}

// DeviceRevoked says whether the session that asked is over now.
type DeviceRevoked struct {
	CurrentDeviceRevoked bool `json:"currentDeviceRevoked"`
}

func (a *API) revokeRegistration(c *door.Call, _ door.None) (DeviceRevoked, error) {
	id := c.Path("deviceRegistrationId")
	err := c.Write(func(tx *store.Tx) error { return account.RevokeDevice(c.Caller, tx, id) })
	if err != nil {
		return DeviceRevoked{}, err
	}
	current := id == c.Session.DeviceRegistrationID
	if current {
		c.Forget()
	}
	return DeviceRevoked{current}, nil
}

func (a *API) revokeRegistrations(c *door.Call, _ door.None) (DeviceRevoked, error) {
	if err := c.Write(func(tx *store.Tx) error { return account.RevokeDevices(c.Caller, tx) }); err != nil {
		return DeviceRevoked{}, err
	}
	c.Forget()
	return DeviceRevoked{true}, nil
}
