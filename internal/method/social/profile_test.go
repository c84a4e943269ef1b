package social_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/catalogue"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

// recorded is what a provider answers, in the shape of its documentation: good
// names an account and, where the provider vouches for one, an address; bad is
// the same with an address that is not the person's, told as that provider tells it.
type recorded struct {
	good, goodEmails string
	subject, email   string
	bad, badEmails   string
}

const no = "" // the provider vouches for no address

var profiles = map[string]recorded{
	"apple": {good: `{"sub":"001.a","email":"ada@example.com","email_verified":"true"}`, subject: "001.a", email: "ada@example.com",
		bad: `{"sub":"001.b","email":"ada@example.com","email_verified":"false"}`},
	"bitbucket": {good: `{"uuid":"{1-2}","nickname":"ada","display_name":"Ada","links":{"avatar":{"href":"https://b.example/a.png"}}}`,
		subject: "{1-2}", email: "ada@example.com", goodEmails: `[{"email":"ada@example.com","is_confirmed":true,"is_primary":true}]`,
		bad: `{"uuid":"{1-3}"}`, badEmails: `[{"email":"ada@example.com","is_confirmed":false,"is_primary":true}]`},
	"coinbasesocial": {good: `{"data":{"id":"c1","name":"Ada","email":"ada@example.com"}}`, subject: "c1", email: no,
		bad: `{"data":{"id":"c2","email":"ada@example.com","email_verified":true}}`},
	"discord": {good: `{"id":"80351110224678912","username":"ada","email":"ada@example.com","verified":true}`, subject: "80351110224678912",
		email: "ada@example.com", bad: `{"id":"8","email":"ada@example.com","verified":false}`},
	"epicgames": {good: `{"sub":"e1","preferred_username":"ada"}`, subject: "e1", email: no,
		bad: `{"sub":"e2","email":"ada@example.com","email_verified":true}`},
	"facebook": {good: `{"id":"10","name":"Ada","email":"ada@example.com"}`, subject: "10", email: no,
		bad: `{"id":"11","email":"ada@example.com","verified":true}`},
	"github": {good: `{"id":583231,"login":"ada","name":"Ada","email":"public@example.com"}`, subject: "583231", email: "ada@example.com",
		goodEmails: `[{"email":"ada@example.com","verified":true,"primary":true},{"email":"old@example.com",` +
			`"verified":false,"primary":false}]`,
		bad:       `{"id":2,"login":"eve","email":"ada@example.com"}`,
		badEmails: `[{"email":"ada@example.com","verified":false,"primary":true}]`},
	"gitlab": {good: `{"sub":"7","nickname":"ada","email":"ada@example.com","email_verified":true}`, subject: "7",
		email: "ada@example.com", bad: `{"sub":"8","email":"ada@example.com"}`},
	"google": {good: `{"sub":"110169484474386276334","email":"ada@example.com","email_verified":true}`, subject: "110169484474386276334",
		email: "ada@example.com", bad: `{"sub":"1","email":"ada@example.com","email_verified":false,"hd":"example.com"}`},
	"instagram": {good: `{"user_id":"17841400000000000","username":"ada"}`, subject: "17841400000000000", email: no,
		bad: `{"user_id":"1","email":"ada@example.com","email_verified":true}`},
	"kraken": {good: `{"result":{"iiban":"AA12 N84G"}}`, subject: "AA12 N84G", email: no,
		bad: `{"result":{"iiban":"AA13","email":"ada@example.com"}}`},
	"line": {good: `{"sub":"U1","name":"Ada"}`, subject: "U1", email: no,
		bad: `{"sub":"U2","email":"ada@example.com","email_verified":true}`},
	"linkedin": {good: `{"sub":"l1","name":"Ada","email":"ada@example.com","email_verified":true}`, subject: "l1",
		email: "ada@example.com", bad: `{"sub":"l2","email":"ada@example.com","email_verified":"yes"}`},
	"microsoft": {good: `{"sub":"m1","name":"Ada","email":"ada@example.com"}`, subject: "m1", email: no,
		bad: `{"sub":"m2","email":"ada@example.com","email_verified":true,"xms_edov":true}`},
	"okta": {good: `{"sub":"00u1","email":"ada@example.com","email_verified":true}`, subject: "00u1", email: "ada@example.com",
		bad: `{"sub":"00u2","email":"ada@example.com","email_verified":0}`},
	"shopify": {good: `{"access_token":"t","associated_user":{"id":902541635,"first_name":"Ada","email":"ada@example.com",` +
		`"email_verified":true}}`, subject: "902541635", email: "ada@example.com",
		bad: `{"associated_user":{"id":3,"email":"ada@example.com","email_verified":false,"account_owner":true}}`},
	"spotify": {good: `{"id":"ada","display_name":"Ada","email":"ada@example.com"}`, subject: "ada", email: no,
		bad: `{"id":"eve","email":"ada@example.com","email_verified":true}`},
	"tiktok": {good: `{"data":{"user":{"open_id":"o1","display_name":"Ada"}},"error":{"code":"ok"}}`, subject: "o1", email: no,
		bad: `{"data":{"user":{"open_id":"o2","email":"ada@example.com"}}}`},
	"twitch": {good: `{"sub":"44322889","preferred_username":"ada","email":"ada@example.com","email_verified":true}`, subject: "44322889",
		email: "ada@example.com", bad: `{"sub":"4","email":"ada@example.com","email_verified":null}`},
	"twitter": {good: `{"data":{"id":"2244994945","username":"ada","name":"Ada"}}`, subject: "2244994945", email: no,
		bad: `{"data":{"id":"2","confirmed_email":"ada@example.com"},"email":"ada@example.com","email_verified":true}`},
}

