package operate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
)

// Limits of a readiness report. They are documented in docs/limits.md.
const (
	ReadinessDays  = 30    // how far back a report looks
	ReadinessUsers = 10000 // how many users it asks whether they have a way
)

// Readiness says what accepting the newest version would do, before anybody
// does. What would be refused comes first.
type Readiness struct {
	EnvironmentID string              `json:"environmentId"`
	Name          string              `json:"name"`
	MinAPIVersion environment.Version `json:"minApiVersion"`
	Verdict       string              `json:"verdict"` // the report in plain words
	Refusals      []RefusedCall       `json:"refusals"`
	Calls         Tally               `json:"calls"`
	Trend         []DayTally          `json:"trend"`   // by day, UTC; days without a call are left out
	Clients       []ClientSeen        `json:"clients"` // newest day first
	Actions       []string            `json:"actions"` // of action-based MFA, those that are on
	WouldTurnOn   []string            `json:"wouldTurnOn"`
	Compatibility []EntryUse          `json:"compatibility"` // entries in force
	WithoutMethod []WithoutMethod     `json:"withoutMethod"` // users nothing would let through, per scope
	UsersAsked    int                 `json:"usersAsked"`
	UsersLeftOut  bool                `json:"usersLeftOut"`  // there are more users than were asked
	Unconfirmed   int                 `json:"unconfirmed"`   // credentials that nobody proved, which will not count
	NeverSignedIn int                 `json:"neverSignedIn"` // users of whom only a file or an operator tells; their first sign-in confirms
	Days          int                 `json:"days"`
}

// RefusedCall is one kind of call that the newest rules would refuse.
type RefusedCall struct {
	Call    string `json:"call"`
	Scope   string `json:"scope"`
	Client  string `json:"client"`
	Reason  string `json:"reason"`
	Count   int64  `json:"count"`
	Minimum string `json:"minimum,omitempty"` // the client is older than this first version that speaks step-up
	LastDay string `json:"lastDay"`
}

// Tally is how calls were judged.
type Tally struct {
	Pass   int64 `json:"pass"`
	Prompt int64 `json:"prompt"`
	Refuse int64 `json:"refuse"`
}

// All is the sum.
func (t Tally) All() int64 { return t.Pass + t.Prompt + t.Refuse }

func (t *Tally) add(verdict string, n int64) bool {
	switch shadow.Verdict(verdict) {
	case shadow.Pass:
		t.Pass += n
	case shadow.Prompt:
		t.Prompt += n
	case shadow.Refuse:
		t.Refuse += n
	default:
		return false
	}
	return true
}

// DayTally is the tally of one day.
type DayTally struct {
	Day string `json:"day"`
	Tally
}

// ClientSeen is a client that called lately.
type ClientSeen struct {
	Client  string `json:"client"`
	LastDay string `json:"lastDay"`
	Minimum string `json:"minimum,omitempty"` // set when it is older than the first version that speaks step-up
}

// EntryUse says who uses a compatibility entry.
type EntryUse struct {
	Entry     string   `json:"entry"`
	Count     int64    `json:"count"`
	Clients   []string `json:"clients"`
	Removable bool     `json:"removable"` // nobody used it in ReadinessDays
}

// WithoutMethod counts users who have nothing that could satisfy a scope.
type WithoutMethod struct {
	Scope string `json:"scope"`
	Users int    `json:"users"`
}

// CallsByScope counts the protected calls of the last days.
func CallsByScope(tx *store.Tx, environmentID string) (map[string]int64, error) {
	calls := map[string]int64{}
	counts, err := tx.ShadowCounts(environmentID, shadow.Day(tx.Now().Add(-ReadinessDays*24*time.Hour)))
	for _, count := range counts {
		if count.Verdict != string(shadow.Seen) {
			calls[count.Scope] += count.Count
		}
	}
	return calls, err
}

