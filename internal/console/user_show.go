package console

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// userShowPage is all that operators are shown of one person.
type userShowPage struct {
	userItem
	List      string // path of all users
	Username  string
	Elsewhere string      // what a file or an operator calls them
	New       bool        // nobody was ever here as this user
	Email     bool        // there is an address to invite them at
	Fields    []userField // of the profile
	Metadata  string      // JSON, indented
	Ways      []userWay   // addresses, logins and wallets
	Factors   []userWay
	Codes     int // unused recovery codes
	Disputes  []userWay
	Wallets   []userWay // kept here
	Locks     []userLock
	Sessions  []operate.SessionDetail
	More      int // sessions that are left out
	Devices   []operate.DeviceDetail
	Events    []operate.AuditEvent
	AuditPath string                // empty: the operator may not see the log
	Recovery  *operate.UserRecovery // an open one
	MayWrite  bool
}

type userField struct{ Name, Value string }

// userWay is a credential in words.
type userWay struct {
	ID, Kind, Shown string
	From            string // what let it in
	By              string // the credential that was proved for it
	Counts          bool
	Waits           bool // to be confirmed
	Disputed        bool
	Detail          string // what else it shows of itself
	Since           time.Time
	SignsIn         bool
	MayGo           bool // an operator may unlink it
	Last            bool // nothing else signs the user in, so it stays
	Set             bool // an operator said so
}

// userLock is a limit that refuses the user now, in words.
type userLock struct {
	Says, Of string
	Setting  string
	Until    time.Time // zero: it does not end by itself
}

func (userShowPage) template() string { return "user_show" }
func (p userShowPage) title() string  { return p.Name }
func (userShowPage) crumbs() []crumb  { return []crumb{{"Users", "./users"}} }

func userShow(r *request) (answer, error) {
	p, err := userOfPath(r)
	if err != nil {
		return nil, err
	}
	err = r.read(func(tx *store.Tx) (err error) {
		if p.Recovery, err = operate.RecoveryOf(tx, r.environment.ID, p.ID); err != nil {
			return err
		}
		known := names{tx: tx, r: r}
		for i, e := range p.Events {
			if e.Actor != "user:"+p.ID {
				p.Events[i].Actor = known.actor(e.Actor)
			}
		}
		return known.err
	})
	if err != nil {
		return nil, err
	}
	p.MayWrite = mayChangeUsers(r)
	if r.frames[inEnvironment+"audit"] && r.may(operator.AuditRead) {
		p.AuditPath = r.within("audit") + "?user=" + p.ID
	} else if !r.may(operator.AuditRead) {
		p.Events = nil
	}
	return show(p)
}

// pageOf puts what is known of a person into words.
func pageOf(d operate.UserDetail, list string) userShowPage {
	p := userShowPage{
		userItem: itemOf(d.UserSummary, list), List: list, Username: d.Username, Elsewhere: d.ExternalID, New: d.NeverSignedIn,
		Fields: profileFields(d), Codes: d.RecoveryCodes,
		Sessions: d.Sessions, More: d.MoreSessions, Devices: d.Devices, Events: d.Events,
	}
	var metadata bytes.Buffer
	if len(d.Profile.Metadata) > 0 && json.Indent(&metadata, d.Profile.Metadata, "", "  ") == nil {
		p.Metadata = metadata.String()
	}
	shown := map[string]string{}
	for _, c := range d.Credentials {
		shown[c.ID] = c.PublicIdentifier
	}
	for _, c := range d.Credentials {
		way := wayOf(c)
		way.By = shown[c.LetInBy]
		p.Email = p.Email || c.Format == store.FormatEmail
		switch {
		case c.EmbeddedWalletID != "":
			p.Wallets = append(p.Wallets, way)
		case c.Factor:
			p.Factors = append(p.Factors, way)
		case c.Format != store.FormatRecovery:
			p.Ways = append(p.Ways, way)
		}
		if way.Disputed || c.Provenance == store.ProvenanceRevokeLink && way.Waits {
			p.Disputes = append(p.Disputes, way)
		}
	}
	for i, way := range p.Ways {
		if way.SignsIn && !slices.ContainsFunc(d.Credentials, func(c operate.UserCredential) bool {
			return c.ID != way.ID && c.SignInEnabled && c.Counts
		}) {
			p.Ways[i].MayGo, p.Ways[i].Last = false, way.MayGo
		}
	}
	for _, lock := range d.Locks {
		p.Locks = append(p.Locks, lockOf(lock, shown[lock.CredentialID]))
	}
	return p
}

