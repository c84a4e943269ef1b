package console

import (
	"time"

	"github.com/stepup-auth/stepup/internal/importer"
)

// cannedImport is the report of a file, half of which was left out.
func cannedImport(change func(*importShowPage)) importShowPage {
	p := importShowPage{Path: inPreview + "users", Report: importer.Report{
		ID: "0193c7de-6f55-7f0e-8a55-7d6a0f1f2b21", Name: "users.csv", Format: importer.CSV, Actor: "operator:" + ada.ID,
		State: importer.Finished, Rows: 1212, Created: 1200, Updated: 3, Unchanged: 5, Skipped: 4, StartedAt: ago(time.Hour),
		FinishedAt: at(ago(time.Hour - time.Minute)), Reasons: map[importer.Reason]int64{importer.Held: 2, importer.Unreadable: 1,
			importer.SignedIn: 1},
	}, Skips: []importer.Skip{
		{Row: 7, ExternalID: "1007", Reason: importer.Held, Field: "email", Detail: "Another user has this email."},
		{Row: 9, Reason: importer.Unreadable, Detail: "The row has 3 columns, and the head 4."},
		{Row: 1100, ExternalID: markup, Reason: importer.SignedIn, Field: "phone", Detail: markup},
	}}
	change(&p)
	return p
}

func foreseen(change func(*importShowPage)) importShowPage {
	return cannedImport(func(p *importShowPage) {
		p.Report.ID, p.Report.State, p.Report.StartedAt, p.Report.FinishedAt = "", importer.DryRun, time.Time{}, nil
		p.File, p.MayVouch = userFile{Name: "users.csv", Format: importer.CSV, Text: "ZXh0ZXJuYWxJZAo"}, true
		change(p)
	})
}

func cannedImports(change func(*importListPage)) importListPage {
	p := importListPage{Path: inPreview + "users", New: inPreview + "users/import"}
	open := cannedImport(func(p *importShowPage) {
		p.Report.Name, p.Report.State, p.Report.FinishedAt, p.Report.Vouched = markup, importer.Open, nil, true
	})
	for _, shown := range []importShowPage{open, cannedImport(func(*importShowPage) {})} {
		p.Imports = append(p.Imports, importItem{shown.Report, reportPath(p.Path, shown.Report.ID)})
	}
	change(&p)
	return p
}

var _ = canned(
	sample{name: "user_import", at: inPreview + "users/import", page: userImportPage{Path: inPreview + "users"}},
	sample{name: "user_import_again", at: inPreview + "users/import", page: userImportPage{Path: inPreview + "users",
		Problem: `The file: column "password": passwords and second factors are not imported.`}},
	sample{name: "user_import_foreseen", at: inPreview + "users/import", page: foreseen(func(p *importShowPage) { p.More = 1 })},
	sample{name: "user_import_nothing", at: inPreview + "users/import", page: foreseen(func(p *importShowPage) {
		p.Report.Created, p.Report.Updated, p.Report.Skipped, p.Skips, p.Report.Reasons = 0, 0, 0, nil, nil
	})},
	sample{name: "import_list", at: inPreview + "users/imports", page: cannedImports(func(p *importListPage) {
		p.Pager = Pager{Next: p.Path + "/imports?after=" + graceID}
	})},
	sample{name: "import_list_empty", at: inPreview + "users/imports", page: cannedImports(func(p *importListPage) { p.Imports = nil })},
	sample{name: "import_show", at: reportPath(inPreview+"users", "0193c7de-6f55-7f0e-8a55-7d6a0f1f2b21"),
		page: cannedImport(func(*importShowPage) {})},
)