// Ready makes the report. Flush the counters first, or it is up to
// shadow.FlushEvery behind.
func Ready(tx *store.Tx, environmentID string) (Readiness, error) {
	env, err := parsed(tx, environmentID)
	if err != nil {
		return Readiness{}, err
	}
	r := Readiness{
		EnvironmentID: env.ID, Name: env.Name, MinAPIVersion: env.MinAPIVersion, Days: ReadinessDays,
		Refusals: []RefusedCall{}, Trend: []DayTally{}, Clients: []ClientSeen{}, Actions: []string{}, WouldTurnOn: []string{},
		Compatibility: []EntryUse{}, WithoutMethod: []WithoutMethod{},
	}
	for _, action := range env.MFA.Actions {
		if action.Required {
			r.Actions = append(r.Actions, action.Action)
		}
	}
	counts, err := tx.ShadowCounts(env.ID, shadow.Day(tx.Now().Add(-ReadinessDays*24*time.Hour)))
	if err != nil {
		return r, err
	}
	r.read(env, counts)
	if err := r.people(tx, env); err != nil {
		return r, err
	}
	r.Verdict = r.verdict(env)
	return r, nil
}

func parsed(tx *store.Tx, environmentID string) (*environment.Environment, error) {
	row, err := tx.Environment(environmentID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fault.New(fault.EnvironmentNotFound, "There is no environment with this id.")
	}
	if err != nil {
		return nil, err
	}
	return environment.Parse([]byte(row.Document))
}

func (r *Readiness) read(env *environment.Environment, counts []store.ShadowCount) {
	refusals := map[RefusedCall]*RefusedCall{}
	seen := map[string]string{}
	uses := map[string]*EntryUse{}
	for _, entry := range env.Compatibility {
		r.Compatibility = append(r.Compatibility, EntryUse{Entry: string(entry), Clients: []string{}})
	}
	for i := range r.Compatibility {
		uses[r.Compatibility[i].Entry] = &r.Compatibility[i]
	}
	for _, c := range counts { // oldest day first
		seen[c.Client] = c.Day
		if r.Calls.add(c.Verdict, c.Count) {
			if len(r.Trend) == 0 || r.Trend[len(r.Trend)-1].Day != c.Day {
				r.Trend = append(r.Trend, DayTally{Day: c.Day})
			}
			r.Trend[len(r.Trend)-1].add(c.Verdict, c.Count)
		}
		switch shadow.Verdict(c.Verdict) {
		case shadow.Refuse:
			client, _ := shadow.ParseClient(c.Client)
			minimum, _ := client.Below()
			key := RefusedCall{Call: c.Call, Scope: c.Scope, Client: c.Client, Reason: c.Reason, Minimum: minimum}
			if refusals[key] == nil {
				refusals[key] = &RefusedCall{Call: c.Call, Scope: c.Scope, Client: c.Client, Reason: c.Reason, Minimum: minimum}
			}
			refusals[key].Count += c.Count
			refusals[key].LastDay = c.Day
		case shadow.Waived:
			entry := c.Reason
			if entry == "" { // counted when a call had one entry at most
				entry = string(shadow.Call(c.Call).Entry())
			}
			if use := uses[entry]; use != nil {
				use.Count += c.Count
				if !slices.Contains(use.Clients, c.Client) {
					use.Clients = append(use.Clients, c.Client)
				}
			}
		}
	}
	for _, refusal := range refusals {
		r.Refusals = append(r.Refusals, *refusal)
	}
	slices.SortFunc(r.Refusals, func(a, b RefusedCall) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Scope+a.Call+a.Client+a.Reason, b.Scope+b.Call+b.Client+b.Reason))
	})
	var clients []shadow.Client
	for name, day := range seen {
		client, ok := shadow.ParseClient(name)
		minimum := ""
		if ok && client.SDK != "" {
			minimum, _ = client.Below()
			clients = append(clients, client)
		}
		r.Clients = append(r.Clients, ClientSeen{Client: name, LastDay: day, Minimum: minimum})
	}
	slices.SortFunc(r.Clients, func(a, b ClientSeen) int {
		return cmp.Or(strings.Compare(b.LastDay, a.LastDay), strings.Compare(a.Client, b.Client))
	})
	for i := range r.Compatibility {
		r.Compatibility[i].Removable = r.Compatibility[i].Count == 0
	}
	if env.MinAPIVersion.Before(environment.Newest) {
		for _, entry := range shadow.Needed(clients) {
			if !env.Allows(entry) {
				r.WouldTurnOn = append(r.WouldTurnOn, string(entry))
			}
		}
	}
}

