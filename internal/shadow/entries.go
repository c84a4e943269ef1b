package shadow

import "github.com/stepup-auth/stepup/internal/environment"

// entries are the compatibility entries that stand for calls.
var entries = map[Call]environment.Compatible{
	LinkWallet: environment.LinkWallet, LinkEmail: environment.LinkEmail, LinkPhone: environment.LinkPhone, UnlinkWallet: environment.UnlinkWallet,
	UpdateUser: environment.UpdateUser, DeleteUser: environment.DeleteUser,
	RefreshWallet: environment.Refresh, ReshareWallet: environment.Reshare, DeleteDevice: environment.DeleteDevice, DeletePasskey: environment.DeleteDevice,
}

// Entry is the compatibility entry for a call; ok is false where there is none,
// because every client can comply.
func (c Call) Entry() (entry environment.Compatible, ok bool) {
	entry, ok = entries[c]
	return entry, ok
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
		for call, entry := range entries {
			if !client.Attaches(call) {
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
