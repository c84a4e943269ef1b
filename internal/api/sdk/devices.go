package sdk

import (
	"errors"
	"slices"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/signin"
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
	var devices []MFADevice
	err := c.Read(func(tx *store.Tx) (err error) {
		devices, err = ownDevices(c, tx)
		return err
	})
	return MFADevices{Count: len(devices), Devices: devices}, err
}

// ownDevices are the user's authenticator apps, and the one that this session is
// enrolling.
func ownDevices(c *door.Call, tx *store.Tx) ([]MFADevice, error) {
	user, err := tx.User(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return nil, err
	}
	first := defaultFactor(user, rows)
	devices := []MFADevice{}
	for _, row := range rows {
		if row.Format == store.FormatTOTP {
			devices = append(devices, viewDevice(row, first))
		}
	}
	enrolment, err := tx.TOTPEnrolment(c.Tenant.ID, c.Session.UserID, c.Session.ID)
	if errors.Is(err, store.ErrNotFound) {
		return devices, nil
	}
	return append(devices, MFADevice{ID: enrolment.ID, Type: store.FormatTOTP, CreatedAt: enrolment.CreatedAt}), err
}

// defaultFactor is the factor that is offered first: the one the user chose,
// else the one added last.
func defaultFactor(user store.UserRow, rows []store.CredentialRow) string {
	last := ""
	for _, row := range rows {
		if account.IsFactor(row) {
			last = row.ID
			if row.ID == user.DefaultFactorID {
				return row.ID
			}
		}
	}
	return last
}

func viewDevice(row store.CredentialRow, first string) MFADevice {
	return MFADevice{
		ID: row.ID, Type: row.Format, Verified: true, Default: row.ID == first, CreatedAt: row.CreatedAt, VerifiedAt: &row.CreatedAt,
		Alias: row.PublicIdentifier, Provenance: row.Provenance, Confirmed: row.Confirmed(), Disputed: row.Disputed(),
	}
}

// ownFactor finds one of the user's own factors by its id.
func ownFactor(c *door.Call, tx *store.Tx, id string) (store.CredentialRow, error) {
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return store.CredentialRow{}, err
	}
	if i := slices.IndexFunc(rows, func(row store.CredentialRow) bool { return row.ID == id && account.IsFactor(row) }); i >= 0 {
		return rows[i], nil
	}
	return store.CredentialRow{}, fault.New(fault.MFADeviceNotFound, "You have no MFA device with this id.")
}

func getDevice(c *door.Call, _ door.None) (MFADevice, error) {
	var device MFADevice
	err := c.Read(func(tx *store.Tx) error {
		devices, err := ownDevices(c, tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(devices, func(d MFADevice) bool { return d.ID == c.Path("credentialId") })
		if i < 0 {
			return fault.New(fault.MFADeviceNotFound, "You have no MFA device with this id.")
		}
		device = devices[i]
		return nil
	})
	return device, err
}

// UpdateDeviceRequest makes a device the default, which is also what no body
// means, or gives it a name.
type UpdateDeviceRequest struct {
	Default *bool   `json:"default,omitempty"`
	Alias   *string `json:"alias,omitempty"`
}

func (a *API) updateDevice(c *door.Call, r UpdateDeviceRequest) (door.None, error) {
	defer a.Outbox.Nudge()
	return door.None{}, c.Write(func(tx *store.Tx) error {
		if _, err := tx.LockUser(c.Tenant.ID, c.Session.UserID); err != nil {
			return err
		}
		row, err := ownFactor(c, tx, c.Path("credentialId"))
		if err != nil {
			return err
		}
		if r.Alias != nil {
			if err := account.Rename(tx, c.By, c.Tenant, row, *r.Alias); err != nil {
				return err
			}
		}
		if r.Default != nil && !*r.Default || r.Default == nil && r.Alias != nil {
			return nil
		}
		if err := tx.SetDefaultFactor(c.Tenant.ID, c.Session.UserID, row.ID); err != nil {
			return err
		}
		return audit.Record(tx, c.By, "factor.made_default", audit.Detail{"credential_id": row.ID})
	})
}

func (a *API) deleteDevice(c *door.Call, _ door.None) (door.None, error) {
	id := c.Path("credentialId")
	return door.None{}, a.removeFactor(c, id, func(tx *store.Tx) error {
		_, err := ownFactor(c, tx, id)
		return err
	})
}

// removeFactor takes a factor away that is one of the user's own. Its gate asks for
// a token whatever the version: a means of proof was never free.
func (a *API) removeFactor(c *door.Call, id string, own func(*store.Tx) error) error {
	err := c.Write(func(tx *store.Tx) error {
		return signin.Remove(c.Caller, tx, id, own, c.Spending(stepup.CredentialUnlink, ""))
	})
	a.Outbox.Nudge()
	return err
}

// MFAMethods are all the user's second factors. Both lists are always there.
type MFAMethods struct {
	Devices                   []MFADevice `json:"devices"`
	Passkeys                  []Passkey   `json:"passkeys"`
	UserHasVerifiedMFAMethods bool        `json:"userHasVerifiedMfaMethods"`
}

func listMethods(c *door.Call, _ door.None) (MFAMethods, error) {
	methods := MFAMethods{}
	err := c.Read(func(tx *store.Tx) (err error) {
		if methods.Devices, err = ownDevices(c, tx); err != nil {
			return err
		}
		methods.Passkeys, err = ownPasskeys(c, tx)
		return err
	})
	if c.Query().Get("verifiedOnly") == "true" {
		methods.Devices = slices.DeleteFunc(methods.Devices, func(d MFADevice) bool { return !d.Verified })
	}
	methods.UserHasVerifiedMFAMethods = len(methods.Passkeys) > 0 ||
		slices.ContainsFunc(methods.Devices, func(d MFADevice) bool { return d.Verified })
	return methods, err
}
