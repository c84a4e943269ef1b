package console

import (
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

func userSettle(r *request) (answer, error) {
	decision := r.PostFormValue("decision")
	if decision != "keep" && decision != "remove" {
		return nil, fault.New(fault.InvalidRequest, "Decide: keep it, or remove it.")
	}
	d := account.Decision{CredentialID: r.PathValue("credentialId"), Keep: decision == "keep"}
	done := "It stays, and cannot be disputed again."
	if !d.Keep {
		done = "It is gone, and every session has ended."
	}
	return changeUser(r, "", done, func(tx *store.Tx, id string) error {
		return operate.Settle(r.caller(), tx, r.environment.ID, id, d)
	})
}
