package prompt

import (
	"cmp"
	"net/url"
	"regexp"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/sentcode"
	"github.com/stepup-auth/stepup/internal/method/smscode"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

// PromptCodeRequest asks for a code to one of the addresses that the page lists.
type PromptCodeRequest struct {
	CredentialID   string `json:"credentialId"`
	VerificationID string `json:"verificationId,omitempty"` // of an earlier one, in whose place the new one comes
}

// PromptSent is a code on its way.
type PromptSent struct {
	VerificationID     string    `json:"verificationId"`
	Channel            string    `json:"channel"` // email, sms
	Recipient          string    `json:"recipient"`
	ExpiresAt          time.Time `json:"expiresAt"`
	ResendAfterSeconds int       `json:"resendAfterSeconds"`
}

// resendAfter is how long the page lets people look for a code before it offers another.
const resendAfter = 30

func (f *Face) sendCode(c *door.Call, r PromptCodeRequest) (PromptSent, error) {
	a, err := aimOf(c)
	if err != nil {
		return PromptSent{}, err
	}
	return f.send(c, a, r)
}

func (f *Face) sendEnrolmentCode(c *door.Call, r PromptCodeRequest) (PromptSent, error) {
	return f.send(c, aim{scopes: toEnrol}, r)
}

func (f *Face) send(c *door.Call, a aim, r PromptCodeRequest) (PromptSent, error) {
	means, row, err := offer(c, a, r.CredentialID)
	if err != nil {
		return PromptSent{}, err
	}
	asked := sentcode.Request{Purpose: method.InSession, Address: row.PublicIdentifier, BindingID: a.bindingID(), Scopes: a.scopes,
		Alarm: func(setting string) {
			if f.Full != nil {
				f.Full(c.Tenant.ID, setting)
			}
		}}
	sent := PromptSent{Recipient: row.PublicIdentifier, ResendAfterSeconds: resendAfter}
	create, resend := emailcode.Create, emailcode.Resend
	switch means.Kind {
	case assurance.EmailCode:
		sent.Channel = "email"
	case assurance.SMSCode:
		if !f.Texts {
			return PromptSent{}, smscode.Off()
		}
		asked.Address, sent.Channel, create, resend = row.Identifier, "sms", smscode.Create, smscode.Resend
	default:
		return PromptSent{}, fault.New(fault.MFAInvalidRequest, "No code is sent for this one. Ask for its challenge.")
	}
	var made store.CodeChallengeRow
	err = c.Write(func(tx *store.Tx) (err error) {
		made, err = signin.SendCode(c.Caller, tx, means.Kind, func(tx *store.Tx, _ string) (store.CodeChallengeRow, error) {
			if r.VerificationID != "" {
				return resend(c.Caller, tx, asked, r.VerificationID)
			}
			return create(c.Caller, tx, asked)
		})
		return err
	})
	if err != nil {
		return PromptSent{}, err
	}
	f.count(means.Kind, "sent")
	sent.VerificationID, sent.ExpiresAt = made.ID, made.ExpiresAt.UTC()
	return sent, nil
}

// count counts codes that were sent, and proofs, for metrics.
func (f *Face) count(kind assurance.Kind, event string) {
	if f.Codes != nil {
		f.Codes(string(kind), event)
	}
}

// PromptChallengeRequest asks for what a passkey or a wallet is to sign, or where to log in.
type PromptChallengeRequest struct {
	CredentialID string `json:"credentialId"`
	Network      string `json:"network,omitempty"` // of an EVM wallet: its chain id; default 1
}

// PromptChallenge is one of these.
type PromptChallenge struct {
	Passkey *passkey.RequestOptions `json:"passkey,omitempty"`
	Wallet  *PromptWalletText       `json:"wallet,omitempty"`
	Social  *PromptSocialLogin      `json:"social,omitempty"`
}

// PromptWalletText is a text for a wallet to sign, byte for byte.
type PromptWalletText struct {
	Address   string    `json:"address"`
	Chain     string    `json:"chain"`
	Message   string    `json:"message"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// PromptSocialLogin is where the browser goes; the provider sends it back to the page.
type PromptSocialLogin struct {
	Provider string `json:"provider"`
	URL      string `json:"url"`
}

func (f *Face) challenge(c *door.Call, r PromptChallengeRequest) (PromptChallenge, error) {
	a, err := aimOf(c)
	if err != nil {
		return PromptChallenge{}, err
	}
	return f.begin(c, a, r)
}

func (f *Face) enrolmentChallenge(c *door.Call, r PromptChallengeRequest) (PromptChallenge, error) {
	return f.begin(c, aim{scopes: toEnrol}, r)
}

func (f *Face) begin(c *door.Call, a aim, r PromptChallengeRequest) (challenge PromptChallenge, err error) {
	means, row, err := offer(c, a, r.CredentialID)
	if err != nil {
		return PromptChallenge{}, err
	}
	switch means.Kind {
	case assurance.Passkey:
		err = c.WriteCounting(func(tx *store.Tx) error {
			options, err := passkey.BeginStepUp(c.Caller, tx, a.bindingID())
			challenge.Passkey = &options
			return err
		})
	case assurance.WalletSignature:
		challenge.Wallet, err = compose(c, a, row, r.Network)
	case assurance.Social:
		challenge.Social, err = login(c, a, row)
	default:
		err = fault.New(fault.MFAInvalidRequest, "There is nothing to sign for this one. Type its code.")
	}
	return challenge, err
}

var networkShape = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

// compose builds the text for a wallet. It names the page, whose origin the wallet sees.
func compose(c *door.Call, a aim, row store.CredentialRow, network string) (*PromptWalletText, error) {
	address, kind, err := wallet(c.Known, row.ID)
	if err != nil {
		return nil, err
	}
	text := walletsig.Text{
		Caller: c.Caller, Action: walletsig.StepUp, Chain: chain.Kind(kind), Address: address, Origin: c.Tenant.PromptOrigin,
		Scopes: a.scopes, About: a.about,
	}
	if text.Chain == chain.EVM {
		text.ChainID = cmp.Or(network, "1")
		if !networkShape.MatchString(text.ChainID) {
			return nil, fault.New(fault.InvalidRequest, "The field network must be a chain id in decimal digits.")
		}
	}
	made := PromptWalletText{Address: address, Chain: kind}
	err = c.Read(func(tx *store.Tx) (err error) {
		made.Message, err = walletsig.Compose(tx, text)
		made.ExpiresAt = tx.Now().Add(walletsig.Life).UTC().Truncate(time.Second)
		return err
	})
	return &made, err
}

// login begins a social login that comes back to the page, where the cookie of the
// prompt stands for the browser that began it. It goes by this server also where apps
// send browsers to the provider themselves, so that it can be asked for a fresh one.
func login(c *door.Call, a aim, row store.CredentialRow) (*PromptSocialLogin, error) {
	detail, err := account.ReadDetail(row.Detail)
	if err != nil {
		return nil, err
	}
	state := newSecret()
	request := social.Request{Caller: c.Caller, Provider: detail.OAuthProvider, BindingID: a.bindingID()}
	to := pageURL(c, c.Prompt.ID) + "?" + url.Values{"provider": {detail.OAuthProvider}}.Encode()
	err = c.WriteCounting(func(tx *store.Tx) error { return social.Begin(tx, request, state, to) })
	if err != nil {
		return nil, err
	}
	at := c.Tenant.Issuer + "/providers/" + url.PathEscape(detail.OAuthProvider) + "/authorize?" + url.Values{"state": {state}}.Encode()
	return &PromptSocialLogin{Provider: detail.OAuthProvider, URL: at}, nil
}
