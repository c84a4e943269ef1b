package admin

import (
	"strconv"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// revisionRoutes change single places of a document, and show and bring back what it was.
func (a *API) revisionRoutes() []door.Route {
	dryRun := []door.Param{{Name: "dryRun", Type: "boolean", Summary: "Judge and report, change nothing"}}
	return []door.Route{
		{
			Method: "PATCH", Path: door.Admin + "/environments/{environmentId}", Section: "ours",
			Summary: "Change places of an environment's document and leave the rest; weakening needs environments.weaken",
			Gate:    door.Service(serviceauth.EnvironmentsWrite), Query: dryRun,
			Handler: door.Handle(a.edit),
		},
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}/revisions", Section: "ours",
			Summary: "List the documents that an environment has had, newest first",
			Gate:    door.Service(serviceauth.EnvironmentsRead),
			Query:   []door.Param{{Name: "before", Type: "integer", Summary: "The member next of the page before"}},
			Handler: door.Handle(revisions),
		},
		{
			Method: "GET", Path: door.Admin + "/environments/{environmentId}/revisions/{revision}", Section: "ours",
			Summary: "Show one of them",
			Gate:    door.Service(serviceauth.EnvironmentsRead),
			Handler: door.Handle(revision),
		},
		{
			Method: "POST", Path: door.Admin + "/environments/{environmentId}/revisions/{revision}/revert", Section: "ours",
			Summary: "Apply the document of a revision again; weakening needs environments.weaken",
			Gate:    door.Service(serviceauth.EnvironmentsWrite), OptionalBody: true, Query: dryRun,
			Handler: door.Handle(a.revert),
		},
	}
}

// EditRequest changes places of a document.
type EditRequest struct {
	Edits    []environment.Edit `json:"edits"`
	Revision int64              `json:"revision,omitempty"` // refused where another is in force; 0: whichever is
}

func (a *API) edit(c *door.Call, r EditRequest) (ApplyResponse, error) {
	if len(r.Edits) == 0 {
		return ApplyResponse{}, fault.New(fault.InvalidRequest, "edits is empty: name what to change, as in "+
			`[{"path": "mfa.actions[wallet.waas.sign].required", "value": "true"}].`)
	}
	return a.change(c, r.Revision, operate.Proposal{Edits: r.Edits})
}

// RevertRequest may say which revision is in force, as its sender knows it.
type RevertRequest struct {
	Revision int64 `json:"revision,omitempty"` // refused where another is in force; 0: whichever is
}

func (a *API) revert(c *door.Call, r RevertRequest) (ApplyResponse, error) {
	to, err := strconv.ParseInt(c.Path("revision"), 10, 64)
	if err != nil || to < 1 {
		return ApplyResponse{}, noRevision(c.Path("revision"))
	}
	return a.change(c, r.Revision, operate.Proposal{RevertsTo: to})
}

// change makes a change of the document that the path names, or says what it would do.
func (a *API) change(c *door.Call, read int64, p operate.Proposal) (ApplyResponse, error) {
	id, dry := c.Path("environmentId"), c.Query().Get("dryRun") == "true"
	answer := ApplyResponse{DryRun: dry}
	err := c.Write(func(tx *store.Tx) (err error) {
		answer.Applied, err = p.Apply(c.Caller, tx, operate.ApplyOptions{
			ID: id, MayWeaken: c.Service.May(serviceauth.EnvironmentsWeaken, id), DryRun: dry, Operators: a.Operators(),
			Senders: a.Senders, Read: read, NoWeakening: c.Query().Get("noWeakening") == "true",
		})
		return err
	})
	if answer.Changes == nil {
		answer.Changes = []environment.Change{} // an empty list, not null
	}
	if err != nil || !dry || answer.Created {
		return answer, err
	}
	return answer, c.Read(func(tx *store.Tx) error {
		document, err := p.Document(tx, id)
		if err != nil {
			return err
		}
		effect, err := operate.Foresee(tx, id, document)
		answer.Effect = &effect
		return err
	})
}

// RevisionList is a page of revisions; ask again with before=next for more.
type RevisionList struct {
	Revisions []operate.Revision `json:"revisions"`
	Next      int64              `json:"next,omitempty"`
}

func revisions(c *door.Call, _ door.None) (list RevisionList, err error) {
	var before int64
	if text := c.Query().Get("before"); text != "" {
		if before, err = strconv.ParseInt(text, 10, 64); err != nil || before < 1 {
			return list, fault.New(fault.InvalidRequest, "before is no revision: take the member next of the page before.")
		}
	}
	err = c.Read(func(tx *store.Tx) error {
		list.Revisions, list.Next, err = operate.History(tx, c.Path("environmentId"), before)
		return err
	})
	return list, err
}

func revision(c *door.Call, _ door.None) (shown operate.Revision, err error) {
	number, err := strconv.ParseInt(c.Path("revision"), 10, 64)
	if err != nil {
		return shown, noRevision(c.Path("revision"))
	}
	err = c.Read(func(tx *store.Tx) error {
		shown, err = operate.RevisionOf(tx, c.Path("environmentId"), number)
		return err
	})
	return shown, err
}

func noRevision(text string) error {
	return fault.New(fault.NotFound, "%.20q is no revision: they are numbers, as the environment's list of revisions has them.", text)
}
