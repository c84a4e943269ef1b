package account

import (
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/store"
)

// Authority is what let a change in.
type Authority struct {
	Provenance string         // as the credential will show it
	Credential string         // that was proven for it; empty: none was, or it is not known
	Method     assurance.Kind // by which it was proven; empty likewise
}

// Nothing is the authority of a session alone: what it lets in counts for nothing.
var Nothing = Authority{Provenance: store.ProvenanceNothing}

// operator is the authority of those who run the installation, whose word about an
// address stands in every dispute.
var operator = Authority{Method: "operator"}

// proven reports whether a proof let the change in.
func (a Authority) proven() bool { return a.Provenance != store.ProvenanceNothing }

// strong reports whether the method is that of a second factor. What one allowed, a
// link in somebody's mailbox does not take back.
func strong(method string) bool { return assurance.Kind(method).MFA() }
