// Package operator says who may do what in the console. An operator holds
// grants, each a role in one environment or in all of them; a role is a list of
// permissions. Nothing else lets anybody do anything: without a grant an
// environment does not exist for an operator, and a grant that is gone is gone
// with the next request, because grants are read for each.
package operator

import "slices"

// A Role names what somebody does for an environment.
type Role string

// The roles. No role but the owner's lets others in.
const (
	Owner     Role = "owner"     // everything
	Developer Role = "developer" // settings and credentials of machines, no word about users
	Support   Role = "support"   // users, no settings
	Auditor   Role = "auditor"   // reads
)

// Roles lists them all, the one that may most first.
var Roles = []Role{Owner, Developer, Support, Auditor}

// A Permission is what a page or an action asks for. The words are those of
// service tokens where both know the thing.
type Permission string

// The permissions.
const (
	EnvironmentsRead   Permission = "environments.read"
	EnvironmentsWrite  Permission = "environments.write"
	EnvironmentsWeaken Permission = "environments.weaken"
	EnvironmentsCreate Permission = "environments.create"
	EnvironmentsDelete Permission = "environments.delete"
	UsersRead          Permission = "users.read"
	UsersWrite         Permission = "users.write"
	AuditRead          Permission = "audit.read"
	TokensWrite        Permission = "tokens.write"
	MembersWrite       Permission = "members.write" // who has which role
)

// Permissions lists them all.
var Permissions = []Permission{EnvironmentsRead, EnvironmentsWrite, EnvironmentsWeaken, EnvironmentsCreate, EnvironmentsDelete,
	UsersRead, UsersWrite, AuditRead, TokensWrite, MembersWrite}

var permissions = map[Role][]Permission{
	Owner:     Permissions,
	Developer: {EnvironmentsRead, EnvironmentsWrite, EnvironmentsWeaken, UsersRead, AuditRead, TokensWrite},
	Support:   {EnvironmentsRead, UsersRead, UsersWrite, AuditRead},
	Auditor:   {EnvironmentsRead, UsersRead, AuditRead},
}

// Valid reports whether there is such a role.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// May reports whether the role has the permission where it is granted.
func (r Role) May(p Permission) bool { return slices.Contains(permissions[r], p) }

// Everywhere is the environment of a grant that holds in all environments, and
// the place of what belongs to none: making one, the list of all members.
const Everywhere = ""

// A Grant is a role in an environment.
type Grant struct {
	EnvironmentID string // [Everywhere]: in all, and in the installation as a whole
	Role          Role
}

// holdsIn reports whether the grant says anything about the environment.
func (g Grant) holdsIn(environmentID string) bool {
	return g.EnvironmentID == Everywhere || g.EnvironmentID == environmentID
}

// An Operator is somebody who may use the console.
type Operator struct {
	ID     string
	Email  string
	Name   string
	Grants []Grant
}

// May reports whether the operator may do something in an environment, or with
// [Everywhere] in the installation as a whole.
func (o Operator) May(p Permission, environmentID string) bool {
	return slices.ContainsFunc(o.Grants, func(g Grant) bool { return g.holdsIn(environmentID) && g.Role.May(p) })
}

// Sees reports whether the environment exists for the operator.
func (o Operator) Sees(environmentID string) bool { return o.May(EnvironmentsRead, environmentID) }

// MayGrant reports whether the operator may give somebody the grant, or take it:
// who decides about members gives at most what they have themselves, there.
func (o Operator) MayGrant(g Grant) bool {
	if !g.Role.Valid() || !o.May(MembersWrite, g.EnvironmentID) {
		return false
	}
	return !slices.ContainsFunc(permissions[g.Role], func(p Permission) bool { return !o.May(p, g.EnvironmentID) })
}

// actorPrefix begins an operator's name in the audit log.
const actorPrefix = "operator:"

// Actor is the operator in the audit log.
func (o Operator) Actor() string { return actorPrefix + o.ID }