// people asks of each user and each scope that the newest version requires
// whether anything of theirs would satisfy it.
func (r *Readiness) people(tx *store.Tx, env *environment.Environment) error {
	newest := env.At(environment.Newest)
	var scopes []stepup.Scope
	for _, builtin := range environment.Builtins {
		if d, err := policy.Decide(newest, policy.Person{}, builtin.Scope); err == nil && d.Required {
			scopes = append(scopes, builtin.Scope)
		}
	}
	for _, scope := range env.Scopes {
		if d, err := policy.Decide(newest, policy.Person{}, stepup.Scope(scope.Scope)); err == nil && d.Required && d.Rule.Audience != "" {
			scopes = append(scopes, stepup.Scope(scope.Scope))
		}
	}
	without := map[stepup.Scope]int{}
	for after := ""; ; {
		users, err := tx.Users(env.ID, after, 500)
		if err != nil {
			return err
		}
		for _, user := range users {
			after = user.ID
			if r.UsersAsked == ReadinessUsers {
				r.UsersLeftOut = true
				break
			}
			r.UsersAsked++
			rows, err := tx.Credentials(env.ID, user.ID)
			if err != nil {
				return err
			}
			for _, row := range rows {
				if !row.Confirmed() {
					r.Unconfirmed++
				}
			}
			if account.NeverSignedIn(user, rows) {
				r.NeverSignedIn++
				continue // whoever signs in has a way then
			}
			person, err := account.Person(tx, newest, store.SessionRow{EnvironmentID: env.ID, UserID: user.ID})
			if err != nil {
				return err
			}
			for _, scope := range scopes {
				if d, err := policy.Decide(newest, person, scope); err == nil && d.NoMethod() {
					without[scope]++
				}
			}
		}
		if len(users) < 500 || r.UsersLeftOut {
			break
		}
	}
	for _, scope := range scopes {
		if without[scope] > 0 {
			r.WithoutMethod = append(r.WithoutMethod, WithoutMethod{Scope: string(scope), Users: without[scope]})
		}
	}
	return nil
}

func (r *Readiness) verdict(env *environment.Environment) string {
	if !env.MinAPIVersion.Before(environment.Newest) {
		return fmt.Sprintf("%s is in force: elevated access tokens are asked for.", env.MinAPIVersion)
	}
	var below []string
	for _, client := range r.Clients {
		if client.Minimum != "" {
			below = append(below, client.Client)
		}
	}
	switch {
	case r.Calls.Refuse > 0:
		var clients []string
		for _, refusal := range r.Refusals {
			if !slices.Contains(clients, refusal.Client) {
				clients = append(clients, refusal.Client)
			}
		}
		return fmt.Sprintf("Not ready: %d of %d protected calls of the last %d days would be refused, all from %s. Upgrade these clients, "+
			"or see what accepting turns on for them.",
			r.Calls.Refuse, r.Calls.All(), r.Days, list(clients))
	case len(below) > 0:
		return fmt.Sprintf("Not ready: %s are older than the first version that speaks step-up. Upgrade them first.", list(below))
	case len(r.WithoutMethod) > 0:
		return fmt.Sprintf(
			"Nothing seen would be refused, but %d user(s) have no method that could confirm %s: they would be stopped there.",
			r.WithoutMethod[0].Users, r.WithoutMethod[0].Scope)
	case len(r.Actions) == 0:
		return "No action-based MFA in use: nothing to migrate. Accepting begins to ask for a proof before exports, deletions and " +
			"changes of credentials."
	case r.Calls.All() == 0:
		return fmt.Sprintf(
			"No protected call was seen in the last %d days, so nothing is known. Try each flow with a user under rehearsal.", r.Days)
	}
	return fmt.Sprintf("Ready: of %d protected calls of the last %d days none would be refused; %d would have asked their user first.",
		r.Calls.All(), r.Days, r.Calls.Prompt)
}

// shown is how many of a list a sentence names.
const shown = 5

func list(items []string) string {
	if len(items) > shown {
		return strings.Join(items[:shown], ", ") + fmt.Sprintf(" and %d more", len(items)-shown)
	}
	return strings.Join(items, ", ")
}
