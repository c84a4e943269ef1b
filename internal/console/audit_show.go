package console

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

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
	By, Actor               string // who did it: in words, and as the log has it
	Source, UserAgent       string
	RequestID, Hash         string
	Facts                   []auditFact
}

type auditFact struct {
	Name   string
	Values []string // as people read them, one a line
	Path   string
}

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
			p.Steps = append(p.Steps, known.step(e, e.ID == p.ID))
			if e.ID == p.ID && e.UserID != "" {
				p.Who, p.WhoPath = known.of(e.UserID), r.within("users/"+url.PathEscape(e.UserID))
			}
			if e.ID == p.ID {
				p.Action = e.Action
			}
		}
		if took := trail[len(trail)-1].At.Sub(trail[0].At); took > 0 {
			p.Took = spanInWords(took)
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

func (n *names) step(e operate.AuditEvent, this bool) auditStep {
	step := auditStep{
		Path: n.r.within("audit/" + e.ID), ID: e.ID, Action: e.Action, Title: e.Action, This: this, At: e.At, Outcome: e.Outcome,
		By: n.actor(e.Actor), Actor: e.Actor, Source: e.Source, UserAgent: e.UserAgent, RequestID: e.RequestID, Hash: e.Hash,
	}
	if words := steps[e.Action]; words != "" {
		step.Title = words
	}
	for _, part := range []json.RawMessage{e.Detail, e.Personal} {
		detail := membersOf(part)
		for _, name := range slices.Sorted(maps.Keys(detail)) {
			fact := auditFact{Name: inWords(name), Values: said(detail[name])}
			if len(fact.Values) == 1 && codeNames[fact.Values[0]] != "" {
				fact.Values[0] = codeNames[fact.Values[0]]
			}
			if token := textOf(detail[name]); name == "token_id" && token != "" {
				fact.Path = n.r.within("audit?token=" + url.QueryEscape(token))
			}
			step.Facts = append(step.Facts, fact)
		}
	}
	return step
}

// membersOf are the members of a JSON object.
func membersOf(object json.RawMessage) (members map[string]json.RawMessage) {
	_ = json.Unmarshal(object, &members)
	return members
}

// textOf is a JSON string as text; empty of anything else.
func textOf(value json.RawMessage) (text string) {
	_ = json.Unmarshal(value, &text)
	return text
}

// said is a value of an entry's detail as people read it: lists one by one, objects by
// their members.
func said(value json.RawMessage) []string {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) == nil && len(list) > 0 {
		var all []string
		for _, item := range list {
			all = append(all, strings.Join(said(item), ", "))
		}
		return all
	}
	switch v := strings.TrimSpace(string(value)); v {
	case "true":
		return []string{"yes"}
	case "false":
		return []string{"no"}
	case "null", `""`, "[]", "{}", "":
		return []string{"none"}
	}
	if members := membersOf(value); len(members) > 0 {
		var all []string
		for _, name := range slices.Sorted(maps.Keys(members)) {
			all = append(all, inWords(name)+" "+strings.Join(said(members[name]), ", "))
		}
		return []string{strings.Join(all, ", ")}
	}
	if text := textOf(value); text != "" {
		return []string{text}
	}
	return []string{strings.TrimSpace(string(value))}
}

// inWords is the name of a member, single_use or singleUse, as people write it.
func inWords(name string) string {
	var b strings.Builder
	for i, c := range name {
		switch {
		case c == '_':
			b.WriteByte(' ')
		case unicode.IsUpper(c) && i > 0:
			b.WriteByte(' ')
			b.WriteRune(unicode.ToLower(c))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// saysInShort is what a row of the log shows of an entry's detail: not the ids, which say
// nothing to people.
func saysInShort(e operate.AuditEvent) string {
	var all []string
	detail := membersOf(e.Detail)
	for _, name := range slices.Sorted(maps.Keys(detail)) {
		if strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "Id") || strings.HasSuffix(name, "_hash") || name == "expires_at" ||
			textOf(detail[name]) == "" && string(detail[name]) == `""` {
			continue
		}
		text := inWords(name)
		switch value := strings.Join(said(detail[name]), ", "); value {
		case "yes":
		case "no":
			text = "not " + text
		default:
			if letters := []rune(value); len(letters) > 60 {
				value = string(letters[:60]) + "…"
			}
			text += " " + cmp.Or(codeNames[value], value)
		}
		if all = append(all, text); len(all) == 3 {
			break
		}
	}
	return strings.Join(all, ", ")
}
