package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

// auditShowPage is the step-up that an entry belongs to, from its challenge to what it
// allowed.
type auditShowPage struct {
	ID           string
	Action       string
	Who, WhoPath string
	Took         string // from the first step to the last; empty: there is one
	Steps        []auditStep
}

type auditStep struct {
	Path, ID, Action, Title string
	This                    bool // the entry that the page is of
	At                      time.Time
	Outcome                 audit.Outcome
	By, Source, UserAgent   string
	RequestID, Hash         string
	Facts                   []auditFact
}

type auditFact struct{ Name, Value, Path string }

func (auditShowPage) template() string { return "audit_show" }
func (p auditShowPage) title() string  { return "One step-up" }
func (auditShowPage) crumbs() []crumb  { return []crumb{{"Audit", "./audit"}} }

func auditShow(r *request) (answer, error) {
	p := auditShowPage{ID: strings.ToLower(r.PathValue("entryId"))}
	err := r.read(func(tx *store.Tx) error {
		trail, err := operate.AuditTrail(tx, r.environment.ID, p.ID)
		if err != nil {
			return err
		}
		known := names{tx: tx, r: r}
		for _, e := range trail {
			p.Steps = append(p.Steps, stepOf(r, e, e.ID == p.ID))
			if e.ID == p.ID && e.UserID != "" {
				p.Who, p.WhoPath = known.of(e.UserID), r.within("users/"+url.PathEscape(e.UserID))
			}
			if e.ID == p.ID {
				p.Action = e.Action
			}
		}
		if took := trail[len(trail)-1].At.Sub(trail[0].At); took > 0 {
			p.Took = took.Round(100 * time.Millisecond).String()
		}
		return known.err
	})
	if err != nil {
		return nil, err
	}
	return show(p)
}

// steps are the actions that step-ups are made of, in words.
var steps = map[string]string{
	"code.sent": "A code was sent", "code.shared": "A code that was sent before was offered again",
	"binding.registered": "A transaction was registered",
	"proof.given":        "It was proved", "proof.refused": "A proof was refused", "token.minted": "An elevated token was minted",
	"token.consumed": "The token was spent", "mfa_token.minted": "An MFA token was minted", "mfa_token.used": "The MFA token was used",
	"prompt.made": "A prompt was made", "prompt.opened": "The prompt was opened", "prompt.proven": "It was proved in the prompt",
	"prompt.redeemed": "The app redeemed the prompt", "prompt.ended": "The prompt ended", "session.started": "A session was opened",
}

func stepOf(r *request, e operate.AuditEvent, this bool) auditStep {
	step := auditStep{
		Path: r.within("audit/" + e.ID), ID: e.ID, Action: e.Action, Title: e.Action, This: this, At: e.At, Outcome: e.Outcome,
		By: e.Actor, Source: e.Source, UserAgent: e.UserAgent, RequestID: e.RequestID, Hash: e.Hash,
	}
	if words := steps[e.Action]; words != "" {
		step.Title = words
	}
	for _, part := range []json.RawMessage{e.Detail, e.Personal} {
		detail := membersOf(part)
		for _, name := range slices.Sorted(maps.Keys(detail)) {
			fact := auditFact{Name: strings.ReplaceAll(name, "_", " "), Value: detail[name]}
			if name == "token_id" && fact.Value != "" {
				fact.Path = r.within("audit?token=" + url.QueryEscape(fact.Value))
			}
			step.Facts = append(step.Facts, fact)
		}
	}
	return step
}

// membersOf are the members of a JSON object as texts.
func membersOf(object json.RawMessage) map[string]string {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(object, &members)
	texts := make(map[string]string, len(members))
	for name, value := range members {
		var text string
		if json.Unmarshal(value, &text) != nil {
			var compact bytes.Buffer
			_ = json.Compact(&compact, value)
			text = compact.String()
		}
		texts[name] = text
	}
	return texts
}

// saysInShort is what a row of the log shows of an entry's detail: not the ids, which say
// nothing to people.
func saysInShort(e operate.AuditEvent) string {
	var said []string
	detail := membersOf(e.Detail)
	for _, name := range slices.Sorted(maps.Keys(detail)) {
		value := detail[name]
		if strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "Id") || strings.HasSuffix(name, "_hash") || name == "expires_at" ||
			value == "" {
			continue
		}
		if len(value) > 60 {
			value = string([]rune(value)[:min(60, len([]rune(value)))]) + "…"
		}
		said = append(said, fmt.Sprintf("%s %s", strings.ReplaceAll(name, "_", " "), value))
		if len(said) == 3 {
			break
		}
	}
	return strings.Join(said, ", ")
}
