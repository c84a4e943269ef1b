package admin

import (
	"errors"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// userRoutes show and change users.
func (a *API) userRoutes() []door.Route {
	return []door.Route{
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}/users", Section: "ours",
			Summary: "List users, newest first, or search for them",
			Gate:    door.Service(serviceauth.UsersRead),
			Query:   usersQuery,
			Handler: door.Handle(users),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users", Section: "ours",
			Summary: "Make a user, whose addresses count once the person has signed in with one",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(createUser),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/invite", Section: "ours",
			Summary: "Mail a user who was never here where to sign in",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(inviteUser),
		},
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}/users/{userId}", Section: "ours",
			Summary: "Show a user: credentials, sessions, devices, open limits and recent events",
			Gate:    door.Service(serviceauth.UsersRead),
			Handler: door.Handle(user),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/disable", Section: "ours",
			Summary: "Disable a user and end all sessions",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(disable),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/enable", Section: "ours",
			Summary: "Enable a user again",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(enable),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/revoke-sessions", Section: "ours",
			Summary: "End all sessions of a user",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(revokeSessions),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/reset-mfa", Section: "ours",
			Summary: "Take all second factors of a user away and end all sessions",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(a.resetMFA),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/settle", Section: "ours",
			Summary: "Decide about a disputed factor or address of a user",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(a.settle),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/unlock", Section: "ours",
			Summary: "Forget what limits have counted against a user",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(unlock),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/export", Section: "ours",
			Summary: "All that is stored about a user, without secrets, for them to have",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(exportUser),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/delete", Section: "ours",
			Summary: "Delete a user with all that belongs to them",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(a.deleteUser),
		},
		{
			Method: "POST", Section: "ours",
			Path:    door.Admin + "/environments/{environmentId}/users/{userId}/credentials/{credentialId}/unlink",
			Summary: "Take an address or a login of a user away, with the sessions that it opened",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(a.unlink),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/users/{userId}/sessions/{sessionId}/revoke", Section: "ours",
			Summary: "End one session of a user",
			Gate:    door.Service(serviceauth.UsersWrite),
			Handler: door.Handle(revokeSession),
		},
	}
}

var usersQuery = []door.Param{
	{Name: "search", Type: "string", Summary: "Only users with this id, username, email address, phone number, wallet address or " +
		"external id, or with one of the last five that begins with it"},
	{Name: "named", Type: "string", Summary: "Only users with this id, username, email address, phone number, wallet address or " +
		"external id as a whole; not with the others"},
	{Name: "state", Type: "string", Summary: "Only users in this state: disabled, disputed, unproven or without-mfa; not with search"},
	{Name: "after", Type: "string", Summary: "The member next of the page before"},
}

func users(c *door.Call, _ door.None) (page operate.UserPage, err error) {
	q := c.Query()
	query := operate.UserQuery{Search: q.Get("search"), Named: q.Get("named"), State: store.UserState(q.Get("state")),
		After: door.LowerID(q.Get("after"))}
	if query.Named == "" { // who is named is one person
		if err := onRecord(c, operate.ReadsUsers); err != nil {
			return page, err
		}
	}
	err = c.Read(func(tx *store.Tx) error {
		page, err = operate.ViewUsers(tx, c.Tenant.ID, query)
		return err
	})
	return page, err
}

// onRecord puts on record who reads what could be taken out page by page. Who works beside
// the database could read it without us.
func onRecord(c *door.Call, r operate.Reading) error {
	if c.Service.Host() {
		return nil
	}
	is := false
	err := c.Read(func(tx *store.Tx) (err error) {
		is, err = r.OnRecord(c.Caller, tx, c.Path("environmentId"))
		return err
	})
	if err != nil || is {
		return err
	}
	return c.Write(func(tx *store.Tx) error { return r.Record(c.Caller, tx, c.Path("environmentId")) })
}

func user(c *door.Call, _ door.None) (operate.UserDetail, error) {
	var detail operate.UserDetail
	err := c.Read(func(tx *store.Tx) (err error) {
		detail, err = operate.ViewUser(tx, c.Tenant.ID, c.Path("userId"))
		return err
	})
	return detail, userNotFound(err)
}

func userNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.NotFound, "There is no user with this id in this environment.").Because(err)
	}
	return err
}

func disable(c *door.Call, _ door.None) (door.None, error) {
	return door.None{}, setDisabled(c, true)
}
func enable(c *door.Call, _ door.None) (door.None, error) {
	return door.None{}, setDisabled(c, false)
}

func setDisabled(c *door.Call, disabled bool) error {
	return userNotFound(c.Write(func(tx *store.Tx) error {
		return operate.SetUserDisabled(c.Caller, tx, c.Tenant.ID, c.Path("userId"), disabled)
	}))
}

// RevokedSessions counts what ended.
type RevokedSessions struct {
	Revoked int64 `json:"revoked"`
}

func revokeSessions(c *door.Call, _ door.None) (RevokedSessions, error) {
	var n int64
	err := c.Write(func(tx *store.Tx) (err error) {
		n, err = operate.RevokeSessions(c.Caller, tx, c.Tenant.ID, c.Path("userId"))
		return err
	})
	return RevokedSessions{n}, userNotFound(err)
}

