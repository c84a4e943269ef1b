package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

// columns are the members that a row may have. The last two of a CSV file hold text of
// their own: wallets as CHAIN:ADDRESS with spaces between, metadata as a JSON object.
var columns = []string{
	"externalId", "email", "phone", "externalUserId", "disabled", "username", "alias", "firstName", "lastName", "jobTitle", "tShirtSize",
	"team", "country", "policiesConsent", "emailNotification", "discordNotification", "newsletterNotification", "wallets", "metadata",
}

// factors are members that other systems export and nobody may import: a second factor
// that was in a file is in more than one pair of hands.
var factors = []string{"totp", "totpSecret", "mfa", "mfaDevices", "passkeys", "passkey", "recoveryCodes", "backupCodes", "password",
	"passwordHash"}

// written is a row as its file has it.
type written struct {
	ExternalID     string   `json:"externalId"`
	Email          string   `json:"email"`
	Phone          string   `json:"phone"`
	ExternalUserID string   `json:"externalUserId"`
	Wallets        []wallet `json:"wallets"`
	Disabled       bool     `json:"disabled"`

	Username               *string         `json:"username"`
	Alias                  *string         `json:"alias"`
	FirstName              *string         `json:"firstName"`
	LastName               *string         `json:"lastName"`
	JobTitle               *string         `json:"jobTitle"`
	TShirtSize             *string         `json:"tShirtSize"`
	Team                   *string         `json:"team"`
	Country                *string         `json:"country"`
	PoliciesConsent        *bool           `json:"policiesConsent"`
	EmailNotification      *bool           `json:"emailNotification"`
	DiscordNotification    *bool           `json:"discordNotification"`
	NewsletterNotification *bool           `json:"newsletterNotification"`
	Metadata               json.RawMessage `json:"metadata"`
}

type wallet struct {
	Chain   string `json:"chain"`
	Address string `json:"address"`
}

// problem is why a row cannot be read.
type problem struct {
	field string
	text  string
}

func (p *problem) Error() string { return p.text }

func wrong(field, format string, args ...any) *problem {
	return &problem{field, fmt.Sprintf(format, args...)}
}

// unread is a row that is left out because of what it is.
func unread(number int64, externalID string, err error) Row {
	skip := Skip{Row: number, ExternalID: externalID, Reason: Unreadable, Detail: err.Error()}
	var p *problem
	if errors.As(err, &p) {
		skip.Field = p.field
	}
	return Row{Number: number, ExternalID: externalID, Problem: &skip}
}

// ReadJSON reads a row that is a JSON object. issuer is that of the environment's own
// login; empty: it has none.
func ReadJSON(number int64, text []byte, issuer string) Row {
	var w written
	if err := strictjson.Decode(text, &w, strictjson.Refuse); err != nil {
		return unread(number, "", said(err))
	}
	return w.row(number, issuer)
}

// said is what is wrong with a text that is no row, in words that show nothing of it but
// the name of a member.
func said(err error) error {
	var member *strictjson.MemberError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &member) && isFactor(member.Name):
		return wrong(shortly(member.Name), "Passwords and second factors are not imported. Leave %s out.", shortly(member.Name))
	case errors.As(err, &member) && member.Right != "":
		return wrong(shortly(member.Name), "Write %s as %s.", shortly(member.Name), member.Right)
	case errors.As(err, &member):
		return wrong(shortly(member.Name), "The member %s is not one of a row, or is there twice.", shortly(member.Name))
	case errors.As(err, &kind):
		return wrong(shortly(kind.Field), "The member %s is of the wrong type.", shortly(kind.Field))
	}
	return wrong("", "The row is not one JSON object.")
}

func isFactor(name string) bool {
	for _, factor := range factors {
		if strings.EqualFold(name, factor) {
			return true
		}
	}
	return false
}

// shortly is a name that a file has, as far as it is fit to be shown.
func shortly(name string) string {
	const most = 80
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most]) + "…"
	}
	return name
}

func (w written) row(number int64, issuer string) Row {
	if err := checkID(w.ExternalID); err != nil {
		return unread(number, "", err)
	}
	row := Row{Number: number, ExternalID: w.ExternalID, Disabled: w.Disabled}
	var err error
	if row.Addresses, err = w.addresses(issuer); err != nil {
		return unread(number, w.ExternalID, err)
	}
	change := account.ProfileChange{
		Username: w.Username, Alias: w.Alias, FirstName: w.FirstName, LastName: w.LastName, JobTitle: w.JobTitle, TShirtSize: w.TShirtSize,
		Team: w.Team, Country: w.Country, PoliciesConsent: w.PoliciesConsent, EmailNotification: w.EmailNotification,
		DiscordNotification: w.DiscordNotification, NewsletterNotification: w.NewsletterNotification, Metadata: w.Metadata,
	}
	if string(change.Metadata) == "null" {
		change.Metadata = nil
	}
	row.Username, row.Profile, err = change.Described()
	var refused *fault.Error
	if errors.As(err, &refused) {
		return unread(number, w.ExternalID, errors.New(refused.Message))
	}
	if err != nil {
		return unread(number, w.ExternalID, fmt.Errorf("%s", "The profile cannot be stored."))
	}
	if !storable(row.Profile) {
		return unread(number, w.ExternalID, fmt.Errorf("%s", "There is a NUL character in the row."))
	}
	return row
}

