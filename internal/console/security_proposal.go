package console

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// A proposal is a change of the environment's document on its way through forms: they
// post it to be looked at, and the page that shows what it would do posts it to be made.
// Fields are named after the place of the document: "was:PATH" holds what stood there,
// "set:PATH" what is to stand there, "add:PATH" new entries of a list.
type proposal struct {
	Lines     string // edits, one a line: PATH=VALUE, a list entry, or -PATH to take it away
	Document  string // a whole document
	RevertsTo int64
	Read      int64  // the revision that it was made of
	Back      string // the page it comes from, within the environment
}

// backTo are the pages that proposals come from, with their names.
var backTo = map[string]string{"security": "Security", "security/document": "Document and history", "version": "API version",
	"delivery": "Delivery"}

func proposalIn(r *request) (p proposal, err error) {
	if err := r.ParseForm(); err != nil {
		return p, fault.New(fault.InvalidRequest, "The form cannot be read. Send it again.").Because(err)
	}
	p.Document = strings.ReplaceAll(r.PostForm.Get("document"), "\r\n", "\n")
	p.Read, _ = strconv.ParseInt(r.PostForm.Get("revision"), 10, 64)
	p.RevertsTo, _ = strconv.ParseInt(r.PostForm.Get("revert"), 10, 64)
	p.Back = "security"
	if back := r.PostForm.Get("back"); backTo[back] != "" {
		p.Back = back
	}
	var lines []string
	for _, line := range strings.Split(r.PostForm.Get("lines"), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.PostForm)) {
		values := r.PostForm[name]
		last := strings.TrimSpace(values[len(values)-1])
		if path, ok := strings.CutPrefix(name, "set:"); ok && last != r.PostForm.Get("was:"+path) {
			lines = append(lines, environment.Edit{Path: path, Value: last, Remove: last == ""}.String())
		}
		if path, ok := strings.CutPrefix(name, "add:"); ok {
			for entry := range strings.FieldsSeq(last) {
				lines = append(lines, environment.Edit{Path: path + "[" + entry + "]"}.String())
			}
		}
	}
	for _, path := range r.PostForm["remove"] {
		lines = append(lines, environment.Edit{Path: path, Remove: true}.String())
	}
	p.Lines = strings.Join(lines, "\n")
	return p, nil
}

// change is what package operate makes of it.
func (p proposal) change() operate.Proposal {
	change := operate.Proposal{RevertsTo: p.RevertsTo, Whole: []byte(p.Document)}
	for line := range strings.SplitSeq(p.Lines, "\n") {
		if line != "" {
			change.Edits = append(change.Edits, environment.ParseEdit(line))
		}
	}
	return change
}

// empty reports whether nothing was asked for.
func (p proposal) empty() bool { return p.Lines == "" && p.Document == "" && p.RevertsTo == 0 }

// apply makes the change, or looks at what it would do.
func (p proposal) apply(r *request, dryRun bool) (applied operate.Applied, err error) {
	err = r.write(func(tx *store.Tx) (err error) {
		o := operate.ApplyOptions{ID: r.environment.ID, MayWeaken: r.may(operator.EnvironmentsWeaken), DryRun: dryRun,
			Operators: r.Operators(), Senders: r.Senders}
		if !dryRun {
			o.Read, o.Prove = p.Read, r.prove(tx)
		}
		applied, err = p.change().Apply(r.caller(), tx, o)
		return err
	})
	return applied, err
}

// effectPage shows what a change would do, and asks whether to make it.
type effectPage struct {
	proposal
	Problem   string // why it cannot be made; what was typed can be mended
	Meanwhile string // what somebody else changed since it was made
	Changes   []environment.Change
	Weakens   int
	Warnings  []string
	MayWeaken bool
	StepUp    bool // making it asks for a step-up
	Decided   []decidedScope
	Traffic   operate.Traffic
	Entries   int    // of the audit log that are looked at, of each kind
	Path      string // of the section
	BackPath  string
}

// decidedScope is a scope that would be decided about otherwise.
type decidedScope struct {
	Scope string
	Calls int64
	Rows  []decidedRow
}

type decidedRow struct {
	Fact, Before, After string
	Who                 string
	Looser              bool
}