// kindNames are the kinds of credentials as operators read them.
var kindNames = map[string]string{
	"email": "Email address", "sms": "Phone number", "wallet": "Wallet", "social": "Social login", "external": "External login",
	"totp": "Authenticator app", "passkey": "Passkey", "recovery": "Recovery codes",
}

// letInNames say what let a credential in.
var letInNames = map[string]string{
	store.ProvenanceSignUp: "signed up with it", store.ProvenanceElevatedToken: "after a step-up",
	store.ProvenanceMFA: "right after a second factor", store.ProvenanceRevokeLink: "put back by an undo link",
	store.ProvenanceEmbedded: "made and kept here", store.ProvenanceNothing: "nothing vouched for it",
	store.ProvenanceImport: "a file said so", store.ProvenanceOperator: "an operator said so",
}

func wayOf(c operate.UserCredential) userWay {
	way := userWay{
		ID: c.ID, Kind: cmp.Or(kindNames[c.Kind], c.Format), Shown: c.PublicIdentifier, Counts: c.Counts, Waits: !c.Confirmed,
		From: cmp.Or(letInNames[c.Provenance], c.Provenance), Disputed: c.DisputedAt != nil,
		Detail: cmp.Or(c.OAuthProvider, c.ExternalIssuer, c.WalletName, c.Chain), SignsIn: c.SignInEnabled,
		Set: c.Provenance == store.ProvenanceOperator,
	}
	if c.VerifiedAt != nil {
		way.Since = *c.VerifiedAt
	}
	way.MayGo = !c.Factor && c.Format != store.FormatRecovery && c.EmbeddedWalletID == "" && !way.Disputed
	return way
}

// lockNames say what limits refuse.
var lockNames = map[string]string{
	"limits.codesPerAccount":     "Too many codes were asked for in open sessions, so none is sent there",
	"limits.codesPerAccountHour": "Too many codes were asked for in open sessions within an hour, so none is sent there",
	"limits.codesPerAddress":     "Too many codes were sent to this address",
	"limits.guessesPerAccount":   "Too many wrong codes were typed for this address",
	"limits.guessesHardStop":     "Codes for this address stopped working in open sessions after too many wrong ones",
	"limits.factorGuesses":       "Too many wrong tries: this factor waits before the next one",
	"limits.factorHardStop":      "This factor stopped after too many wrong tries",
}

func lockOf(l limit.Lock, of string) userLock {
	lock := userLock{Says: cmp.Or(lockNames[l.Limit], l.Limit), Of: of, Setting: l.Limit}
	if l.Until != nil {
		lock.Until = *l.Until
	}
	return lock
}

// profileFields are the fields of the profile that the user has filled in.
func profileFields(d operate.UserDetail) (fields []userField) {
	p := d.Profile
	for _, f := range []userField{
		{"First name", p.FirstName}, {"Last name", p.LastName}, {"Alias", p.Alias}, {"Job title", p.JobTitle}, {"Team", p.Team},
		{"Country", p.Country}, {"T-shirt size", p.TShirtSize}, {"BTC wallet", p.BTCWallet}, {"KDA wallet", p.KDAWallet},
		{"LTC wallet", p.LTCWallet}, {"CKB wallet", p.CKBWallet}, {"KAS wallet", p.KASWallet}, {"DOGE wallet", p.DOGEWallet},
	} {
		if f.Value != "" {
			fields = append(fields, f)
		}
	}
	return fields
}
