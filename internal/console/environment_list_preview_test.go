package console

import "time"

var _ = canned(
	sample{name: "environment_list", at: Root + "environments", page: environmentListPage{MayCreate: true, Environments: []environmentItem{
		{previewEnvironment, "Acme Pay", inPreview + "overview", "2026_04_01", true, previewNow.Add(-26 * time.Hour)},
		{"1f9d3a0c-1111-4f0c-9d0e-2f6f7e1b3a11", "Acme Pay, staging", Root, "2026_04_01", true, previewNow.Add(-3 * time.Hour)},
		{"2e8c4b1d-2222-4f0c-9d0e-2f6f7e1b3a12", "Legacy wallet", Root, "2026_01_01", false, previewNow.AddDate(0, -3, 0)},
	}}},
	sample{name: "environment_settings_development", at: inPreview + "settings", page: cannedSettings, development: true},
	sample{name: "environment_list_empty", at: Root + "environments", page: environmentListPage{}},
	sample{name: "environment_list_first", at: Root + "environments", page: environmentListPage{MayCreate: true}},
)
