package admin

import (
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// recoveryRoutes set addresses of users, which count for nothing, and ask for recoveries by
// them. None approves one: that is for people, in the console or on the host.
func (a *API) recoveryRoutes() []door.Route {
	const environment = door.Admin + "/environments/{environmentId}"
	return []door.Route{
		{
			Method: "POST", Path: environment + "/users/{userId}/addresses", Section: "ours",
			Summary: "Set an address of a user, which counts for nothing until the user confirms it",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(addAddress),
		},
		{
			Method: "POST", Path: environment + "/users/{userId}/recoveries", Section: "ours",
			Summary: "Ask for a recovery by an address that was set, which two people must approve",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(requestRecovery),
		},
		{
			Method: "GET", Path: environment + "/recoveries", Section: "ours",
			Summary: "List the open recoveries, oldest first",
			Gate:    door.Service(serviceauth.UsersRead),
			Query:   []door.Param{{Name: "after", Type: "string", Summary: "The member next of the page before"}},
			Handler: door.Handle(listRecoveries),
		},
		{
			Method: "POST", Path: environment + "/recoveries/{recoveryId}/stop", Section: "ours",
			Summary: "Stop an open recovery",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(stopRecovery),
		},
	}
}

// AddedAddress is the credential that was made of an address.
type AddedAddress struct {
	CredentialID string `json:"credentialId"`
}

func addAddress(c *door.Call, r operate.NewAddress) (added AddedAddress, err error) {
	err = c.Write(func(tx *store.Tx) error {
		added.CredentialID, err = operate.AddAddress(c.Caller, tx, c.Tenant.ID, c.Path("userId"), r)
		return err
	})
	return added, userNotFound(err)
}

func requestRecovery(c *door.Call, r operate.UserRecoveryRequest) (recovery operate.UserRecovery, err error) {
	err = c.Write(func(tx *store.Tx) error {
		recovery, err = operate.RequestRecovery(c.Caller, tx, c.Tenant.ID, c.Path("userId"), r)
		return err
	})
	return recovery, userNotFound(err)
}

// RecoveryList is a page of recoveries.
type RecoveryList struct {
	Recoveries []operate.UserRecovery `json:"recoveries"`
	Next       string                 `json:"next,omitempty"` // what to ask for the page behind it by
}

func listRecoveries(c *door.Call, _ door.None) (list RecoveryList, err error) {
	err = c.Read(func(tx *store.Tx) error {
		list.Recoveries, list.Next, err = operate.ViewRecoveries(tx, c.Tenant.ID, c.Query().Get("after"))
		return err
	})
	return list, err
}

func stopRecovery(c *door.Call, _ door.None) (door.None, error) {
	return door.None{}, c.Write(func(tx *store.Tx) error {
		return operate.StopRecovery(c.Caller, tx, c.Tenant.ID, c.Path("recoveryId"))
	})
}
