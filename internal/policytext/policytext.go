// Package policytext reads and compares policies as texts: what an environment
// document would decide for somebody who does not exist yet. Everything is asked
// of package policy, so a test that passes here says what the server does.
package policytext

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
)

// embedded is the word for a wallet that is kept for its user, which proves nothing.
const embedded = "embedded-wallet"

// Words are the means a person may be said to have: those of [account.Kinds] and
// [embedded]. A social login may name its provider and a wallet its chain:
// social:google, wallet:SOL.
func Words() []string {
	var words []string
	for _, kind := range account.Kinds {
		words = append(words, kind.Word)
	}
	return append(words, embedded)
}

// Person is somebody with these means, in this order, each confirmed.
func Person(env *environment.Environment, means []string) (policy.Person, error) {
	var p policy.Person
	for i, word := range means {
		row, err := credential(env, strings.TrimSpace(word))
		if err != nil {
			return p, err
		}
		row.ID = fmt.Sprintf("%s-%d", word, i+1)
		m, err := account.Means(env, row)
		if err != nil {
			return p, err
		}
		p.Means = append(p.Means, m)
		if p.SignInCredentialID == "" && !m.Kind.MFA() {
			p.SignInCredentialID = row.ID
		}
	}
	return p, nil
}

func credential(env *environment.Environment, word string) (store.CredentialRow, error) {
	name, which, _ := strings.Cut(word, ":")
	of := name
	if name == embedded {
		of = "wallet"
	}
	at := slices.IndexFunc(account.Kinds, func(kind account.Kind) bool { return kind.Word == of })
	if at < 0 {
		return store.CredentialRow{}, fmt.Errorf("%q is nothing a user can have: write %s", word, strings.Join(Words(), ", "))
	}
	row := store.CredentialRow{
		EnvironmentID: env.ID, Format: account.Kinds[at].Format, SignInEnabled: true, Provenance: store.ProvenanceSignUp,
	}
	detail := shows(env, row.Format, which)
	if name == embedded {
		detail.EmbeddedWalletID = "some"
	}
	text, err := json.Marshal(detail)
	row.Detail = string(text)
	return row, err
}

// shows is what a credential of the format shows of itself, as far as decisions
// depend on it; which is what stands behind the colon of its word.
func shows(env *environment.Environment, format, which string) (d account.Detail) {
	switch format {
	case store.FormatPhone:
		if len(env.SMS.Countries) > 0 {
			d.ISOCountryCode = env.SMS.Countries[0]
		}
	case store.FormatBlockchain:
		d.Chain = "eip155"
		if which == "SOL" {
			d.Chain = "solana"
		}
	case store.FormatOAuth:
		d.OAuthProvider = which
		if which == "" && len(env.Providers) > 0 {
			d.OAuthProvider = env.Providers[0].Provider
		}
	}
	return d
}

// At is the environment at a version; an empty one leaves it as it is.
func At(env *environment.Environment, version string) (*environment.Environment, error) {
	if version == "" {
		return env, nil
	}
	v, err := environment.ParseVersion(version)
	if err != nil {
		return nil, err
	}
	return env.At(v), nil
}

// Explain decides one scope for somebody with these means.
func Explain(env *environment.Environment, scope string, means []string) (policy.Explanation, error) {
	person, err := Person(env, means)
	if err != nil {
		return policy.Explanation{}, err
	}
	e, err := policy.Explain(env, person, stepup.Scope(scope))
	switch {
	case errors.Is(err, policy.ErrUnknownScope):
		return e, fmt.Errorf("environment %s has no scope %q; it has %s", env.Name, scope, strings.Join(policy.Scopes(env), ", "))
	case errors.Is(err, policy.ErrOperatorScope):
		return e, fmt.Errorf("%s is for operators: no user can be asked for it", scope)
	}
	return e, err
}

// Reason is what stepUp/check would answer.
func Reason(d policy.Decision) string {
	switch {
	case !d.Required:
		return "not_required"
	case d.NoMethod() && d.Disputed:
		return string(stepup.ReasonDisputed)
	case d.NoMethod():
		return string(stepup.ReasonNoMethod)
	case d.CoolDown > 0:
		return "cooling_down"
	}
	return "step_up_required"
}

// Methods are the kinds of proof that would mint, as words of Person.
func Methods(d policy.Decision) []string {
	var names []string
	for _, offer := range d.Offers {
		if name := word(offer.Kind); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// word is what a method is called in policy tests.
func word(method assurance.Kind) string {
	at := slices.IndexFunc(account.Kinds, func(kind account.Kind) bool { return kind.Method == method })
	if at < 0 {
		return string(method)
	}
	return account.Kinds[at].Word
}