func (effectPage) template() string { return "security_effect" }
func (effectPage) title() string    { return "What this changes" }

// crumbs lead back to where the change was typed.
func (p effectPage) crumbs() []crumb { return []crumb{{backTo[p.Back], "./" + p.Back}} }

// securityPreview shows what a change would do.
func securityPreview(r *request) (answer, error) {
	p, err := proposalIn(r)
	if err != nil {
		return nil, err
	}
	return foresee(r, p, "")
}

// securityApply makes a change that was looked at.
func securityApply(r *request) (answer, error) {
	p, err := proposalIn(r)
	if err != nil {
		return nil, err
	}
	applied, err := p.apply(r, false)
	switch {
	case fault.Has(err, fault.Conflict):
		return foresee(r, p, store.RefusalOf(err).Message)
	case fault.Has(err, fault.InvalidEnvironmentDocument):
		return foresee(r, p, "")
	case err != nil:
		return nil, err
	case len(applied.Changes) == 0:
		return redirect(r.within(p.Back), "Nothing was changed: it is as it was.")
	}
	return redirect(r.within(p.Back), fmt.Sprintf("Revision %d holds from the next request on.", applied.Revision))
}

// foresee shows the page of what a change would do, on top of the document in force.
func foresee(r *request, p proposal, meanwhile string) (answer, error) {
	page := effectPage{proposal: p, Meanwhile: meanwhile, MayWeaken: r.may(operator.EnvironmentsWeaken), Path: r.within("security"),
		BackPath: r.within(p.Back), Entries: operate.TrafficEntries}
	if p.empty() {
		return redirect(page.BackPath, "Nothing was changed.")
	}
	applied, err := p.apply(r, true)
	if f := store.RefusalOf(err); f != nil && f.Code.Status() < 500 && f.Code.Status() != 403 && f.Code.Status() != 404 {
		if p.Document != "" {
			return documentAgain(r, p, f)
		}
		page.Problem = problemsInWords(err, nil)
		return again(page)
	}
	if err != nil {
		return nil, err
	}
	if len(applied.Changes) == 0 {
		return redirect(page.BackPath, "Nothing was changed: it is as it was.")
	}
	if p.Read != 0 && p.Read != applied.Revision && meanwhile == "" {
		page.Meanwhile = fmt.Sprintf("The environment changed meanwhile: you began at revision %d, and %d is in force. This is what your "+
			"change does on top of it.", p.Read, applied.Revision)
	}
	page.Read = applied.Revision
	page.Changes, page.Warnings = applied.Changes, applied.Warnings
	page.Weakens, page.StepUp = len(applied.Weakens()), len(applied.StepUps()) > 0
	return decisions(r, page)
}

// decisions shows the page with what would be decided otherwise.
func decisions(r *request, page effectPage) (answer, error) {
	var effect operate.Effect
	err := r.read(func(tx *store.Tx) error {
		document, err := page.change().Document(tx, r.environment.ID)
		if err == nil {
			effect, err = operate.Foresee(tx, r.environment.ID, document)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	page.Traffic = effect.Traffic
	for _, d := range effect.Decisions {
		if n := len(page.Decided); n == 0 || page.Decided[n-1].Scope != d.Scope {
			page.Decided = append(page.Decided, decidedScope{Scope: d.Scope, Calls: d.Calls})
		}
		fact, rest, _ := strings.Cut(d.Text, ": ")
		before, after, _ := strings.Cut(rest, " → ")
		who := strings.Join(d.Who[:min(len(d.Who), 6)], ", ")
		if len(d.Who) > 6 {
			who += fmt.Sprintf(" and %d more", len(d.Who)-6)
		}
		last := &page.Decided[len(page.Decided)-1]
		last.Rows = append(last.Rows, decidedRow{fact, before, after, who, d.Looser})
	}
	return show(page)
}

// readFile is a file of a form, as text.
func readFile(r *request, name string) (string, error) {
	file, _, err := r.FormFile(name)
	if err != nil {
		return "", fault.New(fault.InvalidRequest, "Choose a file first.").Because(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, environment.MaxSize+1))
	return string(text), err
}
