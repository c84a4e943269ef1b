package shadow

import "github.com/stepup-auth/stepup/internal/environment"

// entries are the compatibility entries that stand for calls: for users with a
// second factor, and those for users without where that is another one.
var entries = map[Call][]environment.Compatible{
	LinkWallet: {environment.LinkWallet}, LinkEmail: {environment.LinkEmail}, LinkPhone: {environment.LinkPhone},
	UnlinkWallet: {environment.UnlinkWallet}, UpdateUser: {environment.UpdateUser}, DeleteUser: {environment.DeleteUser},
	RefreshWallet: {environment.Refresh, environment.RefreshWithoutMFA},
	ReshareWallet: {environment.Reshare, environment.ReshareWithoutMFA},
	DeleteDevice:  {environment.DeleteDevice}, DeletePasskey: {environment.DeleteDevice},
}

// Entry is the first compatibility entry for a call; empty where there is none,
// because every client can comply.
func (c Call) Entry() environment.Compatible {
	if len(entries[c]) == 0 {
		return ""
	}
	return entries[c][0]
}

// Needed are the entries for the calls that some of the clients cannot attach a
// token to, in the order of the closed list. A caller that does not name itself
// needs none: it is code of the operator's own.
func Needed(clients []Client) []environment.Compatible {
	needed := map[environment.Compatible]bool{}
	for _, client := range clients {
		if client.SDK == "" {
			continue
		}
		for call, of := range entries {
			if client.Attaches(call) {
				continue
			}
			for _, entry := range of {
				needed[entry] = true
			}
		}
	}
	list := []environment.Compatible{}
	for _, entry := range environment.Compatibilities {
		if needed[entry] {
			list = append(list, entry)
		}
	}
	return list
}
