package console

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// maxForm bounds the body of a form. Rows that take files read their own.
const maxForm = 1 << 20

// nowhere is the row of paths that nobody has.
var nowhere = route{permission: operators, handle: func(*request) (answer, error) { return nil, errNotFound }}

var (
	// errNobody says that a request carries no live session.
	errNobody = errors.New("nobody is signed in")
	// errNotElevated says that a token of the row's scope is asked for first.
	errNotElevated = errors.New("an elevated token is needed")

	errNotFound = fault.New(fault.NotFound, "There is nothing here, or nothing that you may see.")
	errMayNot   = fault.New(fault.PermissionMissing, "Your role does not allow this. An owner of the environment can change your role "+
		"under Members.")
)

// unreadable is a form that cannot be read.
func unreadable(err error) error {
	return fault.New(fault.InvalidRequest, "The form could not be read. Go back, and send it again.").Because(err)
}

// readable refuses text that no database keeps and no page shows, wherever it is in a
// request: a NUL, and what is no UTF-8.
func readable(req *http.Request) error {
	err := req.ParseForm()
	if strings.HasPrefix(req.Header.Get("Content-Type"), multipartTyp) && err == nil {
		err = req.ParseMultipartForm(maxForm)
		if over := (*http.MaxBytesError)(nil); errors.As(err, &over) { // the handler says of which file
			return nil
		}
	}
	if err != nil {
		return unreadable(err)
	}
	sound := clean(req.URL.Path)
	for name, values := range req.Form {
		sound = sound && clean(name) && !slices.ContainsFunc(values, func(v string) bool { return !clean(v) })
	}
	if !sound {
		return fault.New(fault.InvalidRequest, "The address or the form holds text that is none: a zero byte, or bytes that are no UTF-8.")
	}
	return nil
}

func clean(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }

// request is one request of an operator, with what the frame found out about it.
type request struct {
	*http.Request
	*Console
	route route
	id    string // that answer, log and audit share

	visitor     visitor              // zero: nobody is signed in
	environment store.EnvironmentRow // of the path; zero: none
	flash       string               // what the last action said; shown once
}

// read reads what the operator may read.
func (r *request) read(f func(*store.Tx) error) error {
	return r.DB.Read(r.Context(), func(tx *store.Tx) error {
		if err := r.admit(tx); err != nil {
			return err
		}
		return f(tx)
	})
}

// write changes what the operator may change, with the audit entry in the same
// transaction.
func (r *request) write(f func(*store.Tx) error) error {
	return r.DB.Write(r.Context(), func(tx *store.Tx) error {
		if err := r.admit(tx); err != nil {
			return err
		}
		return f(tx)
	})
}

// admit finds out who asks and whether they may, in the transaction that answers.
func (r *request) admit(tx *store.Tx) (err error) {
	r.visitor, err = r.visitors.visitor(tx, r.Request)
	if errors.Is(err, errNobody) && r.route.permission == everybody {
		return nil
	}
	if err != nil {
		return err
	}
	id := r.PathValue("environmentId")
	if id != operator.Everywhere {
		if !r.visitor.Sees(id) {
			return errNotFound
		}
		r.environment, err = tx.Environment(id)
		if errors.Is(err, store.ErrNotFound) {
			return errNotFound
		}
		if err != nil {
			return err
		}
	}
	if p := r.route.permission; p != everybody && p != operators && !r.visitor.May(p, id) {
		return errMayNot
	}
	if r.route.scope == "" {
		return nil
	}
	ok, err := r.visitors.elevated(tx, r.visitor, r.route.scope)
	if err == nil && !ok {
		err = errNotElevated
	}
	return err
}

// May reports whether the operator may do something in the environment of the page.
func (r *request) may(p operator.Permission) bool {
	return r.visitor.May(p, r.PathValue("environmentId"))
}

