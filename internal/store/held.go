package store

import "strings"

// held is a user whom the transaction has locked, with what it has read of them since
// and will not find otherwise: nobody else changes it meanwhile, and what the
// transaction changes itself it reads again.
type held struct {
	user        UserRow
	revision    int64 // of the environment, which is pinned; 0: it is not
	credentials []CredentialRow
	read        bool // the credentials were
}

// holding is what the transaction holds of a user, or nil.
func (tx *Tx) holding(environmentID, userID string) *held {
	if h := tx.held; h != nil && h.user.EnvironmentID == environmentID && h.user.ID == userID && tx.failed == nil {
		return h
	}
	return nil
}

// forgets reports whether a statement may change what is held.
func forgets(query string) bool {
	return !strings.HasPrefix(query, "SELECT") &&
		(strings.Contains(query, "users") || strings.Contains(query, "credentials") || strings.Contains(query, "environments"))
}
