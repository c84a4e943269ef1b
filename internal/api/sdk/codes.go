package sdk

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

// codeScopes reads what a code is asked for. One asked for without a session
// signs in, which allows nothing.
func codeScopes(c *door.Call, requested []string) ([]string, error) {
	if c.Session == nil && len(requested) > 0 {
		return nil, fault.New(fault.InvalidScopes,
			"A code asked for without a session signs in and allows nothing. Leave requestedScopes out, or send the session's token.")
	}
	scopes, err := elevate.ParseScopes(c.Tenant, requested)
	names := make([]string, len(scopes))
	for i, scope := range scopes {
		names[i] = string(scope)
	}
	return names, err
}

// sendCode sends a code, or hands out one more id for one that is out.
func (a *API) sendCode(c *door.Call, kind assurance.Kind, send func(*store.Tx) (store.CodeChallengeRow, error)) (
	store.CodeChallengeRow, error,
) {
	var row store.CodeChallengeRow
	err := c.Write(func(tx *store.Tx) (err error) {
		row, err = signin.SendCode(c.Caller, tx, kind, func(tx *store.Tx, _ string) (store.CodeChallengeRow, error) { return send(tx) })
		return err
	})
	if err != nil {
		return row, err
	}
	switch {
	case row.Shares == "":
		a.count(kind, "sent")
	case a.Unsent != nil:
		a.Unsent(row.Recipient)
	}
	return row, nil
}

// linkSent links the proven address, unless the code was sent for something else.
func linkSent(c *door.Call, entry environment.Compatible) signin.Step {
	return signin.Step{Otherwise: func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
		return signin.LinkSent(c.Caller, tx, proof, c.Spending(stepup.CredentialLink, entry))
	}}
}
