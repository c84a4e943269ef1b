package console

import (
	"strconv"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// documentPage is the environment's document to read and to edit as a whole, and those
// it had before.
type documentPage struct {
	Text      string
	Read      int64
	Problem   string
	Problems  []environment.Problem // by line
	Meanwhile string
	History   []operate.Revision
	Pager     Pager
	MayWrite  bool
	Imported  bool
	Path      string // of the section
}

func (documentPage) template() string { return "security_document" }
func (documentPage) title() string    { return "Document" }
func (documentPage) crumbs() []crumb  { return []crumb{{"Security", "./security"}} }

func documentShow(r *request) (answer, error) {
	p := documentPage{Text: r.environment.Document, Read: r.environment.Revision}
	return documentWith(r, p, show)
}

// documentWith shows the page with the history below.
func documentWith(r *request, p documentPage, as func(page) (answer, error)) (answer, error) {
	p.Path, p.MayWrite = r.within("security"), r.may(operator.EnvironmentsWrite)
	before := r.URL.Query().Get("after")
	from, _ := strconv.ParseInt(before, 10, 64)
	var next int64
	err := r.read(func(tx *store.Tx) (err error) {
		p.History, next, err = operate.History(tx, r.environment.ID, from)
		known := names{tx: tx, r: r, err: err}
		for i, revision := range p.History {
			p.History[i].Actor = known.actor(revision.Actor)
		}
		return known.err
	})
	if err != nil {
		return nil, err
	}
	more := ""
	if next != 0 {
		more = strconv.FormatInt(next, 10)
	}
	p.Pager = pager(r, before, more)
	return as(p)
}

// documentAgain shows a document that cannot be applied as it was typed, with what is
// wrong with it.
func documentAgain(r *request, typed proposal, f *fault.Error) (answer, error) {
	p := documentPage{Text: typed.Document, Read: typed.Read, Problem: f.Message}
	if payload, ok := f.Payload.(map[string]any); ok {
		if problems, ok := payload["problems"].(environment.Problems); ok {
			p.Problem, p.Problems = "", problems
		}
	}
	return documentWith(r, p, again)
}

// documentImport puts a file into the editor. Nothing is applied by it.
func documentImport(r *request) (answer, error) {
	text, err := readFile(r, "file")
	if err != nil {
		return nil, err
	}
	return documentWith(r, documentPage{Text: text, Read: r.environment.Revision, Imported: true}, show)
}

// documentExport is the document as a file.
func documentExport(r *request) (answer, error) {
	return file{r.environment.ID + ".yaml", "application/yaml; charset=utf-8", []byte(r.environment.Document)}, nil
}

// revisionPage is a document that the environment has or had.
type revisionPage struct {
	operate.Revision
	InForce  bool
	Now      int64
	MayWrite bool
	Path     string
}

func (revisionPage) template() string { return "security_revision" }
func (p revisionPage) title() string  { return "Revision " + strconv.FormatInt(p.Revision.Revision, 10) }
func (revisionPage) crumbs() []crumb {
	return []crumb{{"Security", "./security"}, {"Document", "./security/document"}}
}

func revisionShow(r *request) (answer, error) {
	number, err := strconv.ParseInt(r.PathValue("revision"), 10, 64)
	if err != nil {
		return nil, errNotFound
	}
	p := revisionPage{Path: r.within("security"), MayWrite: r.may(operator.EnvironmentsWrite), Now: r.environment.Revision}
	err = r.read(func(tx *store.Tx) error {
		p.Revision, err = operate.RevisionOf(tx, r.environment.ID, number)
		known := names{tx: tx, r: r, err: err}
		p.Revision.Actor = known.actor(p.Revision.Actor)
		return known.err
	})
	if err != nil {
		return nil, err
	}
	p.InForce = p.Revision.Document == r.environment.Document
	return show(p)
}