// caller is the operator as packages operate and audit name them.
func (r *request) caller() who.Caller {
	source := r.ClientAddr(r.Request)
	return who.Caller{Source: source, By: audit.By{
		EnvironmentID: r.PathValue("environmentId"), Actor: r.visitor.Actor(), RequestID: r.id,
		From: audit.From(source, r.UserAgent()),
	}}
}

// within is a path below the environment of the page.
func (r *request) within(rest string) string {
	return Root + "e/" + r.PathValue("environmentId") + "/" + rest
}

// serve answers a request by a row of the table.
func (c *Console) serve(w http.ResponseWriter, req *http.Request, rt route) {
	r := &request{Request: req, Console: c, route: rt, id: c.RequestID(req)}
	req.Body = http.MaxBytesReader(w, req.Body, maxForm)
	r.flash = c.takeFlash(w, req)
	answer, err := r.answer()
	if err == nil {
		err = c.visitors.used(r)
	}
	if err != nil {
		answer = r.refused(err)
	}
	if err := answer.write(w, r); err != nil && req.Context().Err() == nil {
		c.Log.Error("answering", "request_id", r.id, "error", err)
	}
}

func (r *request) answer() (answer, error) {
	err := readable(r.Request)
	if err == nil {
		err = r.read(func(*store.Tx) error { return nil })
	}
	if err == nil {
		var a answer
		if a, err = r.route.handle(r); err == nil {
			return a, nil
		}
	}
	switch {
	case errors.Is(err, errNobody):
		return r.visitors.signIn(r)
	case errors.Is(err, errNotElevated):
		return r.visitors.stepUp(r, r.route.scope)
	}
	return nil, err
}

// refused is the page that says why not, and what to do.
func (r *request) refused(err error) answer {
	f := store.RefusalOf(err)
	if f == nil && errors.Is(err, store.ErrNotFound) {
		f = errNotFound
	}
	if f == nil {
		f = fault.New(fault.Internal, "Something broke on our side. It is in the server's log under the request id below.").Because(err)
	}
	level := slog.LevelInfo
	if f.Code.Status() >= 500 && !errors.Is(err, context.Canceled) {
		level = slog.LevelError
	}
	r.Log.Log(r.Context(), level, "console refused", "request_id", r.id, "method", r.Method, "route", r.Pattern,
		"status", f.Code.Status(), "code", f.Code, "operator", r.visitor.ID, "cause", f.Cause)
	return shown{page: errorPage{Status: f.Code.Status(), Code: f.Code, Message: f.Message, RetryAfter: f.RetryAfter, RequestID: r.id},
		status: f.Code.Status()}
}

// answer is what a handler gives: [show], [again], [redirect] or [file].
type answer interface {
	write(w http.ResponseWriter, r *request) error
}

// shown is a page.
type shown struct {
	page   page
	status int
}

// show answers with a page.
func show(p page) (answer, error) { return shown{p, http.StatusOK}, nil }

// again shows a form once more, with what is wrong with it.
func again(p page) (answer, error) { return shown{p, http.StatusUnprocessableEntity}, nil }

func (s shown) write(w http.ResponseWriter, r *request) error {
	if e, ok := s.page.(errorPage); ok && e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter/time.Second)+1))
	}
	return r.render(w, r, s)
}

// redirected leads elsewhere in the console.
type redirected struct{ to, flash string }

// redirect leads to another page, which says flash once; empty: nothing.
func redirect(to, flash string) (answer, error) { return redirected{to, flash}, nil }

func (d redirected) write(w http.ResponseWriter, r *request) error {
	if d.flash != "" {
		r.leaveFlash(w, d.flash)
	}
	http.Redirect(w, r.Request, d.to, http.StatusSeeOther)
	return nil
}

// file is something to keep.
type file struct {
	name, mediaType string
	content         []byte
}

func (f file) write(w http.ResponseWriter, _ *request) error {
	w.Header().Set("Content-Type", f.mediaType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	_, err := w.Write(f.content)
	return err
}