func storable(text string) bool {
	return !strings.Contains(text, "\x00") && !strings.Contains(text, `\u0000`)
}

// maxID is the most bytes of an id that a file has for its user.
const maxID = 255

func checkID(id string) error {
	switch {
	case id == "":
		return wrong("externalId", "The member externalId is missing. It says which user a row is about, in this file and the next.")
	case len(id) > maxID || strings.TrimSpace(id) != id || !utf8.ValidString(id) ||
		strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }):
		return wrong("externalId", "An externalId has at most %d bytes that print, and no space around it.", maxID)
	}
	return nil
}

// addresses are the credentials that the row says are the user's, each once.
func (w written) addresses(issuer string) ([]account.Address, error) {
	var all []account.Address
	if w.Email != "" {
		email, err := account.EmailAddress(w.Email)
		if err != nil {
			return nil, wrong("email", "The email address is none that mail can be sent to.")
		}
		all = append(all, email)
	}
	if w.Phone != "" {
		number, err := phone.Parse("", w.Phone, "")
		if err != nil {
			return nil, wrong("phone", "The phone number is none: write it with + and the country's code.")
		}
		all = append(all, account.PhoneAddress(number))
	}
	if w.ExternalUserID != "" {
		if issuer == "" {
			return nil, wrong("externalUserId", "The environment has no external login: set externalAuth first.")
		}
		if checkID(w.ExternalUserID) != nil {
			return nil, wrong("externalUserId", "An externalUserId has at most %d bytes that print, and no space around it.", maxID)
		}
		all = append(all, account.ExternalPerson(issuer, w.ExternalUserID))
	}
	if len(w.Wallets) > MaxWallets {
		return nil, wrong("wallets", "A user has at most %d wallets.", MaxWallets)
	}
	for _, one := range w.Wallets {
		kind, ok := chain.Parse(one.Chain)
		if !ok {
			return nil, wrong("wallets", "The chain of a wallet is EVM or SOL.")
		}
		address, ok := account.WalletOn(kind, one.Address)
		if !ok {
			return nil, wrong("wallets", "The address of a wallet is none of its chain.")
		}
		for _, earlier := range all {
			if earlier.Format == address.Format && earlier.Identifier == address.Identifier {
				return nil, wrong("wallets", "A wallet is there twice.")
			}
		}
		all = append(all, address)
	}
	if len(all) == 0 {
		return nil, wrong("", "The row has nothing to sign in with: email, phone, externalUserId or wallets.")
	}
	return all, nil
}

// set gives a column of a CSV file its value.
func (w *written) set(column, cell string) error {
	switch column {
	case "externalId":
		w.ExternalID = cell
	case "email":
		w.Email = cell
	case "phone":
		w.Phone = cell
	case "externalUserId":
		w.ExternalUserID = cell
	case "wallets":
		for _, text := range strings.Fields(cell) {
			kind, address, ok := strings.Cut(text, ":")
			if !ok {
				return wrong(column, "Write wallets as CHAIN:ADDRESS, with a space between two.")
			}
			w.Wallets = append(w.Wallets, wallet{kind, address})
		}
	case "metadata":
		if _, err := strictjson.ParseObject([]byte(cell), strictjson.Depth); err != nil {
			return wrong(column, "The metadata is not a JSON object.")
		}
		w.Metadata = json.RawMessage(cell)
	default:
		return w.setProfile(column, cell)
	}
	return nil
}

func (w *written) setProfile(column, cell string) error {
	texts := map[string]**string{
		"username": &w.Username, "alias": &w.Alias, "firstName": &w.FirstName, "lastName": &w.LastName, "jobTitle": &w.JobTitle,
		"tShirtSize": &w.TShirtSize, "team": &w.Team, "country": &w.Country,
	}
	if text := texts[column]; text != nil {
		*text = &cell
		return nil
	}
	yes, err := strconv.ParseBool(cell)
	if err != nil || cell != "true" && cell != "false" {
		return wrong(column, "The column %s says true or false.", column)
	}
	if column == "disabled" {
		w.Disabled = yes
		return nil
	}
	*map[string]**bool{
		"policiesConsent": &w.PoliciesConsent, "emailNotification": &w.EmailNotification,
		"discordNotification": &w.DiscordNotification, "newsletterNotification": &w.NewsletterNotification,
	}[column] = &yes
	return nil
}
