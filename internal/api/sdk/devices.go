package sdk

import (
	"slices"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
)

// deviceRoutes list, name and remove second factors.
func (a *API) deviceRoutes() []door.Route {
	return []door.Route{
		{
			Method: "GET", Path: door.SDK + "/users/mfa", Section: "wire 10",
			Summary: "List MFA devices",
			Gate:    door.SignedIn(), Owing: true,
			Handler: door.Handle(listDevices),
		},
		{
			Method: "GET", Path: door.SDK + "/users/mfa/methods", Section: "wire 10",
			Summary: "List all second factors",
			Gate:    door.SignedIn(), Owing: true,
			Query:   []door.Param{{Name: "verifiedOnly", Type: "boolean", Summary: "Leave out what is being enrolled"}},
			Handler: door.Handle(listMethods),
		},
		{
			Method: "GET", Path: door.SDK + "/users/mfa/{credentialId}", Section: "wire 10",
			Summary: "Show an MFA device",
			Gate:    door.SignedIn(), Owing: true,
			Handler: door.Handle(getDevice),
		},
		{
			Method: "PUT", Path: door.SDK + "/users/mfa/{credentialId}", Section: "wire 10",
			Summary: "Make an MFA device the default, or name it",
			Gate:    door.SignedIn(), OptionalBody: true,
			Handler: door.Handle(a.updateDevice),
		},
		{
			Method: "DELETE", Path: door.SDK + "/users/mfa/{credentialId}", Section: "wire 10",
			Summary: "Remove an MFA device",
			Gate: door.Elevated(stepup.CredentialUnlink).For(policy.RemovesProof).
				OrMFAToken(environment.DeleteDevice).As(shadow.DeleteDevice),
			Handler: door.Handle(a.deleteDevice),
		},
	}
}

// MFADevice is an MFA device as clients read it (wire reference 10).
type MFADevice struct {
	ID         string     `json:"id"`
	Type       string     `json:"type"`
	Verified   bool       `json:"verified"`
	Default    bool       `json:"default"`
	CreatedAt  time.Time  `json:"createdAt"`
	VerifiedAt *time.Time `json:"verifiedAt,omitempty"` // absent while it is being enrolled
	Alias      string     `json:"alias,omitempty"`
	Provenance string     `json:"provenance,omitempty"` // ours, like confirmed
	Confirmed  bool       `json:"confirmed"`
	Disputed   bool       `json:"disputed"` // somebody said it was not the user's, and nobody has decided
}

// MFADevices lists MFA devices. Passkeys have a list of their own.
type MFADevices struct {
	Count   int         `json:"count"`
	Devices []MFADevice `json:"devices"`
}

func listDevices(c *door.Call, _ door.None) (MFADevices, error) {
	apps, err := ownApps(c)
	devices := viewDevices(apps)
	return MFADevices{Count: len(devices), Devices: devices}, err
}

func ownApps(c *door.Call) (apps account.Apps, err error) {
	err = c.Read(func(tx *store.Tx) error {
		apps, err = account.OwnApps(c.Caller, tx)
		return err
	})
	return apps, err
}

// viewDevices shows the user's authenticator apps, and the one that this session is
// enrolling.
func viewDevices(apps account.Apps) []MFADevice {
	devices := []MFADevice{}
	for _, row := range apps.Apps {
		devices = append(devices, viewDevice(row, apps.Default))
	}
	if e := apps.Enrolling; e != nil {
		devices = append(devices, MFADevice{ID: e.ID, Type: store.FormatTOTP, CreatedAt: e.CreatedAt})
	}
	return devices
}

func viewDevice(row store.CredentialRow, first string) MFADevice {
	return MFADevice{
		ID: row.ID, Type: row.Format, Verified: true, Default: row.ID == first, CreatedAt: row.CreatedAt, VerifiedAt: &row.CreatedAt,
		Alias: row.PublicIdentifier, Provenance: row.Provenance, Confirmed: row.Confirmed(), Disputed: row.Disputed(),
	}
}

func getDevice(c *door.Call, _ door.None) (MFADevice, error) {
	list, err := listDevices(c, door.None{})
	if err != nil {
		return MFADevice{}, err
	}
	i := slices.IndexFunc(list.Devices, func(d MFADevice) bool { return d.ID == c.Path("credentialId") })
	if i < 0 {
		return MFADevice{}, account.NoDevice()
	}
	return list.Devices[i], nil
}

// UpdateDeviceRequest makes a device the default, which is also what no body
// means, or gives it a name.
type UpdateDeviceRequest struct {
	Default *bool   `json:"default,omitempty"`
	Alias   *string `json:"alias,omitempty"`
}

func (a *API) updateDevice(c *door.Call, r UpdateDeviceRequest) (door.None, error) {
	first := r.Alias == nil
	if r.Default != nil {
		first = *r.Default
	}
	return door.None{}, c.Write(func(tx *store.Tx) error {
		return account.Describe(c.Caller, tx, c.Path("credentialId"), r.Alias, first)
	})
}

func (a *API) deleteDevice(c *door.Call, _ door.None) (door.None, error) {
	id := c.Path("credentialId")
	return door.None{}, a.removeFactor(c, id, func(tx *store.Tx) error {
		_, err := account.OwnFactor(c.Caller, tx, id)
		return err
	})
}

// MFAMethods are all the user's second factors. Both lists are always there.
type MFAMethods struct {
	Devices                   []MFADevice `json:"devices"`
	Passkeys                  []Passkey   `json:"passkeys"`
	UserHasVerifiedMFAMethods bool        `json:"userHasVerifiedMfaMethods"`
}

func listMethods(c *door.Call, _ door.None) (MFAMethods, error) {
	var apps account.Apps
	var passkeys []account.Passkey
	err := c.Read(func(tx *store.Tx) (err error) {
		if apps, err = account.OwnApps(c.Caller, tx); err != nil {
			return err
		}
		passkeys, err = account.OwnPasskeys(c.Caller, tx)
		return err
	})
	methods := MFAMethods{Devices: viewDevices(apps), Passkeys: viewPasskeys(passkeys)}
	if c.Query().Get("verifiedOnly") == "true" {
		methods.Devices = slices.DeleteFunc(methods.Devices, func(d MFADevice) bool { return !d.Verified })
	}
	methods.UserHasVerifiedMFAMethods = len(passkeys) > 0 || len(apps.Apps) > 0
	return methods, err
}
