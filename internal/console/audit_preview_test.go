package console

import (
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
)

const previewEntry = "0193c7de-6f55-7f0e-8a55-7d6a0f1f2c01"

func logItem(minutes int, action string, outcome audit.Outcome, says, source string) auditItem {
	return auditItem{Path: inPreview + "audit/" + previewEntry, ID: previewEntry, Action: action, Outcome: outcome, Says: says,
		Source: source, At: previewNow.Add(-time.Duration(minutes) * time.Minute), Who: "grace@example.com", WhoPath: inPreview + "users/u"}
}

var (
	previewLog = []auditItem{
		logItem(1, "token.consumed", audit.Done, "scope transfer:create, single use", "203.0.113.9"),
		logItem(2, "token.minted", audit.Done, "scopes transfer:create, method passkey", "192.0.2.17"),
		logItem(2, "proof.given", audit.Done, "method passkey, purpose session", "192.0.2.17"),
		logItem(9, "proof.refused", audit.Refused, "code wrong email code, method email code", "2001:db8::7"),
		{Path: inPreview + "audit/" + previewEntry, ID: previewEntry, Action: "user.disabled", Outcome: audit.Done,
			By: "ada@example.com", At: previewNow.Add(-time.Hour), Who: "<script>alert(1)</script>", WhoPath: inPreview + "users/u"},
		logItem(200, "passkey.counter_regressed", audit.Failed, "counter 12", ""),
	}
	previewTrail = []auditStep{
		{Path: inPreview + "audit/1", ID: previewEntry, Action: "code.sent", Title: steps["code.sent"],
			At: previewNow.Add(-3 * time.Minute), Outcome: audit.Done, By: "grace@example.com", Actor: "user:grace", Source: "192.0.2.17",
			UserAgent: "Mozilla/5.0 (Macintosh) Safari/605.1.15",
			RequestID: "AAAAAAAAAAAAAAAAAAAAAAAAAA", Hash: "5f0c2b8e6f554f0e8a557d6a0f1f2b11",
			Facts: []auditFact{{Name: "challenge id", Values: []string{"c0ffee"}}, {Name: "method", Values: []string{"email code"}}}},
		{Path: inPreview + "audit/2", ID: previewEntry, Action: "token.minted", Title: steps["token.minted"],
			At: previewNow.Add(-2 * time.Minute), Outcome: audit.Done, By: "grace@example.com", Actor: "user:grace", This: true,
			Hash: "7d6a0f1f2b115f0c2b8e6f554f0e8a55",
			Facts: []auditFact{{Name: "scopes", Values: []string{"transfer:create"}},
				{Name: "token id", Values: []string{"t0ken"}, Path: inPreview + "audit?token=t0ken"}}},
	}
)

var _ = canned(
	sample{name: "audit_list", at: inPreview + "audit", page: auditListPage{Path: inPreview + "audit", Outcomes: audit.Outcomes,
		Entries: previewLog, Watch: inPreview + "audit?live=1", Export: inPreview + "audit/export",
		Pager: Pager{Next: inPreview + "audit?after=1"}}},
	sample{name: "audit_list_live", at: inPreview + "audit", page: auditListPage{Path: inPreview + "audit", Outcomes: audit.Outcomes,
		Entries: previewLog[:1], Live: true, Watch: inPreview + "audit", Export: inPreview + "audit/export"}},
	sample{name: "audit_list_filtered", at: inPreview + "audit", page: auditListPage{Path: inPreview + "audit", Filtered: true,
		Outcomes: audit.Outcomes, Filter: auditFilter{Action: "token", Outcome: "refused", Since: "2026-13-01"},
		Problem: "A day is written such as 2026-04-01.", Export: inPreview + "audit/export"}},
	sample{name: "audit_list_empty", at: inPreview + "audit", page: auditListPage{Path: inPreview + "audit", Outcomes: audit.Outcomes,
		Export: inPreview + "audit/export"}},
	sample{name: "audit_show", at: inPreview + "audit/" + previewEntry, page: auditShowPage{ID: previewEntry, Action: "token.minted",
		Who: "grace@example.com", WhoPath: inPreview + "users/u", Took: "1 min", Steps: previewTrail}},
)