func identify(t testing.TB, row catalogue.Provider, profile, emails string) social.Identity {
	t.Helper()
	decoded, err := social.ParseProfile([]byte(profile))
	if err != nil {
		t.Fatalf("%s: %v", row.Name, err)
	}
	var list []strictjson.Value
	if emails != "" {
		answer, err := social.ParseAnswer([]byte(emails))
		if err == nil {
			list, err = answer.List()
		}
		if err != nil {
			t.Fatalf("%s: %v", row.Name, err)
		}
	}
	id, err := social.Identify(row, decoded, list)
	if err != nil {
		t.Fatalf("%s: %v", row.Name, err)
	}
	return id
}

// TestE2 The mark of a verified address is read as each provider writes it, and
// nothing else counts as one.
func TestE2(t *testing.T) {
	for _, row := range catalogue.Rows {
		c, ok := profiles[row.Name]
		if !ok {
			t.Errorf("%s has no recorded profile", row.Name)
			continue
		}
		good := identify(t, row, c.good, c.goodEmails)
		if good.Subject != c.subject {
			t.Errorf("%s: account %q, want %q", row.Name, good.Subject, c.subject)
		}
		if want := slices.DeleteFunc([]string{c.email}, func(s string) bool { return s == no }); !slices.Equal(good.Emails, want) {
			t.Errorf("%s: addresses %q, want %q", row.Name, good.Emails, want)
		}
		if bad := identify(t, row, c.bad, c.badEmails); len(bad.Emails) != 0 || bad.Subject == good.Subject {
			t.Errorf("%s vouched for an address that is not the person's: %+v", row.Name, bad)
		}
	}
	custom, _ := catalogue.For(environment.Provider{Provider: "acme", Issuer: "https://i.example"})
	for _, mark := range []string{`false`, `"false"`, `"TRUE"`, `1`, `"1"`, `null`, `[]`, `{}`, `["true"]`} {
		if id := identify(t, custom, `{"sub":"1","email":"ada@example.com","email_verified":`+mark+`}`, ""); len(id.Emails) != 0 {
			t.Errorf("email_verified %s vouches", mark)
		}
	}
}

// Nobody is named by what is no name: nothing, a guess or something that two
// readers would read differently.
func TestNoAccount(t *testing.T) {
	github, _ := catalogue.Named("github")
	twitter, _ := catalogue.Named("twitter")
	for _, id := range []string{`null`, `""`, `0`, `-1`, `1.5`, `1e3`, `true`, `{}`, `[1]`, `" 1"`, `"1\n"`, `"1\u202e"`,
		`"` + strings.Repeat("1", 256) + `"`} {
		decoded, err := social.ParseProfile([]byte(`{"id":` + id + `,"login":"ada"}`))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := social.Identify(github, decoded, nil); err == nil {
			t.Errorf("id %s names %q", id, got.Subject)
		}
	}
	for _, profile := range []string{`{}`, `{"data":null}`, `{"data":[]}`, `{"data":"1"}`, `{"id":"1"}`} {
		decoded, err := social.ParseProfile([]byte(profile))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := social.Identify(twitter, decoded, nil); err == nil {
			t.Errorf("%s names %q", profile, got.Subject)
		}
	}
}

// One issuer's account is never another's, however the two are written.
func TestKeysAreApart(t *testing.T) {
	seen := map[string]social.Identity{}
	for _, id := range []social.Identity{
		{Namespace: "https://a.example", Subject: "1"}, {Namespace: "https://a.example/", Subject: "1"},
		{Namespace: "https://a.example", Subject: `1","2`},
		{Namespace: `https://a.example","1`, Subject: "2"}, {Namespace: "github", Subject: "1"}, {Namespace: "gitlab", Subject: "1"},
		{Namespace: "github", Subject: "01"}, {Namespace: "a", Subject: "bc"}, {Namespace: "ab", Subject: "c"},
	} {
		if other, taken := seen[id.Key()]; taken {
			t.Errorf("%+v and %+v are one", id, other)
		}
		seen[id.Key()] = id
	}
}

// FuzzProfile: whatever a provider answers, an account has a name that can be
// stored and shown, and an address is there only with its mark.
func FuzzProfile(f *testing.F) {
	rows := catalogue.Rows
	for i, row := range rows {
		f.Add(i, profiles[row.Name].good)
		f.Add(i, profiles[row.Name].bad)
	}
	f.Fuzz(func(t *testing.T, i int, text string) {
		decoded, err := social.ParseProfile([]byte(text))
		if i < 0 || err != nil {
			return
		}
		row := rows[i%len(rows)]
		id, err := social.Identify(row, decoded, nil)
		if err != nil {
			return
		}
		for _, s := range append([]string{id.Subject, id.Username, id.Display, id.Photo}, id.Emails...) {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\n\r") || len(s) > 4*255 {
				t.Errorf("%s: %q", row.Name, s)
			}
		}
		if id.Subject == "" || len(id.Emails) > 0 && row.Vouches != catalogue.ByClaim {
			t.Errorf("%s: %+v", row.Name, id)
		}
	})
}
