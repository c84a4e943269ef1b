package prompt

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/store"
)

// cookieLife lets a page that is over still say so.
const cookieLife = time.Hour

// cookieName is one per prompt, so that one opens no other. The prefix makes browsers
// insist on Secure, Path=/ and no Domain (RFC 6265bis); on plain HTTP, which is loopback,
// they would not take it.
func cookieName(c *door.Call, id string) string {
	if plain(c) {
		return "stepup-prompt-" + id
	}
	return "__Host-stepup-prompt-" + id
}

func plain(c *door.Call) bool { return strings.HasPrefix(c.Tenant.PromptOrigin, "http://") }

// PromptOpenRequest carries what stood in the fragment of the prompt's address.
type PromptOpenRequest struct {
	Secret string `json:"secret"`
}

// open trades the secret for the cookie. A browser that has the cookie is shown what
// there is: it traded the secret before.
func (f *Face) open(c *door.Call, r PromptOpenRequest) (PromptView, error) {
	if c.Cookie(cookieName(c, c.Path("promptId"))) != "" {
		if err := enter(c); !fault.Has(err, fault.PromptNotOpen) {
			if err != nil {
				return PromptView{}, err
			}
			return f.read(c, door.None{})
		}
	}
	if err := door.Need("secret", r.Secret); err != nil {
		return PromptView{}, err
	}
	// Whoever guesses waits for no writer, nor does anybody for them.
	err := c.Glance(func(tx *store.Tx) error {
		_, _, err := addressed(c, tx, r.Secret)
		return err
	})
	if err != nil {
		return PromptView{}, err
	}
	cookie := newSecret()
	var view PromptView
	err = c.Write(func(tx *store.Tx) error {
		p, err := f.trade(c, tx, r.Secret, cookie)
		if err == nil {
			view, err = f.view(c, tx, p)
		}
		return err
	})
	if err != nil {
		return PromptView{}, err
	}
	c.SetCookie(&http.Cookie{
		Name: cookieName(c, c.Path("promptId")), Value: cookie, Path: "/", MaxAge: int(cookieLife / time.Second), Secure: !plain(c),
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	return view, nil
}

// addressed is the prompt that the path names, if the secret is that of its address and
// was not traded before.
func addressed(c *door.Call, tx *store.Tx, secret string) (p store.PromptRow, hash []byte, err error) {
	p, err = tx.Prompt(c.Tenant.ID, c.Path("promptId"))
	if errors.Is(err, store.ErrNotFound) {
		return p, nil, notOpen()
	}
	if err != nil {
		return p, nil, err
	}
	hash = hashSecret(tx, p.EnvironmentID, p.ID, secret)
	if !seal.Equal(p.SecretHash, hash) || !p.OpenedAt.IsZero() {
		return p, nil, notOpen()
	}
	return p, hash, nil
}

// trade opens a prompt, once, whoever has the secret.
func (f *Face) trade(c *door.Call, tx *store.Tx, secret, cookie string) (store.PromptRow, error) {
	p, hash, err := addressed(c, tx, secret)
	if err != nil {
		return p, err
	}
	if err := join(c, tx, p); err != nil {
		return p, err
	}
	p.CookieHash = hashCookie(tx, p.EnvironmentID, p.ID, cookie)
	err = tx.OpenPrompt(p.EnvironmentID, p.ID, hash, p.CookieHash)
	if errors.Is(err, store.ErrNotFound) {
		return p, notOpen()
	}
	if err != nil {
		return p, err
	}
	return p, audit.Record(tx, c.By, "prompt.opened", audit.Detail{"prompt_id": p.ID})
}

// enter lets in whoever has the cookie of the prompt that the path names, while there is
// something to be done.
func enter(c *door.Call) error {
	return c.Read(func(tx *store.Tx) error {
		p, err := held(c, tx)
		if err == nil {
			err = join(c, tx, p)
		}
		return err
	})
}

// enterOver is enter, which lets in also where the prompt is over: all there is left to
// say is where to go, and then the call has no session.
func enterOver(c *door.Call) error {
	err := enter(c)
	if fault.Has(err, fault.PromptOver) {
		c.Session, err = nil, nil
	}
	return err
}

// held is the prompt whose cookie was sent.
func held(c *door.Call, tx *store.Tx) (store.PromptRow, error) {
	id := c.Path("promptId")
	cookie := c.Cookie(cookieName(c, id))
	if cookie == "" {
		return store.PromptRow{}, notOpen()
	}
	p, err := tx.Prompt(c.Tenant.ID, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !seal.Equal(p.CookieHash, hashCookie(tx, p.EnvironmentID, p.ID, cookie)) {
		return p, notOpen()
	}
	c.Prompt = &p
	return p, err
}

// join lets the call act in the session that made the prompt, or says that the prompt is
// over: with it, or before it.
func join(c *door.Call, tx *store.Tx, p store.PromptRow) error {
	c.Prompt = &p
	if why := ended(p, tx.Now()); why != "" {
		return over(c, p, why)
	}
	err := c.Enter(tx, p.SessionID, p.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return over(c, p, reasonEnded)
	}
	if err == nil && !c.Tenant.Prompt.Returns(p.RedirectURI) { // its address was taken off the list
		return over(c, p, reasonEnded)
	}
	c.Caller.Prompt = p.ID
	return err
}

func notOpen() *fault.Error {
	return fault.New(fault.PromptNotOpen,
		"This prompt is not open here: its address was used before, in another browser perhaps, or is not whole. "+
			"Ask for it again in the app.")
}
