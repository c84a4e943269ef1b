package api_test

import (
	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/importer"
	"github.com/stepup-auth/stepup/internal/operate"
)

// walkPeople makes users, changes and deletes them, and brings others along.
func walkPeople(w walker, service string) {
	t := w.t
	const one = ops + "/users/{userId}"
	var made admin.CreatedUser
	w.do("POST "+ops+"/users", service, nil, m{"email": "made@example.com", "externalId": "crm-7"}).
		Want(t, 200, "").JSON(t, &made)
	w.do("POST "+ops+"/users", service, nil, m{"email": "made@example.com"}).Want(t, 409, "")
	w.do("POST "+ops+"/users", service, nil, m{"email": "nobody"}).Want(t, 422, "invalid_email")
	w.do("POST "+one+"/invite", service, nil, m{}, "userId", made.ID).Want(t, 200, "")
	w.do("POST "+one+"/invite", service, nil, m{"url": "https://elsewhere.example/"}, "userId", made.ID).Want(t, 400, "invalid_request")
	w.do("POST "+one+"/invite", service, nil, m{}, "userId", "unknown").Want(t, 404, "not_found")
	w.do("POST "+one+"/export", service, nil, nil, "userId", made.ID).Want(t, 200, "")
	w.do("POST "+one+"/export", service, nil, nil, "userId", "unknown").Want(t, 404, "not_found")
	w.do("POST "+one+"/delete", service, nil, m{"confirm": "somebody else"}, "userId", made.ID).Want(t, 400, "invalid_request")
	w.do("POST "+one+"/delete", service, nil, m{"confirm": made.ID}, "userId", made.ID).Want(t, 200, "")
	w.do("POST "+one+"/delete", service, nil, m{"confirm": made.ID}, "userId", made.ID).Want(t, 404, "not_found")

	here := w.SignIn(t, w.environment, "here@example.com")
	var detail operate.UserDetail
	w.do("GET "+one, service, nil, nil, "userId", here.UserID).Want(t, 200, "").JSON(t, &detail)
	session := detail.Sessions[0].ID
	w.do("POST "+one+"/sessions/{sessionId}/revoke", service, nil, nil, "userId", here.UserID, "sessionId", session).Want(t, 204, "")
	w.do("POST "+one+"/sessions/{sessionId}/revoke", service, nil, nil, "userId", here.UserID, "sessionId", made.ID).
		Want(t, 404, "not_found")

	var added admin.AddedAddress
	w.do("POST "+one+"/addresses", service, nil, m{"email": "newer@example.com"}, "userId", here.UserID).Want(t, 200, "").JSON(t, &added)
	w.do("POST "+one+"/addresses", service, nil, m{}, "userId", here.UserID).Want(t, 400, "invalid_request")
	var recovery operate.UserRecovery
	w.do("POST "+one+"/recoveries", service, nil, m{"credential": added.CredentialID, "reason": "lost the mailbox"}, "userId", here.UserID).
		Want(t, 200, "").JSON(t, &recovery)
	w.do("GET "+ops+"/recoveries", service, nil, nil).Want(t, 200, "")
	w.do("POST "+ops+"/recoveries/{recoveryId}/stop", service, nil, nil, "recoveryId", recovery.ID).Want(t, 204, "")
	w.do("POST "+ops+"/recoveries/{recoveryId}/stop", service, nil, nil, "recoveryId", recovery.ID).Want(t, 404, "not_found")

	const unlink = one + "/credentials/{credentialId}/unlink"
	w.do("POST "+unlink, service, nil, nil, "userId", here.UserID, "credentialId", added.CredentialID).Want(t, 204, "")
	w.do("POST "+unlink, service, nil, nil, "userId", here.UserID, "credentialId", added.CredentialID).Want(t, 404, "not_found")

	const opened = ops + "/imports/{importId}"
	var report importer.Report
	w.do("POST "+ops+"/imports", service, nil, m{"name": "customers.ndjson"}).Want(t, 200, "").JSON(t, &report)
	rows := []any{m{"externalId": "crm-8", "email": "brought@example.com"}, m{"externalId": "crm-9", "email": "here@example.com"}}
	w.do("POST "+opened+"/rows", service, nil, m{"after": 0, "rows": rows}, "importId", report.ID).Want(t, 200, "").JSON(t, &report)
	w.do("POST "+opened+"/rows", service, nil, m{"after": 2, "rows": []any{"text"}}, "importId", report.ID).Want(t, 400, "invalid_request")
	w.do("POST "+opened+"/finish", service, nil, nil, "importId", report.ID).Want(t, 200, "")
	w.do("GET "+opened, service, nil, nil, "importId", report.ID).Want(t, 200, "").JSON(t, &report)
	w.do("GET "+ops+"/imports", service, nil, nil).Want(t, 200, "")
	var skipped admin.SkippedRows
	w.do("GET "+opened+"/skipped", service, nil, nil, "importId", report.ID).Want(t, 200, "").JSON(t, &skipped)
	if len(skipped.Skipped) != 1 {
		t.Errorf("skipped: %+v", skipped)
	}
	w.do("GET "+opened+"/skipped?after=x", service, nil, nil, "importId", report.ID).Want(t, 400, "invalid_request")
	w.do("GET "+opened, service, nil, nil, "importId", made.ID).Want(t, 404, "not_found")
}
