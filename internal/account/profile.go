package account

import (
	"encoding/json"
	"regexp"
	"slices"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// MaxMetadata is the size of the metadata object in bytes of JSON.
const MaxMetadata = 4096

// maxField is the length of every other profile field in bytes.
const maxField = 256

var languageRule = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$`)

var usernameRule = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,64}$`)

// Profile is what a user tells of themselves. None of it proves anything, and
// none of it enters a decision.
type Profile struct {
	Alias                        string          `json:"alias,omitempty"`
	FirstName                    string          `json:"firstName,omitempty"`
	LastName                     string          `json:"lastName,omitempty"`
	JobTitle                     string          `json:"jobTitle,omitempty"`
	TShirtSize                   string          `json:"tShirtSize,omitempty"`
	Team                         string          `json:"team,omitempty"`
	Country                      string          `json:"country,omitempty"`
	Language                     string          `json:"language,omitempty"` // that messages are written in, as a tag such as de-AT
	BTCWallet                    string          `json:"btcWallet,omitempty"`
	KDAWallet                    string          `json:"kdaWallet,omitempty"`
	LTCWallet                    string          `json:"ltcWallet,omitempty"`
	CKBWallet                    string          `json:"ckbWallet,omitempty"`
	KASWallet                    string          `json:"kasWallet,omitempty"`
	DOGEWallet                   string          `json:"dogeWallet,omitempty"`
	PoliciesConsent              *bool           `json:"policiesConsent,omitempty"`
	EmailNotification            *bool           `json:"emailNotification,omitempty"`
	DiscordNotification          *bool           `json:"discordNotification,omitempty"`
	NewsletterNotification       *bool           `json:"newsletterNotification,omitempty"`
	Metadata                     json.RawMessage `json:"metadata,omitempty"`
	MFABackupCodeAcknowledgement string          `json:"mfaBackupCodeAcknowledgement,omitempty"`
}

// ProfileChange is a change to some fields; nil leaves a field as it is.
type ProfileChange struct {
	Username                     *string         `json:"username,omitempty"`
	Alias                        *string         `json:"alias,omitempty"`
	FirstName                    *string         `json:"firstName,omitempty"`
	LastName                     *string         `json:"lastName,omitempty"`
	JobTitle                     *string         `json:"jobTitle,omitempty"`
	TShirtSize                   *string         `json:"tShirtSize,omitempty"`
	Team                         *string         `json:"team,omitempty"`
	Country                      *string         `json:"country,omitempty"`
	Language                     *string         `json:"language,omitempty"`
	BTCWallet                    *string         `json:"btcWallet,omitempty"`
	KDAWallet                    *string         `json:"kdaWallet,omitempty"`
	LTCWallet                    *string         `json:"ltcWallet,omitempty"`
	CKBWallet                    *string         `json:"ckbWallet,omitempty"`
	KASWallet                    *string         `json:"kasWallet,omitempty"`
	DOGEWallet                   *string         `json:"dogeWallet,omitempty"`
	PoliciesConsent              *bool           `json:"policiesConsent,omitempty"`
	EmailNotification            *bool           `json:"emailNotification,omitempty"`
	DiscordNotification          *bool           `json:"discordNotification,omitempty"`
	NewsletterNotification       *bool           `json:"newsletterNotification,omitempty"`
	Metadata                     json.RawMessage `json:"metadata,omitempty"`
	MFABackupCodeAcknowledgement *string         `json:"mfaBackupCodeAcknowledgement,omitempty"`
}

// Empty reports whether nothing is to change.
func (c ProfileChange) Empty() bool {
	text, _ := json.Marshal(c)
	return string(text) == "{}"
}

// ReadProfile decodes a stored profile.
func ReadProfile(u store.UserRow) (Profile, error) {
	var p Profile
	err := json.Unmarshal([]byte(u.Profile), &p)
	return p, err
}

func (p Profile) text() (string, error) {
	text, err := json.Marshal(p)
	return string(text), err
}

