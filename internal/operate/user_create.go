package operate

import (
	"net/url"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/typed"
	"github.com/stepup-auth/stepup/internal/who"
)

// NewUser is a user to be made: an email address or a phone number is needed, the rest is
// not.
type NewUser struct {
	Email      string `json:"email,omitempty"`
	Phone      string `json:"phone,omitempty"`      // with + and the country's code
	ExternalID string `json:"externalId,omitempty"` // what the person is called elsewhere
	account.ProfileChange
}

// maxExternalID is how long the name elsewhere may be, in bytes.
const maxExternalID = 256

// CreateUser makes a user, see [account.Create], and returns the id.
func CreateUser(c who.Caller, tx *store.Tx, environmentID string, n NewUser) (string, error) {
	t, err := tenantOf(tx, environmentID)
	if err != nil {
		return "", err
	}
	made := account.New{ExternalID: n.ExternalID, Profile: n.ProfileChange}
	if made.Addresses, err = n.addresses(t); err != nil {
		return "", err
	}
	if len(n.ExternalID) > maxExternalID || !storable(n.ExternalID) || strings.ContainsFunc(n.ExternalID, unprintable) {
		return "", fault.New(fault.InvalidRequest, "An externalId has at most %d bytes that print.", maxExternalID)
	}
	return account.Create(on(c, t, ""), tx, made)
}

func unprintable(r rune) bool { return r < ' ' || r == 0x7f }

func (n NewUser) addresses(t *tenant.Tenant) (all []account.Address, err error) {
	if email := typed.Line(n.Email); email != "" {
		address, err := account.EmailAddress(email)
		if err != nil {
			return nil, fault.New(fault.InvalidEmail, "The email address is none that mail can be sent to.").Because(err)
		}
		all = append(all, address)
	}
	if written := typed.Line(n.Phone); written != "" {
		number, err := phone.Parse("", written, "")
		if err != nil {
			return nil, fault.New(fault.InvalidRequest, "The phone number is none: write it with + and the country's code.").Because(err)
		}
		if !t.SMS.Texts(number.Country) {
			return nil, fault.New(fault.InvalidRequest, "This environment sends no texts to that country, so nobody could sign in with it.")
		}
		all = append(all, account.PhoneAddress(number))
	}
	return all, nil
}

// InviteUser mails somebody who was never here that there is an account for them, and
// returns the address. link is where to sign in, below one of the environment's origins;
// empty: the first of them.
func InviteUser(c who.Caller, tx *store.Tx, environmentID, userID, link string) (address string, err error) {
	t, err := tenantOf(tx, environmentID)
	if err != nil {
		return "", err
	}
	if link == "" {
		link = firstPage(t.Origins)
	} else if at, err := url.Parse(link); err != nil || !slices.Contains(t.Origins, at.Scheme+"://"+at.Host) || at.User != nil {
		return "", fault.New(fault.InvalidRequest, "The link must lead to one of the environment's origins.")
	}
	return account.Invite(on(c, t, userID), tx, link)
}

// firstPage is the first origin that is a web page; empty: none is.
func firstPage(origins []string) string {
	for _, origin := range origins {
		if strings.HasPrefix(origin, "https://") || strings.HasPrefix(origin, "http://") {
			return origin
		}
	}
	return ""
}
