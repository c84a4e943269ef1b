package environment_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/environment"
)

func TestMail(t *testing.T) {
	closing := func(words string) string {
		return fmt.Sprintf("mail: {templates: [{template: step_up, texts: [{language: en, closing: %q}]}]}", words)
	}
	const at = "line 3: mail.templates[0].texts[0].closing: "
	for _, test := range []struct{ name, text, want string }{
		{"languages", "mail: {languages: [de, klingon], language: de}",
			"line 3: mail.languages[1]: \"klingon\" is not accepted; known: en, de, es, fr, pt, ja"},
		{"which language", "mail: {languages: [de, fr]}",
			"line 3: mail.language: \"en\" is not one of mail.languages (de, fr): name the one to use where nothing is known of a reader"},
		{"no languages", "mail: {languages: []}", "line 3: mail.languages: is empty: name at least one language, or remove the line"},
		{"the only language", "mail: {languages: [ja]}", ""},
		{"colour", "mail: {brand: {color: red}}", `line 3: mail.brand.color: "red" is not a colour such as #12306b, in small letters`},
		{"style in a colour", "mail: {brand: {color: '#123456;background:url(x)'}}",
			`line 3: mail.brand.color: "#123456;background:url(x)" is not a colour such as #12306b, in small letters`},
		{"pale colour", "mail: {brand: {color: '#ffee00'}}",
			"line 3: mail.brand.color: white text on #ffee00 has a contrast of 1.2: use a darker colour, of at least 4.5"},
		{"logo elsewhere", "mail: {brand: {logo: 'https://tracker.example/logo.png'}}",
			"line 3: mail.brand.logo: must be a picture written data:image/png;base64,… or data:image/jpeg;base64,…"},
		{"SVG", "mail: {brand: {logo: 'data:image/svg+xml;base64,PHN2Zz4='}}",
			"line 3: mail.brand.logo: must be a picture written data:image/png;base64,… or data:image/jpeg;base64,…"},
		{"words", closing("Yours, {app}. Good for {valid}."), ""},
		{"unknown name", closing("Your code is {code}"), at + "has {code} in it, which nothing is filled in for: use {app}, {valid}"},
		{"template language", closing("{{.Code}}"), at + "has {.Code} in it, which nothing is filled in for: use {app}, {valid}"},
		{"braces in braces", closing("{{app}}"), at + "has a brace without its other one"},
		{"brace", closing("{app"), at + "has a brace without its other one"},
		{"address", closing("See https://evil.example"),
			at + `holds what mail programs make a link of ("://"): mails like these have no links to follow but ours`},
		{"host", closing("See evil.example"),
			at + `holds what mail programs make a link of ("l.example"): mails like these have no links to follow but ours`},
		{"mailbox", closing("Write to help@bank"),
			at + `holds what mail programs make a link of ("p@b"): mails like these have no links to follow but ours`},
		{"number", closing("Call 0800 1234"),
			at + "has the number 0800 1234 in it, which people and apps would take for the code: leave it out"},
		{"number in other digits", closing("１２３４５６"),
			at + "has the number １２３４５６ in it, which people and apps would take for the code: leave it out"},
		{"long", closing(strings.Repeat("a", 501)), at + "is 501 characters long: use at most 500"},
		{"header", closing("a\r\nBcc: x"), at + "has a line break or an invisible character in it: remove it"},
		{"template", "mail: {templates: [{template: other, texts: []}]}", "line 3: mail.templates[0].template: \"other\" is not " +
			"accepted; " +
			"known: address_changed, change_disputed, credential_linked, credential_renamed, credential_unlinked, device_link, " +
			"device_registered, device_revoked, dispute_settled, factors_reset, recovery_code_used, sign_in, step_up, user_deleted"},
		{"twice", "mail: {templates: [{template: sign_in, texts: []}, {template: sign_in, texts: []}]}",
			`line 3: mail.templates[1].template: "sign_in" is already set in line 3: keep one of the two`},
	} {
		if got := problems(t, head+test.text); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

func written(kind string, data []byte) environment.Image {
	return environment.Image("data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(data))
}

func drawn(t testing.TB, width, height int, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	random := rand.New(rand.NewPCG(1, 2))
	for y := range height {
		for x := range width {
			c := color.NRGBA{0x12, 0x30, 0x6b, 0xff}
			if x*y%7 == 0 {
				c.R = uint8(random.UintN(256))
			}
			picture.SetNRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	if err := encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asPNG(out *bytes.Buffer, i image.Image) error  { return png.Encode(out, i) }
func asJPEG(out *bytes.Buffer, i image.Image) error { return jpeg.Encode(out, i, nil) }

// What goes with mails is drawn anew: nothing that hid in the picture travels.
func TestPicturesAreDrawnAnew(t *testing.T) {
	hidden := []byte("<script>alert(1)</script>")
	for kind, data := range map[string][]byte{"png": drawn(t, 120, 40, asPNG), "jpeg": drawn(t, 120, 40, asJPEG)} {
		clean, err := written(kind, append(data, hidden...)).Clean()
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		size, format, err := image.DecodeConfig(bytes.NewReader(clean.Data))
		if err != nil || format != kind || clean.Type != "image/"+kind || size.Width != 120 || size.Height != 40 {
			t.Errorf("%s: %s %+v, %v", kind, format, size, err)
		}
		if bytes.Contains(clean.Data, hidden) {
			t.Errorf("%s: what hid behind the picture travels", kind)
		}
	}
}

func TestBadPictures(t *testing.T) {
	good := drawn(t, 40, 40, asPNG)
	bomb := bytes.Clone(good)
	copy(bomb[16:], []byte{0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff}) // the size it claims
	for name, bad := range map[string]environment.Image{
		"huge claim": written("png", bomb), "cut off": written("png", good[:len(good)/2]), "another kind": written("jpeg", good),
		"no picture": written("png", []byte("GIF89a")), "nothing": "data:image/png;base64,", "line breaks": "data:image/png;base64,QU\nJD",
		"too wide": written("png", drawn(t, 641, 10, asPNG)), "too high": written("png", drawn(t, 10, 241, asPNG)),
		"too long": written("png", append(bytes.Clone(good), make([]byte, environment.MaxImage)...)),
	} {
		if clean, err := bad.Clean(); err == nil {
			t.Errorf("%s: %d bytes", name, len(clean.Data))
		}
	}
}

func FuzzPicture(f *testing.F) {
	f.Add("png", drawn(f, 20, 10, asPNG))
	f.Add("jpeg", drawn(f, 20, 10, asJPEG))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		clean, err := written(kind, data).Clean()
		if err != nil {
			return
		}
		if again, err := written(strings.TrimPrefix(clean.Type, "image/"), clean.Data).Clean(); len(clean.Data) <= environment.MaxImage &&
			(err != nil || again.Type != clean.Type) {
			t.Errorf("what was drawn anew is refused: %v", err)
		}
	})
}
