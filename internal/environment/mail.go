package environment

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MailLanguages are those that messages can be written in.
var MailLanguages = []string{"en", "de", "es", "fr", "pt", "ja"}

// MailTemplates lists the mails that take words of an environment's own, each with the
// names in braces that are filled in there.
var MailTemplates = map[string][]string{
	"sign_in":             {"app", "valid"},
	"step_up":             {"app", "valid"},
	"address_changed":     {"app", "what", "when", "device"},
	"credential_linked":   {"app", "what", "when", "device"},
	"credential_unlinked": {"app", "what", "when", "device"},
	"credential_renamed":  {"app", "what", "when", "device"},
	"recovery_code_used":  {"app", "what", "when", "device"},
	"factors_reset":       {"app", "when", "device"},
	"change_disputed":     {"app", "what", "when", "device"},
	"dispute_settled":     {"app", "what", "when", "device"},
	"device_link":         {"app", "valid", "when", "device"},
	"device_registered":   {"app", "when", "device"},
	"device_revoked":      {"app", "what", "when", "device"},
	"user_deleted":        {"app", "when", "device"},
}

// How much an environment's own words may be, in characters. A reader who has seen
// them has still the code and what it is for before their eyes.
const (
	maxMailTitle   = 80
	maxMailIntro   = 200
	maxMailClosing = 500
)

// Image is a picture, written data:image/png;base64,… (or image/jpeg).
type Image string

// MaxImage bounds a picture in bytes, and MaxImageText as it is written.
const (
	MaxImage     = 32 << 10
	MaxImageText = MaxImage*4/3 + 64
)

// Decode gives the bytes of the picture. They are whatever somebody wrote.
func (i Image) Decode() ([]byte, error) {
	for _, kind := range []string{"png", "jpeg"} {
		if text, ok := strings.CutPrefix(string(i), "data:image/"+kind+";base64,"); ok {
			data, err := base64.StdEncoding.Strict().DecodeString(text)
			if err != nil || len(data) == 0 {
				return nil, errors.New("is not base64 after the comma")
			}
			if len(data) > MaxImage {
				return nil, fmt.Errorf("is %d bytes long: at most %d are accepted", len(data), MaxImage)
			}
			return data, nil
		}
	}
	return nil, errors.New("must be a picture written data:image/png;base64,… or data:image/jpeg;base64,…")
}

// Picture is one that is safe to send: nothing but what is seen of it.
type Picture struct {
	Type string // image/png or image/jpeg
	Data []byte
}

// How large a picture may be, in pixels and, written anew, in bytes.
const (
	maxImageWidth, maxImageHeight = 640, 240
	maxPicture                    = 64 << 10
)

// Clean draws the picture anew: what was hidden in it, before or behind, is gone.
func (i Image) Clean() (Picture, error) {
	data, err := i.Decode()
	if err != nil {
		return Picture{}, err
	}
	size, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || !strings.HasPrefix(string(i), "data:image/"+kind+";") {
		return Picture{}, errors.New("is not the picture it says it is: export it as PNG or JPEG")
	}
	if size.Width < 1 || size.Height < 1 || size.Width > maxImageWidth || size.Height > maxImageHeight {
		return Picture{}, fmt.Errorf("is %d by %d pixels: at most %d by %d are accepted (it is shown 40 high)", size.Width, size.Height,
			maxImageWidth, maxImageHeight)
	}
	drawn, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return Picture{}, errors.New("cannot be read to its end: export it anew as PNG or JPEG")
	}
	plain := image.NewNRGBA(image.Rect(0, 0, size.Width, size.Height))
	draw.Draw(plain, plain.Bounds(), drawn, drawn.Bounds().Min, draw.Src)
	var out bytes.Buffer
	if kind == "png" {
		err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, plain)
	} else {
		err = jpeg.Encode(&out, plain, &jpeg.Options{Quality: 90})
	}
	if err != nil || out.Len() > maxPicture {
		return Picture{}, fmt.Errorf("is too detailed: drawn anew it is longer than %d bytes. Use fewer pixels or colours", maxPicture)
	}
	return Picture{Type: "image/" + kind, Data: out.Bytes()}, nil
}

// String says what it is without showing it.
func (i Image) String() string {
	data, err := i.Decode()
	if err != nil {
		return ""
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(string(i), "data:image/"), ";")
	sum := sha256.Sum256(data)
	return fmt.Sprintf("%s picture of %d bytes, SHA-256 %x…", strings.ToUpper(kind), len(data), sum[:6])
}

