package deliver

import (
	htmltemplate "html/template"
	"regexp"
)

// The templates: every mail there is.
const (
	SignIn        = "sign_in"
	StepUp        = "step_up"
	AddressChange = "address_changed"
	Linked        = "credential_linked"
	Recovering    = "recovery"
	Unlinked      = "credential_unlinked"
	Renamed       = "credential_renamed"
	Recovered     = "recovery_code_used"
	Reset         = "factors_reset"
	Disputed      = "change_disputed"
	Settled       = "dispute_settled"
	NewDevice     = "device_link"
	DeviceAdded   = "device_registered"
	DeviceGone    = "device_revoked"
	Deleted       = "user_deleted"
	Weaker        = "environment_weakened"
	Invitation    = "console_invitation"
	Welcome       = "user_invitation"
)

// Style is how an environment's messages look and what language they are in. The zero
// value is English without a brand.
type Style struct {
	Language string // one of [Languages]; empty: English
	Color    string // of buttons and codes, #rrggbb; empty: ours
	Logo     bool   // mails show the environment's logo, which goes with them

	// Own are the environment's own words, by template, in the language.
	Own map[string]Own
}

// Own are words of an environment's own in one mail. They stand beside ours and never
// in the place of what a code is for, how long it is good and who may ask for it. Names
// in braces are filled in as in our own sentences.
type Own struct {
	Subject string // in place of ours
	Title   string // in place of ours
	Intro   string // a paragraph before everything
	Closing string // a paragraph at the end
}

const ourColor = "#12306b"

var color = regexp.MustCompile(`^#[0-9a-f]{6}$`)

func (s Style) color() htmltemplate.CSS {
	if color.MatchString(s.Color) {
		return htmltemplate.CSS(s.Color)
	}
	return ourColor
}

// LogoID is what a mail calls the picture that goes with it.
const LogoID = "logo@stepup"

const logoURL = "cid:" + LogoID
