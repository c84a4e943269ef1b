package console

import (
	"time"

	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// memberListPage lists who has a role in one environment, or in all of them.
type memberListPage struct {
	Everywhere  bool
	Base        string // the path of the page
	Members     []memberItem
	Above       []memberItem // of an environment: those who have a role in all
	Invitations []invitationItem
	MayInvite   bool
	Roles       []operator.Role // that may be given
	Pager       Pager
	Invite      inviteForm
}

type memberItem struct {
	ID, Email, Name string
	Role            operator.Role
	Since           time.Time
	Pending         bool // they have accepted and set up no factor yet
	Self            bool
	MayChange       bool
	Tokens          int // service tokens that they made here
}

type invitationItem struct {
	ID, Email string
	Role      operator.Role
	ExpiresAt time.Time
}

// inviteForm is the form below the list, with what is wrong with it.
type inviteForm struct{ Email, Role, Error string }

func (memberListPage) template() string { return "member_list" }

func (p memberListPage) title() string {
	if p.Everywhere {
		return "Operators"
	}
	return "Members"
}

// membersAt is the path of the list: of the environment, or of the installation.
func membersAt(r *request) string {
	if r.PathValue("environmentId") == operator.Everywhere {
		return Root + "operators"
	}
	return r.within("members")
}

func (s *sessions) memberList(r *request) (answer, error) {
	p, err := s.members(r)
	if err != nil {
		return nil, err
	}
	return show(p)
}

func (s *sessions) members(r *request) (memberListPage, error) {
	where := r.PathValue("environmentId")
	p := memberListPage{Everywhere: where == operator.Everywhere, Base: membersAt(r), MayInvite: r.may(operator.MembersWrite),
		Invite: inviteForm{Role: string(operator.Auditor)}}
	for _, role := range operator.Roles {
		if r.visitor.MayGrant(operator.Grant{EnvironmentID: where, Role: role}) {
			p.Roles = append(p.Roles, role)
		}
	}
	after := r.URL.Query().Get("after")
	err := r.read(func(tx *store.Tx) error {
		list, err := s.desk.Members(tx, where, after)
		if err != nil {
			return err
		}
		next := ""
		if len(list) == operator.MaxMembers {
			next = list[len(list)-1].ID
		}
		p.Members, p.Pager = memberItems(r, where, list), pager(r, after, next)
		if !p.Everywhere && after == "" {
			if list, err = s.desk.Members(tx, operator.Everywhere, ""); err != nil {
				return err
			}
			p.Above = memberItems(r, operator.Everywhere, list)
		}
		if !p.MayInvite {
			return nil
		}
		open, err := s.desk.Invitations(tx, where)
		for _, i := range open {
			p.Invitations = append(p.Invitations, invitationItem{i.ID, i.Email, operator.Role(i.Role), i.ExpiresAt})
		}
		return err
	})
	return p, err
}

func memberItems(r *request, where string, list []operator.Member) (items []memberItem) {
	for _, m := range list {
		items = append(items, memberItem{ID: m.ID, Email: m.Email, Name: m.Name, Role: m.Role, Since: m.Grant.GrantedAt,
			Pending: m.Factors == 0, Tokens: m.Tokens, Self: m.ID == r.visitor.ID,
			MayChange: r.visitor.MayGrant(operator.Grant{EnvironmentID: where, Role: m.Role}) && where == r.PathValue("environmentId")})
	}
	return items
}
