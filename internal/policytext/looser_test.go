package policytext_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policytext"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// Whatever a change of one key lets people get away with, the document's own
// comparison says that it weakens: else a token without environments.weaken could
// make it. The change is one key of a generated document, taken from another one,
// so that nothing else can answer for it.
func TestL14WhatIsLooserWeakens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, other := drawWhole(t), drawWhole(t)
		for range 10 {
			next := *other
			path := oneKey(t, reflect.ValueOf(old).Elem(), reflect.ValueOf(&next).Elem())
			judged, err := environment.Parse(next.YAML())
			if err != nil {
				continue // the key does not stand alone
			}
			compared := environment.Compare(old, judged)
			if slices.ContainsFunc(compared, func(c environment.Change) bool { return c.Weakens != "" }) {
				continue
			}
			changes, err := policytext.Diff(old, judged, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, change := range changes {
				if change.Looser {
					t.Fatalf("%s: %s %s for users with %s, but nothing weakens:\n%v\nbefore:\n%s\nafter:\n%s",
						path, change.Scope, change.Text, strings.Join(change.Who, ", "), compared, old.YAML(), judged.YAML())
				}
			}
		}
	})
}

// oneKey makes next the same as old but for one key, an entry of a list or a
// value, and returns its path.
func oneKey(t *rapid.T, old, next reflect.Value) string {
	type place struct {
		path string
		keep func()
	}
	var differ []place
	var walk func(old, next reflect.Value, path string)
	walk = func(old, next reflect.Value, path string) {
		switch {
		case reflect.DeepEqual(old.Interface(), next.Interface()):
		case old.Kind() == reflect.Struct:
			for i := range old.NumField() {
				walk(old.Field(i), next.Field(i), path+"."+old.Type().Field(i).Name)
			}
		case old.Kind() == reflect.Slice && old.Type().Elem().Kind() == reflect.Struct:
			if entries(t, old, next) { // gained or lost some: that is one place
				differ = append(differ, place{path, func() { next.Set(old) }})
				return
			}
			for i := range old.Len() {
				walk(old.Index(i), next.Index(i), path+"[]")
			}
		default:
			differ = append(differ, place{path, func() { next.Set(old) }})
		}
	}
	walk(old, next, "")
	if len(differ) == 0 {
		return "nothing"
	}
	chosen := rapid.IntRange(0, len(differ)-1).Draw(t, "key")
	for i, place := range differ {
		if i != chosen {
			place.keep()
		}
	}
	return differ[chosen].path
}

// entries gives next the entries of old. It either has some fewer or one more
// then, and the others are as they were, or the same ones as next had them.
func entries(t *rapid.T, old, next reflect.Value) (changed bool) {
	find := func(list, entry reflect.Value) int {
		for i := range list.Len() {
			if list.Index(i).Field(0).Interface() == entry.Field(0).Interface() {
				return i
			}
		}
		return -1
	}
	same, more := reflect.MakeSlice(old.Type(), 0, old.Len()), reflect.MakeSlice(old.Type(), 0, 0)
	for i := range old.Len() {
		entry := old.Index(i)
		if at := find(next, entry); at >= 0 {
			entry = next.Index(at)
		}
		same = reflect.Append(same, entry)
	}
	for i := range next.Len() {
		if find(old, next.Index(i)) < 0 {
			more = reflect.Append(more, next.Index(i))
		}
	}
	change := rapid.IntRange(-old.Len(), more.Len()).Draw(t, "entries")
	switch {
	case change < 0:
		next.Set(old.Slice(0, old.Len()+change))
	case change > 0:
		next.Set(reflect.AppendSlice(reflect.AppendSlice(reflect.MakeSlice(old.Type(), 0, old.Len()+1), old), more.Slice(change-1, change)))
	default:
		next.Set(same)
	}
	return change != 0
}

// drawWhole is a generated document with all that lets somebody in beside it.
func drawWhole(t *rapid.T) *environment.Environment {
	text := tenanttest.Documents().Draw(t, "document")
	env, err := environment.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	yes := rapid.Bool()
	env.MinAPIVersion = environment.Newest // the version changes by accepting alone
	if yes.Draw(t, "sms") {
		env.SMS.Enabled, env.SMS.Countries = true, rapid.SampledFrom([][]string{{"DE"}, {"US"}, {"DE", "US"}}).Draw(t, "countries")
	}
	env.Wallets.Chains = rapid.SampledFrom([][]string{{}, {"EVM"}, {"SOL"}, {"EVM", "SOL"}}).Draw(t, "chains")
	for _, name := range rapid.SampledFrom([][]string{{}, {"google"}, {"github"}, {"google", "github"}}).Draw(t, "providers") {
		env.Providers = append(env.Providers,
			environment.Provider{Provider: name, ClientID: "app", Direct: yes.Draw(t, "direct"), Scopes: []string{}})
	}
	if yes.Draw(t, "external") {
		env.ExternalAuth = environment.ExternalAuth{
			Enabled: yes.Draw(t, "external on"), Issuer: "https://login.example", Audience: "app", JWKSURL: "https://login.example/jwks",
			AssertionReplacesMFA: yes.Draw(t, "replaces"),
		}
	}
	for i := range env.Scopes {
		if environment.Bindable(env.Scopes[i].Scope) {
			env.Scopes[i].Binding = rapid.SampledFrom([]environment.Binding{
				{}, {Require: environment.BindAlways}, {Require: environment.BindAlways, Displayed: true},
				{Require: environment.BindAbove, Displayed: true, Above: []environment.Above{{Of: "amount", Limit: "1"}}},
			}).Draw(t, "binding")
		}
	}
	whole, err := environment.Parse(env.YAML())
	if err != nil {
		t.Fatalf("%v in\n%s", err, env.YAML())
	}
	return whole
}
