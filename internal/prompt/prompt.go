// Package prompt is the life of a hosted prompt: a step-up that a page of ours asks for
// in place of the app. The app makes it; its page opens it, once, by the secret that the
// address carries, and holds a cookie from then on; somebody proves that it is them; the
// page goes back to the app with a code; the app's session redeems that. Or it is
// cancelled, it expires, or it is ended.
//
// Its invariants: the secret, the cookie and the code are each good once, for one prompt
// and for one thing, and no two of them for the same. The page gains nothing for the
// session that the app does not redeem, and whoever made a prompt and sent somebody its
// address gains nothing either. What happens is not decided here: proofs come from
// package method, and what they are good for is said by signin and elevate, by the rules
// of the moment in which it happens.
package prompt

import (
	"io/fs"
	"net/http"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
	"github.com/stepup-auth/stepup/internal/store"
)

// Limits. They are documented in docs/limits.md.
const (
	Life       = 10 * time.Minute
	CodeLife   = 60 * time.Second
	PerSession = 3 // open at a time
	maxAgent   = 200
)

// perAccount bounds how many prompts one account makes, over all its sessions.
var perAccount = environment.Rate{Count: 30, Per: environment.Duration(10 * time.Minute)}

// Config is what the prompt is built from.
type Config struct {
	DB      *store.DB
	Now     func() time.Time
	HTTP    *http.Client                        // what fetches tenant-set addresses, see package outbound
	Secrets environment.Secrets                 // what documents point at
	Codes   func(method, event string)          // metrics: codes sent, proofs given; nil is allowed
	Full    func(environmentID, setting string) // a limit of a whole environment is used up; nil is allowed
	Texts   bool                                // the server can send text messages
	Pages   fs.FS                               // index.html and the files beside it; nil: a page that says there is none
}

// Face is what the endpoints share. The zero value has routes to read, and no more.
type Face struct {
	Config
	social    *social.Client
	contracts *walletsig.Contracts
}

// New builds the endpoints.
func New(c Config) *Face {
	keys := &keyset.Cache{HTTP: c.HTTP, Now: c.Now}
	return &Face{Config: c, social: social.NewClient(c.HTTP, keys, c.Secrets, c.Now), contracts: walletsig.NewContracts(c.HTTP)}
}