// ChangeProfile applies a change to a user that the transaction has locked, and
// returns the user as it then is.
func ChangeProfile(c who.Caller, tx *store.Tx, u store.UserRow, change ProfileChange) (store.UserRow, error) {
	profile, err := ReadProfile(u)
	if err != nil {
		return u, err
	}
	if change.Username != nil {
		if u.Username = *change.Username; u.Username != "" && !usernameRule.MatchString(u.Username) {
			return u, badUsername()
		}
	}
	if err := change.apply(&profile); err != nil {
		return u, err
	}
	if change.MFABackupCodeAcknowledgement != nil { // "complete", or apply had refused
		if err := tx.ForgetRecoveryCodes(u.EnvironmentID, u.ID); err != nil {
			return u, err
		}
	}
	if u.Profile, err = profile.text(); err != nil {
		return u, err
	}
	if err := tx.UpdateProfile(u.EnvironmentID, u.ID, u.Username, u.Profile); err != nil {
		if store.IsUnique(err) {
			return u, fault.New(fault.UsernameAlreadyExists, "This username is taken. Choose another one.").Because(err)
		}
		return u, err
	}
	return u, audit.Record(tx, c.By, "user.updated", audit.Detail{"fields": change.names()})
}

// Described is the username and the stored profile of somebody of whom nothing but this is
// known.
func (c ProfileChange) Described() (username, profile string, err error) {
	var p Profile
	if c.MFABackupCodeAcknowledgement != nil {
		return "", "", fault.New(fault.InvalidRequest, "The field mfaBackupCodeAcknowledgement is the user's own.")
	}
	if c.Username != nil {
		if username = *c.Username; username != "" && !usernameRule.MatchString(username) {
			return "", "", badUsername()
		}
	}
	if err := c.apply(&p); err != nil {
		return "", "", err
	}
	profile, err = p.text()
	return username, profile, err
}

func badUsername() *fault.Error {
	return fault.New(fault.InvalidUsername, "A username has 3 to 64 letters, digits, dots, dashes or underscores.")
}

func (c ProfileChange) apply(p *Profile) error {
	for _, field := range []struct {
		from *string
		to   *string
		name string
	}{
		{c.Alias, &p.Alias, "alias"}, {c.FirstName, &p.FirstName, "firstName"}, {c.LastName, &p.LastName, "lastName"},
		{c.JobTitle, &p.JobTitle, "jobTitle"}, {c.TShirtSize, &p.TShirtSize, "tShirtSize"}, {c.Team, &p.Team, "team"},
		{c.Country, &p.Country, "country"}, {c.BTCWallet, &p.BTCWallet, "btcWallet"}, {c.KDAWallet, &p.KDAWallet, "kdaWallet"},
		{c.LTCWallet, &p.LTCWallet, "ltcWallet"},
		{c.CKBWallet, &p.CKBWallet, "ckbWallet"}, {c.KASWallet, &p.KASWallet, "kasWallet"}, {c.DOGEWallet, &p.DOGEWallet, "dogeWallet"},
	} {
		if field.from == nil {
			continue
		}
		if len(*field.from) > maxField {
			return fault.New(fault.InvalidRequest, "The field %s is longer than %d bytes.", field.name, maxField)
		}
		*field.to = *field.from
	}
	if c.Language != nil {
		if *c.Language != "" && !languageRule.MatchString(*c.Language) {
			return fault.New(fault.InvalidRequest, "The field language must be a language tag such as de or pt-BR.")
		}
		p.Language = *c.Language
	}
	for _, field := range []struct{ from, to **bool }{
		{&c.PoliciesConsent, &p.PoliciesConsent}, {&c.EmailNotification, &p.EmailNotification},
		{&c.DiscordNotification, &p.DiscordNotification}, {&c.NewsletterNotification, &p.NewsletterNotification},
	} {
		if *field.from != nil {
			*field.to = *field.from
		}
	}
	if len(c.Metadata) > MaxMetadata {
		return fault.New(fault.MetadataTooLarge, "The metadata object is larger than %d bytes.", MaxMetadata)
	}
	if len(c.Metadata) > 0 {
		if c.Metadata[0] != '{' {
			return fault.New(fault.InvalidRequest, "The field metadata must be a JSON object.")
		}
		p.Metadata = c.Metadata
	}
	if c.MFABackupCodeAcknowledgement != nil {
		if *c.MFABackupCodeAcknowledgement != "complete" {
			return fault.New(fault.InvalidRequest, "The field mfaBackupCodeAcknowledgement can only be set to complete.")
		}
		if p.MFABackupCodeAcknowledgement == "pending" {
			p.MFABackupCodeAcknowledgement = "complete"
		}
	}
	return nil
}

// names lists the changed fields, without their values.
func (c ProfileChange) names() []string {
	text, _ := json.Marshal(c)
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(text, &fields)
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
