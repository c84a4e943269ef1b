package prompt

import (
	"slices"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/store"
)

// PromptView is what the page shows. It says who asked and from where, because the person may
// be another than whoever made the prompt.
type PromptView struct {
	PromptID  string         `json:"promptId"`
	App       PromptApp      `json:"app"`
	Account   string         `json:"account"`
	Scopes    []PromptScope  `json:"scopes"`
	Binding   *PromptBinding `json:"binding,omitempty"`
	Asked     PromptAsked    `json:"asked"`
	ExpiresAt time.Time      `json:"expiresAt"`
	Passkeys  PromptPasskeys `json:"passkeys"`
	PromptWays
	Enrol     []string         `json:"enrol"`               // totp, passkey: what may be enrolled here
	Enrolment *PromptEnrolment `json:"enrolment,omitempty"` // what comes before it
}

// PromptApp is what the person is asked for.
type PromptApp struct {
	Name string `json:"name"`
}

// PromptScope is one thing that is approved. Its words follow the word to.
type PromptScope struct {
	Scope string `json:"scope"`
	Words string `json:"words,omitempty"`
}

// PromptBinding is the one transaction that is approved.
type PromptBinding struct {
	Summary     string `json:"summary"`
	Hash        string `json:"hash"`
	MustDisplay bool   `json:"mustDisplay"` // only what shows it may confirm it
}

// PromptAsked is where the prompt was made.
type PromptAsked struct {
	Address   string `json:"address"`
	UserAgent string `json:"userAgent"`
}

// PromptPasskeys says whether they work on the page, and if not why: they are off (disabled),
// or browsers use those of rpId elsewhere only (other_domain).
type PromptPasskeys struct {
	Usable bool   `json:"usable"`
	Why    string `json:"why,omitempty"`
	RPID   string `json:"rpId,omitempty"`
}

// PromptWays are what it can be proven with. The reason is that of a check (wire 11.1).
type PromptWays struct {
	Credentials         []PromptCredential `json:"credentials"`
	DefaultCredentialID string             `json:"defaultCredentialId,omitempty"`
	RecoveryCodes       bool               `json:"recoveryCodes"`
	Reason              string             `json:"reason"` // step_up_required, no_method, disputed or cooling_down
	CoolDownSeconds     int                `json:"coolDownSeconds,omitempty"`
}

// PromptCredential is one of them, as the check lists it. An address and a chain are of a
// wallet.
type PromptCredential struct {
	ID        string `json:"id"`
	Format    string `json:"format"`
	Type      string `json:"type,omitempty"`
	Alias     string `json:"alias,omitempty"`
	Displayed bool   `json:"displayed"` // it shows the person what they confirm
	Address   string `json:"address,omitempty"`
	Chain     string `json:"chain,omitempty"` // EVM, SOL
}

// PromptEnrolment is what has to be proven before a factor is enrolled, and whether it was.
type PromptEnrolment struct {
	Proven bool `json:"proven"`
	PromptWays
}

func (f *Face) read(c *door.Call, _ door.None) (PromptView, error) {
	var view PromptView
	err := c.Read(func(tx *store.Tx) (err error) {
		view, err = f.view(c, tx, *c.Prompt)
		return err
	})
	return view, err
}

// again reads the prompt anew, after something was done in it.
func (f *Face) again(c *door.Call) (PromptView, error) {
	var view PromptView
	err := c.Read(func(tx *store.Tx) error {
		p, err := tx.Prompt(c.Tenant.ID, c.Prompt.ID)
		if err == nil {
			view, err = f.view(c, tx, p)
		}
		return err
	})
	return view, err
}

