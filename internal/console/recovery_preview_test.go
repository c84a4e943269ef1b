package console

import "github.com/stepup-auth/stepup/internal/operate"

func cannedRecovery(change func(*recoveryItem)) recoveryItem {
	item := recoveryItem{UserPath: inPreview + "users/" + graceID, AskedBy: ada.Email, Behind: []string{ada.Email},
		UserRecovery: operate.UserRecovery{
			ID: "0193c7de-6f55-7f0e-8a55-7d6a0f1f2b31", UserID: graceID, CredentialID: "c9", Address: "grace@navy.example",
			Reason: "Called us from the office; her manager vouches for her.", RequestedBy: "operator:" + ada.ID,
			People: []string{"operator:" + ada.ID}, CreatedAt: ago(day), ExpiresAt: previewNow.Add(6 * day),
		}}
	change(&item)
	return item
}

var (
	approved = cannedRecovery(func(i *recoveryItem) {
		i.Behind, i.EffectiveAt, i.ExpiresAt = append(i.Behind, "the host"), at(previewNow.Add(2*day)), previewNow.Add(16*day)
	})
	worded = cannedRecovery(func(i *recoveryItem) { i.Address, i.Reason, i.AskedBy, i.Behind = markup, markup, markup, nil })
)

func cannedRecoveries(items ...recoveryItem) recoveryListPage {
	return recoveryListPage{Path: inPreview + "users", Recoveries: items, MayWrite: true}
}

func recoverable(change func(*userRecoverPage)) userRecoverPage {
	p := userRecoverPage{Path: inPreview + "users/" + graceID, Name: "grace", Chosen: "c9", Addresses: []userWay{
		{ID: "c9", Kind: "Email address", Shown: "grace@navy.example"}, {ID: "c8", Kind: "Phone number", Shown: markup},
	}}
	change(&p)
	return p
}

var _ = canned(
	sample{name: "recovery_list", at: inPreview + "users/recoveries", page: cannedRecoveries(
		cannedRecovery(func(i *recoveryItem) { i.Mine = true }), worded, approved)},
	sample{name: "recovery_list_empty", at: inPreview + "users/recoveries", page: cannedRecoveries()},
	sample{name: "user_show_recovery", at: inPreview + "users/" + graceID, page: cannedUser(grace(), func(p *userShowPage) {
		p.Recovery = &approved.UserRecovery
	})},
	sample{name: "user_address", at: inPreview + "users/" + graceID + "/addresses",
		page: userAddressPage{Path: inPreview + "users/" + graceID, Name: "grace"}},
	sample{name: "user_address_again", at: inPreview + "users/" + graceID + "/addresses", page: userAddressPage{
		Path: inPreview + "users/" + graceID, Name: markup, Email: "grace@example.com", Problem: "The user has this address already."}},
	sample{name: "user_recover", at: inPreview + "users/" + graceID + "/recover", page: recoverable(func(*userRecoverPage) {})},
	sample{name: "user_recover_again", at: inPreview + "users/" + graceID + "/recover", page: recoverable(func(p *userRecoverPage) {
		p.Reason, p.Problem = markup, "Say why, in at most 500 bytes: whoever approves it reads that."
	})},
	sample{name: "user_recover_none", at: inPreview + "users/" + graceID + "/recover", page: recoverable(func(p *userRecoverPage) {
		p.Addresses = nil
	})},
)
