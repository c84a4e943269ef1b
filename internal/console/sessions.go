package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// New makes the console of a desk, whose operators sign in.
func New(c Config, desk *operator.Desk) *Console {
	plain := strings.HasPrefix(desk.URL, "http://")
	console := build(c, &sessions{desk: desk, plain: plain})
	console.plain = plain
	return console
}

// sessions are visitors in sessions of the reserved environment, told by a cookie. The
// cookie is another one whenever the session is worth more than before.
type sessions struct {
	desk  *operator.Desk
	plain bool // plain HTTP, which is development
}

// cookie is the cookie's name. The prefix makes browsers insist on Secure, Path=/ and no
// Domain (RFC 6265bis); on plain HTTP they would not take it.
func (s *sessions) cookie() string {
	if s.plain {
		return "stepup-console"
	}
	return "__Host-stepup-console"
}

func (s *sessions) sent(req *http.Request) string {
	cookies := req.CookiesNamed(s.cookie())
	if len(cookies) != 1 { // two of one name: somebody planted one
		return ""
	}
	return cookies[0].Value
}

func (s *sessions) visitor(tx *store.Tx, req *http.Request) (visitor, error) {
	v, err := s.desk.Visit(tx, s.sent(req))
	if errors.Is(err, operator.ErrNobody) || err == nil && v.Stage != operator.Inside {
		return visitor{}, errNobody
	}
	return visitor{Operator: v.Operator, SessionID: v.Session.ID, visit: v}, err
}

func (s *sessions) elevated(tx *store.Tx, v visitor, scope stepup.Scope) (bool, error) {
	return s.desk.Elevated(tx, v.visit, scope)
}

// touchAfter is how old a session's last use may be before a page moves its idle limit.
const touchAfter = time.Minute

// unwatched is the header of what a page's script asks for by itself, which is no use of
// the session: nobody need sit there.
const unwatched = "Stepup-Console-Live"

// used moves the idle limit of a session that a page was asked for in.
func (s *sessions) used(r *request) error {
	v := r.visitor.visit
	if v.Session.ID == "" || r.Header.Get(unwatched) != "" || r.Now().Sub(v.Session.RefreshedAt) < touchAfter {
		return nil
	}
	err := r.DB.Write(r.Context(), func(tx *store.Tx) error { return s.desk.Touch(tx, v, r.from()) })
	if errors.Is(err, operator.ErrNobody) {
		return nil
	}
	return err
}

// signIn leads to wherever the way in goes on.
func (s *sessions) signIn(r *request) (answer, error) {
	to := ""
	if r.Method == http.MethodGet {
		to = r.URL.RequestURI()
	}
	v, err := s.arrived(r)
	switch {
	case err != nil && !errors.Is(err, operator.ErrNobody):
		return nil, err
	case err == nil && v.Stage == operator.OwesFactor:
		return redirect(withTo(Root+"sign-in/factor", to), "")
	case err == nil && v.Stage == operator.Enrols:
		return redirect(Root+"enrol", "")
	case s.desk.Development && r.Method == http.MethodGet:
		return s.development(r, to)
	}
	return redirect(withTo(Root+"sign-in", to), "")
}

// development signs in the console's own operator of development mode.
func (s *sessions) development(r *request, to string) (answer, error) {
	var cookie string
	err := r.DB.Write(r.Context(), func(tx *store.Tx) (err error) {
		cookie, err = s.desk.EnterDevelopment(tx, r.from())
		return err
	})
	if err != nil {
		return nil, err
	}
	r.Log.Warn("the console has signed somebody in who proved nothing: this is development mode", "operator", operator.DevelopmentEmail)
	return entered{s.fresh(cookie), local(to), http.StatusSeeOther}, nil
}

// arrived is whoever the cookie is of, however far they have come in.
func (s *sessions) arrived(r *request) (v operator.Visit, err error) {
	err = r.DB.Read(r.Context(), func(tx *store.Tx) error {
		v, err = s.desk.Visit(tx, s.sent(r.Request))
		return err
	})
	return v, err
}

// fresh is the cookie to set.
func (s *sessions) fresh(value string) *http.Cookie {
	return &http.Cookie{Name: s.cookie(), Value: value, Path: "/", MaxAge: int(operator.AbsoluteLimit / time.Second), Secure: !s.plain,
		HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// gone is the cookie that takes it away.
func (s *sessions) gone() *http.Cookie {
	return &http.Cookie{Name: s.cookie(), Path: "/", MaxAge: -1, Secure: !s.plain, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// entered leads on with another cookie.
type entered struct {
	cookie *http.Cookie
	to     string
	status int
}

func (e entered) write(w http.ResponseWriter, r *request) error {
	if e.cookie != nil {
		http.SetCookie(w, e.cookie)
	}
	http.Redirect(w, r.Request, e.to, e.status)
	return nil
}

// told is JSON for the console's own scripts.
type told struct {
	status int
	value  any
	cookie *http.Cookie // to set; nil: none
}

func (t told) write(w http.ResponseWriter, _ *request) error {
	if t.cookie != nil {
		http.SetCookie(w, t.cookie)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(t.status)
	return json.NewEncoder(w).Encode(t.value)
}

// tell answers a script, also with a refusal.
func tell(value any, err error) (answer, error) {
	var f *fault.Error
	if errors.As(err, &f) && f.Code.Status() < http.StatusInternalServerError {
		return told{f.Code.Status(), map[string]any{"error": f.Message, "code": f.Code}, nil}, nil
	}
	return told{http.StatusOK, value, nil}, err
}

// from says where the request comes from.
func (r *request) from() operator.From {
	return operator.From{Address: r.ClientAddr(r.Request), UserAgent: r.UserAgent(), RequestID: r.id}
}

// local is a place in the console to go to, from text that may be anybody's; what is
// none is where operators begin.
func local(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, Root) || strings.ContainsAny(to, "\\\r\n") {
		return Root
	}
	return u.RequestURI()
}

// withTo is a path that remembers where to go on to.
func withTo(path, to string) string {
	if to == "" || local(to) == Root {
		return path
	}
	return path + "?" + url.Values{"to": {local(to)}}.Encode()
}

// refusal is what to say in a form that was refused; ok is false for what is no refusal.
func refusal(err error) (text string, ok bool) {
	var f *fault.Error
	if errors.As(err, &f) && f.Code.Status() < http.StatusInternalServerError {
		return f.Message, true
	}
	return "", false
}

// fromScript reads what a script put into a field of a form.
func fromScript[T any](r *request, field string) (*T, error) {
	text := r.PostFormValue(field)
	if text == "" {
		return nil, nil
	}
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, fault.New(fault.InvalidPasskey, "The browser's answer cannot be read. Try again.").Because(err)
	}
	return &value, nil
}