func (f *Face) view(c *door.Call, tx *store.Tx, p store.PromptRow) (PromptView, error) {
	known, err := account.Know(tx, *c.Session)
	if err != nil {
		return PromptView{}, err
	}
	view := PromptView{
		PromptID: p.ID, App: PromptApp{c.Tenant.Mail.AppName}, Account: nameOf(c, known),
		Asked: PromptAsked{p.AskedAddress, p.AskedUserAgent}, ExpiresAt: p.ExpiresAt.UTC(), Passkeys: passkeys(c), Enrol: enrollable(c, p),
	}
	for _, scope := range p.Scopes {
		view.Scopes = append(view.Scopes, PromptScope{scope, c.Tenant.InWords(scope)})
	}
	a := aim{scopes: p.Scopes}
	if p.BindingID != "" {
		row, err := binding.Find(c.Caller, tx, p.BindingID)
		if err != nil {
			return PromptView{}, err
		}
		a.about, view.Binding = &row, &PromptBinding{row.Summary, row.Hash, row.MustDisplay}
	}
	if view.PromptWays, err = ways(c, known, a); err != nil {
		return PromptView{}, err
	}
	if len(view.Enrol) == 0 {
		return view, nil
	}
	view.Enrolment = &PromptEnrolment{Proven: mayEnrol(c, tx, known, p) == nil}
	view.Enrolment.PromptWays, err = ways(c, known, aim{scopes: toEnrol})
	return view, err
}

// nameOf is what people call the account.
func nameOf(c *door.Call, known account.Known) string {
	rows, user := known.Credentials(), known.User()
	for _, name := range []string{account.Email(c.Tenant.Environment, rows), account.Phone(c.Tenant.Environment, rows), user.Username} {
		if name != "" {
			return name
		}
	}
	return user.ID
}

func passkeys(c *door.Call) PromptPasskeys {
	switch {
	case !c.Tenant.MFA.Enables(store.FormatPasskey) || c.Tenant.Passkeys.RPID == "":
		return PromptPasskeys{Why: "disabled"}
	case !c.Tenant.PromptUsesPasskeys(c.Tenant.PromptOrigin):
		return PromptPasskeys{Why: "other_domain", RPID: c.Tenant.Passkeys.RPID}
	}
	return PromptPasskeys{Usable: true, RPID: c.Tenant.Passkeys.RPID}
}

// ways lists what could prove it on the page.
func ways(c *door.Call, known account.Known, a aim) (PromptWays, error) {
	w := PromptWays{Credentials: []PromptCredential{}, Reason: "step_up_required"}
	offers, err := offers(c, known, a)
	if err != nil {
		return w, err
	}
	switch {
	case offers.coolDown > 0:
		w.Reason, w.CoolDownSeconds = "cooling_down", int((offers.coolDown+time.Second-1)/time.Second)
		return w, nil
	case len(offers.means) == 0 && offers.disputed:
		w.Reason = string(stepup.ReasonDisputed)
	case len(offers.means) == 0:
		w.Reason = string(stepup.ReasonNoMethod)
	}
	for _, m := range offers.means {
		if m.Kind == assurance.RecoveryCode {
			w.RecoveryCodes = true
			continue
		}
		shown := PromptCredential{ID: m.ID, Format: m.Format, Type: m.Type, Alias: m.Alias, Displayed: m.Kind.Shows()}
		if m.Kind == assurance.WalletSignature {
			if shown.Address, shown.Chain, err = wallet(known, m.ID); err != nil {
				return w, err
			}
		}
		w.Credentials = append(w.Credentials, shown)
		if m.ID == offers.first {
			w.DefaultCredentialID = m.ID
		}
	}
	if w.DefaultCredentialID == "" && len(w.Credentials) > 0 {
		w.DefaultCredentialID = w.Credentials[0].ID
	}
	return w, nil
}

// wallet is the address of a wallet and its chain, as requests write them.
func wallet(known account.Known, id string) (address, kind string, err error) {
	row, _ := credential(known, id)
	detail, err := account.ReadDetail(row.Detail)
	for _, k := range []chain.Kind{chain.EVM, chain.Solana} {
		if k.Namespace() == detail.Chain {
			kind = string(k)
		}
	}
	return detail.Address, kind, err
}

func credential(known account.Known, id string) (store.CredentialRow, bool) {
	rows := known.Credentials()
	i := slices.IndexFunc(rows, func(row store.CredentialRow) bool { return row.ID == id })
	if i < 0 {
		return store.CredentialRow{}, false
	}
	return rows[i], true
}
