package environment

import (
	"cmp"
	"net/mail"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The words among which a document has to choose.
var (
	algorithms  = []string{"ES256", "EdDSA", "RS256"}
	storages    = []string{"localstorage", "cookie"}
	enrollments = []string{"none", "action", "signup"} // laxest first
	methodTypes = []string{"totp", "passkey"}
	behaviors   = []string{SingleUse, TimeBound}
	presets     = []string{PresetASVSL3}
	// those that cost extra are never texted
	numberTypes = []string{"mobile", "fixed_line_or_mobile", "fixed_line", "voip", "personal_number"}
	providers   = []string{
		"apple", "bitbucket", "coinbasesocial", "discord", "epicgames", "facebook", "farcaster", "github", "gitlab",
		"google", "instagram", "kraken", "line", "linkedin", "microsoft", "okta", "shopify", "spotify", "steam",
		"telegram", "tiktok", "twitch", "twitter",
	}
)

// Compatibilities is the closed list of compatibility entries.
var Compatibilities = []Compatible{LinkWallet, LinkEmail, LinkPhone, UnlinkWallet, UpdateUser, DeleteUser, Refresh, Reshare, DeleteDevice,
	RefreshWithoutMFA, ReshareWithoutMFA}

// maxItems bounds every list but that of the users in rehearsal.
const maxItems = 100

// maxRelatedOrigins is generous: browsers look at no more than five domains.
const maxRelatedOrigins = 20

// checker judges a document that was read. Paths that could not be read are
// not judged again.
type checker struct {
	*report
	e *Environment
}

func (c checker) check() {
	c.identity()
	c.origins("origins", c.e.Origins, true)
	c.origins("redirectOrigins", c.e.RedirectOrigins, false)
	c.versions()
	c.tokensAndSessions()
	c.deviceRegistration()
	c.limits()
	c.mail()
	c.sms()
	c.mfa()
	c.passkeys()
	c.prompt()
	c.wallets()
	c.embeddedWallets()
	c.providers()
	c.externalAuth()
	c.scopes()
	c.compatibility()
	c.rehearsal()
	c.audit()
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func (c checker) identity() {
	switch id := c.e.ID; {
	case uuid.MatchString(id):
	case uuid.MatchString(strings.ToLower(id)):
		c.at("id", "must be lower-case: write %s", strings.ToLower(id))
	default:
		c.at("id", "%s is not a UUID such as 11111111-2222-4333-8444-555555555555", quoted(id))
	}
	c.shortText("name", c.e.Name)
	if c.given("mail.appName") {
		c.shortText("mail.appName", c.e.Mail.AppName)
	}
}

// shortText bounds the names that mails and prompts show.
func (c checker) shortText(path, s string) {
	if n := utf8.RuneCountInString(s); n > 100 {
		c.at(path, "is %d characters long: use at most 100", n)
	}
}

func (c checker) origins(path string, list []string, apps bool) {
	c.distinct(path, list, maxItems)
	for i, origin := range list {
		if IsAppOrigin(origin) && apps {
			if c.e.Auth.Cookies() {
				c.at(index(path, i), "is an app and no web site: with auth.storage [cookie] only web origins may call. Give the app "+
					"an environment of its own")
			}
			continue
		}
		if problem := originProblem(origin); problem != "" {
			c.at(index(path, i), "%s", problem)
		}
	}
}

func (c checker) versions() {
	if c.readable("minApiVersion") && c.readable("createdAtVersion") && c.e.MinAPIVersion.Before(c.e.CreatedAtVersion) {
		c.at("minApiVersion", "%s", goesBack(c.e))
	}
}

func (c checker) tokensAndSessions() {
	e := c.e
	c.oneOf("tokens.algorithm", e.Tokens.Algorithm, algorithms)
	c.within("sessions.lifetime", e.Sessions.Lifetime, Duration(time.Minute), MaxLifetime)
	if !c.readable("sessions.lifetime") {
		return
	}
	c.within("sessions.idle", e.Sessions.Idle, Duration(time.Minute), e.Sessions.Lifetime)
	if c.readable("sessions.idle") {
		c.within("tokens.rotationGrace", e.Tokens.RotationGrace, max(e.Sessions.Idle, shortestGrace), MaxLifetime)
	}
	c.distinct("auth.storage", e.Auth.Storage, maxItems)
	for i, storage := range e.Auth.Storage {
		c.oneOf(index("auth.storage", i), storage, storages)
	}
	if len(e.Auth.Storage) != 1 {
		c.at("auth.storage", "must name exactly one place, [localstorage] or [cookie]")
	}
}

func (c checker) deviceRegistration() {
	s := c.e.Sessions
	if s.DeviceRegistration && c.readable("minApiVersion") && c.e.MinAPIVersion == Version20260101 {
		c.at("sessions.deviceRegistration", "%s", needsNewer)
	}
	if s.DeviceRegistration && len(c.e.RedirectOrigins) == 0 && c.readable("redirectOrigins") {
		c.at("redirectOrigins", "is missing: list the origins of your app, to which links that register a device lead")
	}
	const path = "sessions.deviceRegistrationUris"
	c.distinct(path, s.DeviceRegistrationURIs, maxItems)
	for i, uri := range s.DeviceRegistrationURIs {
		if problem := urlProblem(uri); problem != "" {
			c.at(index(path, i), "%s", problem)
		} else if c.readable("redirectOrigins") && !slices.Contains(c.e.RedirectOrigins, OriginOf(uri)) {
			c.at(index(path, i), "leads to %s, which redirectOrigins does not list", OriginOf(uri))
		}
	}
}

const needsNewer = "needs minApiVersion 2026_04_01: accept that first (stepup env accept)"

func (c checker) limits() {
	l := c.e.Limits
	c.atMost("limits.codeAttempts", l.CodeAttempts, MaxCodeAttempts)
	c.within("limits.codeExpiry", l.CodeExpiry, Duration(30*time.Second), MaxCodeExpiry)
	c.rate("limits.codesPerAddress", l.CodesPerAddress, 1_000_000)
	c.rate("limits.codesPerSession", l.CodesPerSession, 1_000_000)
	c.rate("limits.codesPerIP", l.CodesPerIP, 1_000_000)
	c.atMost("limits.codesPerHour", l.CodesPerHour, 1_000_000_000)
	c.rate("limits.codesPerAccount", l.CodesPerAccount, 1_000_000)
	c.atMost("limits.codesPerAccountHour", l.CodesPerAccountHour, 1_000_000)
	c.rate("limits.guessesPerAccount", l.GuessesPerAccount, MaxGuessesHardStop)
	c.within("limits.guessesPerAccount.per", l.GuessesPerAccount.Per, Duration(time.Minute), Duration(day))
	c.atMost("limits.guessesHardStop", l.GuessesHardStop, MaxGuessesHardStop)
	c.atMost("limits.factorGuesses", l.FactorGuesses, MaxFactorGuesses)
	c.atMost("limits.factorHardStop", l.FactorHardStop, MaxGuessesHardStop)
	if l.IPv6Prefix < minIPv6Prefix || l.IPv6Prefix > maxIPv6Prefix {
		c.at("limits.ipv6Prefix", "%d is out of bounds: use %d to %d", l.IPv6Prefix, minIPv6Prefix, maxIPv6Prefix)
	}
}

// Nobody is given a smaller IPv6 network than a /64, nor a site a larger one than a /48.
const minIPv6Prefix, maxIPv6Prefix = 48, 64

func (c checker) audit() {
	a := c.e.Audit
	c.within("audit.retention", a.Retention, MinAuditRetention, MaxAuditRetention)
	if c.readable("audit.retention") {
		c.within("audit.addressRetention", a.AddressRetention, Duration(day), a.Retention)
	}
}

func (c checker) rate(path string, r Rate, most int) {
	c.atMost(path+".count", r.Count, most)
	c.within(path+".per", r.Per, Duration(time.Second), Duration(day))
}

var country = regexp.MustCompile(`^[A-Z]{2}$`)

func (c checker) sms() {
	s := c.e.SMS
	c.distinct("sms.countries", s.Countries, 300)
	for i, iso := range s.Countries {
		if !country.MatchString(iso) {
			c.at(index("sms.countries", i), "%s is not a country such as US or DE (ISO 3166-1, two capital letters)", quoted(iso))
		}
	}
	c.distinct("sms.numberTypes", s.NumberTypes, maxItems)
	for i, kind := range s.NumberTypes {
		c.oneOf(index("sms.numberTypes", i), kind, numberTypes)
	}
	if s.Enabled && len(s.Countries) == 0 && c.readable("sms.countries") {
		c.at("sms.countries", "is missing: list the countries whose numbers may be texted")
	}
	if s.Enabled && len(s.NumberTypes) == 0 && c.readable("sms.numberTypes") {
		c.at("sms.numberTypes", "is empty: list the kinds of number that may be texted, or remove the line")
	}
	c.rate("sms.perPrefix", s.PerPrefix, 1_000_000)
	c.atMost("sms.perHour", s.PerHour, 1_000_000_000)
}

func (c checker) passkeys() {
	p := c.e.Passkeys
	if p.RPID == "" {
		if c.given("passkeys") {
			c.at("passkeys.rpId", "is missing: add the domain that passkeys are made for, as in example.com")
		}
		return
	}
	if _, err := netip.ParseAddr(p.RPID); err == nil || !hostOK(p.RPID) || !strings.Contains(p.RPID, ".") && p.RPID != "localhost" {
		c.at("passkeys.rpId", "%s is not a lower-case domain such as example.com (or localhost)", quoted(p.RPID))
	}
	if len(p.Origins) == 0 {
		c.at("passkeys.origins", "is missing: list the origins that may use passkeys of %s", p.RPID)
	}
	c.distinct("passkeys.origins", p.Origins, maxItems)
	for i, origin := range p.Origins {
		path := index("passkeys.origins", i)
		if androidOrigin.MatchString(origin) {
			continue
		}
		if problem := originProblem(origin); problem != "" {
			c.at(path, "%s", problem)
		} else if host := originHost(origin); host != p.RPID && !strings.HasSuffix(host, "."+p.RPID) && c.readable("passkeys.rpId") {
			c.at(path, "is outside passkeys.rpId: its host must be %s or end in .%s", p.RPID, p.RPID)
		}
	}
	c.distinct("passkeys.relatedOrigins", p.RelatedOrigins, maxRelatedOrigins)
	for i, origin := range p.RelatedOrigins {
		path := index("passkeys.relatedOrigins", i)
		if problem := originProblem(origin); problem != "" {
			c.at(path, "%s", problem)
		} else if host := originHost(origin); host == p.RPID || strings.HasSuffix(host, "."+p.RPID) {
			c.at(path, "is %s or below it: list it in passkeys.origins", p.RPID)
		} else if !strings.HasPrefix(origin, "https://") {
			c.at(path, "must start with https://, because browsers ask about no other")
		}
	}
}

func (c checker) providers() {
	names := make([]string, len(c.e.Providers))
	for i, p := range c.e.Providers {
		path := index("providers", i)
		names[i] = p.Provider
		c.provider(path, p)
		c.distinct(path+".scopes", p.Scopes, maxItems)
		if c.given(path + ".clientSecret") {
			c.ref(path+".clientSecret", p.ClientSecret)
		}
	}
	c.distinctKeys("providers", "provider", names)
}

// ownProvider is how a provider outside the list may be called: it is part of addresses.
var ownProvider = regexp.MustCompile(`^[a-z][a-z0-9_]{1,31}$`)

func (c checker) provider(path string, p Provider) {
	known := slices.Contains(providers, p.Provider)
	switch {
	case p.Issuer == "" && p.Provider == "okta":
		c.at(path+".issuer", "is missing: name your Okta issuer, as in https://example.okta.com")
	case p.Issuer == "":
		c.oneOf(path+".provider", p.Provider, providers)
	case !known && !ownProvider.MatchString(p.Provider):
		c.at(path+".provider", "%s is not a name for a provider of yours: use 2 to 32 of a-z, 0-9 and _, a letter first",
			quoted(p.Provider))
	}
	if p.Name != "" {
		c.shortText(path+".name", p.Name)
	}
	for _, address := range []struct{ key, value string }{
		{"issuer", p.Issuer}, {"endpoints.authorization", p.Endpoints.Authorization}, {"endpoints.token", p.Endpoints.Token},
		{"endpoints.userinfo", p.Endpoints.UserInfo}, {"endpoints.jwks", p.Endpoints.JWKS},
	} {
		problem := urlProblem(address.value)
		if address.key == "issuer" {
			problem = cmp.Or(issuerProblem(address.value), problem)
		}
		if address.value != "" && problem != "" {
			c.at(path+"."+address.key, "%s", problem)
		}
	}
}

// issuerProblem says what of an issuer cannot be right, whoever it is.
func issuerProblem(issuer string) string {
	if before, _, found := strings.Cut(issuer, "/.well-known/"); found {
		return "is the address of the document that describes the issuer: write the issuer itself, " + quoted(before)
	}
	if strings.ContainsAny(issuer, "{}<>") {
		return quoted(issuer) + " has a placeholder left in it: write your own value in its place, as your login shows it"
	}
	if strings.TrimSpace(issuer) != issuer {
		return quoted(issuer) + " has a space before or after it: remove it"
	}
	return ""
}

func (c checker) ref(path string, r Ref) {
	switch {
	case (r.File == "") == (r.Env == ""):
		c.at(path, "must be exactly one of {file: name} and {env: NAME}")
	case r.problem() != "":
		c.at(path, "%s", r.problem())
	}
}

func (c checker) externalAuth() {
	x := c.e.ExternalAuth
	if x.Enabled {
		for _, need := range []struct{ key, value string }{{"iss", x.Issuer}, {"aud", x.Audience}, {"jwksUrl", x.JWKSURL}} {
			if need.value == "" {
				c.at("externalAuth."+need.key, "is missing: external sign-in needs iss, aud and jwksUrl")
			}
		}
	}
	if problem := issuerProblem(x.Issuer); problem != "" {
		c.at("externalAuth.iss", "%s", problem)
	}
	if x.JWKSURL != "" {
		if problem := urlProblem(x.JWKSURL); problem != "" {
			c.at("externalAuth.jwksUrl", "%s", problem)
		}
	}
}

func (c checker) compatibility() {
	list := words(c.e.Compatibility)
	c.distinct("compatibility", list, maxItems)
	for i, entry := range list {
		c.oneOf(index("compatibility", i), entry, words(Compatibilities))
	}
}

var userID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (c checker) rehearsal() {
	c.distinct("rehearsal.users", c.e.Rehearsal.Users, maxEntries)
	for i, user := range c.e.Rehearsal.Users {
		if userID.MatchString(user) {
			continue
		}
		if address, err := mail.ParseAddress(user); err != nil || address.Address != user {
			c.at(index("rehearsal.users", i), "%s is neither a user id nor an email address", quoted(user))
		}
	}
}

// The small rules everything above is made of.

func (c checker) oneOf(path, value string, list []string) {
	if !slices.Contains(list, value) {
		c.at(path, "%s is not accepted; %s", quoted(value), meant(value, list))
	}
}

func (c checker) atMost(path string, n, most int) {
	if n > most {
		c.at(path, "%d is above the ceiling: use 1 to %d", n, most)
	}
}

func (c checker) within(path string, d, least, most Duration) {
	if d < least || d > most {
		c.at(path, "%v is out of bounds: use %v to %v", d, least, most)
	}
}

func (c checker) distinct(path string, list []string, most int) {
	if len(list) > most {
		c.at(path, "has %d entries: at most %d are accepted", len(list), most)
		return
	}
	for i, s := range list {
		if first := slices.Index(list, s); first < i {
			c.at(index(path, i), "is already entry %d of the list: remove it", first+1)
		}
	}
}

func (c checker) distinctKeys(path, key string, list []string) {
	if len(list) > maxItems {
		c.at(path, "has %d entries: at most %d are accepted", len(list), maxItems)
		return
	}
	for i, s := range list {
		if first := slices.Index(list, s); first < i && s != "" {
			c.at(index(path, i)+"."+key, "%s is already set in line %d: keep one of the two", quoted(s), c.line(index(path, first)))
		}
	}
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c >= utf8.RuneSelf }) < 0
}