func (c checker) mail() {
	m := c.e.Mail
	if from := m.From; from != "" {
		if _, err := mail.ParseAddress(from); err != nil || !ascii(from[strings.LastIndex(from, "<")+1:]) {
			c.at("mail.from", "%s is not a mailbox: write Name <address@example.com>", quoted(from))
		}
	}
	c.distinct("mail.languages", m.Languages, maxItems)
	for i, language := range m.Languages {
		c.oneOf(index("mail.languages", i), language, MailLanguages)
	}
	if len(m.Languages) == 0 && c.readable("mail.languages") {
		c.at("mail.languages", "is empty: name at least one language, or remove the line")
	}
	if !slices.Contains(m.Languages, m.Language) && len(m.Languages) > 0 && c.readable("mail.languages") && c.readable("mail.language") {
		c.at("mail.language", "%s is not one of mail.languages (%s): name the one to use where nothing is known of a reader",
			quoted(m.Language), strings.Join(m.Languages, ", "))
	}
	if m.Brand.Color != "" {
		c.color("mail.brand.color", m.Brand.Color)
	}
	if m.Brand.Logo != "" {
		if _, err := m.Brand.Logo.Clean(); err != nil {
			c.at("mail.brand.logo", "%v", err)
		}
	}
	c.mailTemplates()
}

func (c checker) mailTemplates() {
	var known []string
	for name := range MailTemplates {
		known = append(known, name)
	}
	slices.Sort(known)
	templates := make([]string, len(c.e.Mail.Templates))
	for i, t := range c.e.Mail.Templates {
		path := index("mail.templates", i)
		templates[i] = t.Template
		c.oneOf(path+".template", t.Template, known)
		languages := make([]string, len(t.Texts))
		for j, text := range t.Texts {
			at := index(path+".texts", j)
			languages[j] = text.Language
			c.oneOf(at+".language", text.Language, MailLanguages)
			names := MailTemplates[t.Template]
			c.ownWords(at+".subject", text.Subject, maxMailTitle, []string{"app"})
			c.ownWords(at+".title", text.Title, maxMailTitle, []string{"app"})
			c.ownWords(at+".intro", text.Intro, maxMailIntro, names)
			c.ownWords(at+".closing", text.Closing, maxMailClosing, names)
		}
		c.distinctKeys(path+".texts", "language", languages)
	}
	c.distinctKeys("mail.templates", "template", templates)
}

var (
	manyDigits   = regexp.MustCompile(`\p{Nd}(?:[ -]?\p{Nd}){3,}`)
	nameInBraces = regexp.MustCompile(`\{([^{}]*)\}`)
	// addressLike is what mail programs make a link of.
	addressLike = regexp.MustCompile(`(?i)://|www\.|[\pL\d_-]@[\pL\d]|(?:mailto|javascript|data|tel):|[\pL\d]\.[\pL]{2,}`)
)

// ownWords judges words that people will read beside a code: no address, because
// people are not to learn that mails like these have links to follow, and no name in
// braces but those that are filled in.
func (c checker) ownWords(path, text string, most int, names []string) {
	if text == "" {
		return
	}
	if n := utf8.RuneCountInString(text); n > most {
		c.at(path, "is %d characters long: use at most %d", n, most)
	}
	if found := addressLike.FindString(text); found != "" {
		c.at(path, "holds what mail programs make a link of (%s): mails like these have no links to follow but ours", quoted(found))
	}
	if found := manyDigits.FindString(text); found != "" {
		c.at(path, "has the number %.20s in it, which people and apps would take for the code: leave it out", found)
	}
	for _, found := range nameInBraces.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(names, found[1]) {
			c.at(path, "has {%.40s} in it, which nothing is filled in for: use {%s}", found[1], strings.Join(names, "}, {"))
		}
	}
	if strings.ContainsAny(nameInBraces.ReplaceAllString(text, ""), "{}") {
		c.at(path, "has a brace without its other one")
	}
}

var hexColor = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// leastContrast is what WCAG asks of normal text (1.4.3).
const leastContrast = 4.5

// color wants a colour that white text can be read on, and that can be read on white.
func (c checker) color(path, value string) {
	if !hexColor.MatchString(value) {
		c.at(path, "%s is not a colour such as #12306b, in small letters", quoted(value))
		return
	}
	if contrast := 1.05 / (luminance(value) + 0.05); contrast < leastContrast {
		c.at(path, "white text on %s has a contrast of %.1f: use a darker colour, of at least %.1f", value, contrast, leastContrast)
	}
}

// luminance is the relative luminance of a colour (WCAG 2.2).
func luminance(hex string) float64 {
	channel := func(at int) float64 {
		n, _ := strconv.ParseUint(hex[at:at+2], 16, 8)
		c := float64(n) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(1) + 0.7152*channel(3) + 0.0722*channel(5)
}