// ResetFactors counts the second factors that were taken away.
type ResetFactors struct {
	Factors int `json:"factors"`
}

func (a *API) resetMFA(c *door.Call, _ door.None) (ResetFactors, error) {
	var n int
	err := c.Write(func(tx *store.Tx) (err error) {
		if n, err = operate.ResetMFA(c.Caller, tx, c.Tenant.ID, c.Path("userId")); err != nil || n == 0 {
			return err
		}
		return a.tell(c, tx, "all second factors were taken away from")
	})
	return ResetFactors{n}, userNotFound(err)
}

// tell tells operators what a service token did to the user of the path.
func (a *API) tell(c *door.Call, tx *store.Tx, did string) error {
	return operate.TellOfMachine(c.Caller, tx, c.Tenant.ID, a.Operators(), did+" user "+c.Path("userId"))
}

// SettleRequest decides about a disputed factor or address: keep or remove.
type SettleRequest struct {
	Factor   string `json:"factor"`
	Decision string `json:"decision"`
}

func (a *API) settle(c *door.Call, r SettleRequest) (door.None, error) {
	if err := door.Need("factor", r.Factor); err != nil {
		return door.None{}, err
	}
	if r.Decision != "keep" && r.Decision != "remove" {
		return door.None{}, fault.New(fault.InvalidRequest, "The field decision must be keep or remove.")
	}
	err := c.Write(func(tx *store.Tx) error {
		err := operate.Settle(c.Caller, tx, c.Tenant.ID, c.Path("userId"),
			account.Decision{CredentialID: r.Factor, Keep: r.Decision == "keep"})
		if err != nil {
			return err
		}
		return a.tell(c, tx, "a dispute was settled ("+r.Decision+") of")
	})
	return door.None{}, userNotFound(err)
}

func unlock(c *door.Call, _ door.None) (door.None, error) {
	return door.None{}, userNotFound(c.Write(func(tx *store.Tx) error {
		return operate.UnlockUser(c.Caller, tx, c.Tenant.ID, c.Path("userId"))
	}))
}

// CreateUserRequest is a user to be made, and perhaps to be invited.
type CreateUserRequest struct {
	operate.NewUser
	Invite bool `json:"invite,omitempty"` // mail them where to sign in
}

// CreatedUser names a user that was made.
type CreatedUser struct {
	ID      string `json:"id"`
	Invited string `json:"invited,omitempty"` // the address that the invitation went to
}

func createUser(c *door.Call, n CreateUserRequest) (CreatedUser, error) {
	var made CreatedUser
	err := c.Write(func(tx *store.Tx) (err error) {
		made.ID, err = operate.CreateUser(c.Caller, tx, c.Tenant.ID, n.NewUser)
		if err == nil && n.Invite {
			made.Invited, err = operate.InviteUser(c.Caller, tx, c.Tenant.ID, made.ID, "")
		}
		return err
	})
	return made, err
}

// InviteRequest says where the invitation leads to.
type InviteRequest struct {
	URL string `json:"url,omitempty"` // below one of the environment's origins; empty: the first of them
}

// InvitedUser says where the invitation went.
type InvitedUser struct {
	Email string `json:"email"`
}

func inviteUser(c *door.Call, r InviteRequest) (InvitedUser, error) {
	var invited InvitedUser
	err := c.Write(func(tx *store.Tx) (err error) {
		invited.Email, err = operate.InviteUser(c.Caller, tx, c.Tenant.ID, c.Path("userId"), r.URL)
		return err
	})
	return invited, userNotFound(err)
}

func exportUser(c *door.Call, _ door.None) (operate.UserExport, error) {
	var export operate.UserExport
	err := c.Write(func(tx *store.Tx) (err error) {
		export, err = operate.ExportUser(c.Caller, tx, c.Tenant.ID, c.Path("userId"))
		return err
	})
	return export, userNotFound(err)
}

// DeletedUser says what nobody can reach any more.
type DeletedUser struct {
	AbandonedWallets []string `json:"abandonedWallets"` // their addresses
}

func (a *API) deleteUser(c *door.Call, d operate.Deletion) (DeletedUser, error) {
	var abandoned []string
	err := c.Write(func(tx *store.Tx) (err error) {
		if abandoned, err = operate.DeleteUser(c.Caller, tx, c.Tenant.ID, c.Path("userId"), d); err != nil {
			return err
		}
		return a.tell(c, tx, "the account was deleted of")
	})
	return DeletedUser{append([]string{}, abandoned...)}, userNotFound(err)
}

func (a *API) unlink(c *door.Call, _ door.None) (door.None, error) {
	return door.None{}, userNotFound(c.Write(func(tx *store.Tx) error {
		if err := operate.UnlinkCredential(c.Caller, tx, c.Tenant.ID, c.Path("userId"), c.Path("credentialId")); err != nil {
			return err
		}
		return a.tell(c, tx, "a credential was taken away from")
	}))
}

func revokeSession(c *door.Call, _ door.None) (door.None, error) {
	return door.None{}, userNotFound(c.Write(func(tx *store.Tx) error {
		return operate.RevokeSession(c.Caller, tx, c.Tenant.ID, c.Path("userId"), c.Path("sessionId"))
	}))
}
