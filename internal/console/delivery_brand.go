package console

import (
	"cmp"
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
)

// languageNames are the languages of mails, as those who read them call them.
var languageNames = map[string]string{"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français", "pt": "Português",
	"ja": "日本語"}

// languageName is a language as its readers call it; of one that is not ours, its tag.
func languageName(tag string) string { return cmp.Or(languageNames[tag], tag) }

// written are the languages of an environment's mails; the one for unknown readers is
// chosen.
func written(env *environment.Environment) (all []choice) {
	for _, tag := range env.Mail.Languages {
		all = append(all, choice{tag, languageName(tag), tag == env.Mail.Language})
	}
	return all
}

func languages(chosen []string) (all []choice) {
	for _, tag := range environment.MailLanguages {
		all = append(all, choice{tag, languageName(tag), slices.Contains(chosen, tag)})
	}
	return all
}

// brandPreview shows what other looks and languages of mails would change.
func brandPreview(r *request) (answer, error) {
	if err := r.ParseMultipartForm(maxForm); err != nil {
		return nil, unreadable(err)
	}
	env, err := environment.Parse([]byte(r.environment.Document))
	if err != nil {
		return nil, err
	}
	p := proposal{Back: "delivery"}
	p.Read, _ = strconv.ParseInt(r.PostForm.Get("revision"), 10, 64)
	logo, err := pictureIn(r)
	if err == nil {
		p.Lines = brandLines(r, env, logo)
		if p.empty() {
			return foresee(r, p, "")
		}
		_, err = p.apply(r, true)
	}
	f := store.RefusalOf(err)
	if f != nil && (f.Code == fault.InvalidEnvironmentDocument || f.Code == fault.InvalidRequest) {
		return brandAgain(r, problemsInWords(err, nil))
	}
	if err != nil {
		return nil, err
	}
	return foresee(r, p, "")
}

// brandLines are the edits that the form asks for.
func brandLines(r *request, env *environment.Environment, logo environment.Image) string {
	var lines []string
	edit := func(path, was, is string) {
		if was != is {
			lines = append(lines, environment.Edit{Path: path, Value: is, Remove: is == ""}.String())
		}
	}
	edit("mail.brand.color", env.Mail.Brand.Color, strings.ToLower(strings.TrimSpace(r.PostForm.Get("color"))))
	switch {
	case logo != "":
		edit("mail.brand.logo", string(env.Mail.Brand.Logo), string(logo))
	case r.PostForm.Get("without-logo") != "":
		edit("mail.brand.logo", string(env.Mail.Brand.Logo), "")
	}
	was, is := slices.Sorted(slices.Values(env.Mail.Languages)), slices.Sorted(slices.Values(r.PostForm["languages"]))
	if !slices.Equal(was, is) {
		lines = append(lines, environment.Edit{Path: "mail.languages", Value: "[" + strings.Join(is, ", ") + "]"}.String())
	}
	edit("mail.language", env.Mail.Language, strings.TrimSpace(r.PostForm.Get("language")))
	return strings.Join(lines, "\n")
}

// pictureIn is the logo of the form, as the document has it; empty: none was chosen.
func pictureIn(r *request) (environment.Image, error) {
	file, _, err := r.FormFile("logo")
	if err == http.ErrMissingFile {
		return "", nil
	}
	if err != nil {
		return "", unreadable(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, environment.MaxImage+1))
	if err != nil || len(data) == 0 {
		return "", err
	}
	kind := strings.TrimPrefix(http.DetectContentType(data), "image/")
	picture := environment.Image("data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(data))
	if len(data) > environment.MaxImage {
		return "", fault.New(fault.InvalidRequest, "The logo is larger than %d KiB: export it with fewer pixels or colours.",
			environment.MaxImage>>10)
	}
	if _, err := picture.Clean(); err != nil {
		return "", fault.New(fault.InvalidRequest, "The logo %v.", err)
	}
	return picture, nil
}

// brandAgain shows the form once more, with what was typed and what is wrong with it.
func brandAgain(r *request, problem string) (answer, error) {
	p, err := deliveryOf(r)
	if err != nil {
		return nil, err
	}
	p.Problem, p.Color, p.Spoken = problem, r.PostForm.Get("color"), languages(r.PostForm["languages"])
	p.Language = r.PostForm.Get("language")
	return again(p)
}
