package console

import (
	"strings"

	"github.com/stepup-auth/stepup/internal/operate"
)

var cannedSettings = environmentSettingsPage{
	ID: previewEnvironment, Name: "Acme Pay", Origins: "https://app.example.com\nhttps://staging.example.com",
	CreatedAt: previewNow.AddDate(0, -4, 0), Revision: 17, Version: "2026_04_01", Path: inPreview + "settings",
	MayWrite: true, MayDelete: true, MayCopy: true,
}

func cannedSettingsWith(change func(*environmentSettingsPage)) environmentSettingsPage {
	p := cannedSettings
	change(&p)
	return p
}

var cannedDeletion = operate.EnvironmentDeletion{ID: previewEnvironment, Name: "Acme Pay", Users: 1204, ServiceTokens: 3}

var _ = canned(
	sample{name: "environment_create", at: Root + "environments/new", page: environmentCreatePage{
		From: []choice{{previewEnvironment, "Acme Pay", false}, {"2e8c4b1d-2222-4f0c-9d0e-2f6f7e1b3a12", "Legacy wallet", true}}}},
	sample{name: "environment_create_again", at: Root + "environments", page: environmentCreatePage{Name: "Acme Pay, EU",
		Origin:  "app.example.eu",
		Problem: "Where your app runs: https://" + strings.Repeat("a", 90) + ".example is longer than an origin can be.",
		From:    []choice{{previewEnvironment, strings.Repeat("Acme", 25), true}}}},
	sample{name: "environment_settings", at: inPreview + "settings", page: cannedSettings},
	sample{name: "environment_settings_read", at: inPreview + "settings", page: cannedSettingsWith(func(p *environmentSettingsPage) {
		p.MayWrite, p.MayDelete, p.MayCopy = false, false, false
	})},
	sample{name: "environment_settings_effect", at: inPreview + "settings", page: cannedSettingsWith(func(p *environmentSettingsPage) {
		p.Changes = []settingsChange{{"name: Acme → Acme Pay", ""},
			{"origins[https://staging.example.com]: +", "pages of this origin may call the API"}}
	})},
	sample{name: "environment_delete", at: inPreview + "settings/delete", page: environmentDeletePage{EnvironmentDeletion: cannedDeletion,
		Path: inPreview + "settings"}},
	sample{name: "environment_delete_again", at: inPreview + "settings/delete", page: environmentDeletePage{
		EnvironmentDeletion: cannedDeletion, Typed: "acme pay", Path: inPreview + "settings",
		Problem: `The environment is called "Acme Pay", which is not what was typed. Nothing was deleted.`}},
	sample{name: "environment_delete_wallets", at: inPreview + "settings/delete", page: environmentDeletePage{
		EnvironmentDeletion: operate.EnvironmentDeletion{Name: "Acme Pay", KeepsWallets: true}, Path: inPreview + "settings"}},
)
